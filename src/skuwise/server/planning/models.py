"""Planning runs and what people look at of them: one row an item, sums by dimension, alarms and changes of rules."""

from __future__ import annotations

from django.db import models


class RunState(models.TextChoices):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class PlanRun(models.Model):
    """One plan of the whole shop. Its snapshot lies in ``folder``, the journal of the watch in ``journal``.

    At most one run is in force: the newest that was finished. Nothing of a run that is not finished is ever shown.
    """

    state = models.CharField(max_length=16, choices=RunState.choices, default=RunState.WAITING)
    in_force = models.BooleanField(default=False)
    job_id = models.BigIntegerField(null=True)
    requested_by = models.CharField(max_length=200)
    requested_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)
    as_of_asked = models.DateField(null=True)
    as_of = models.DateField(null=True)
    plan_id = models.CharField(max_length=64, blank=True, default="")
    rulebook_hash = models.CharField(max_length=64, blank=True, default="")
    currency = models.CharField(max_length=3, blank=True, default="")
    item_count = models.BigIntegerField(default=0)
    order_count = models.BigIntegerField(default=0)
    order_cost_minor = models.BigIntegerField(default=0)
    folder = models.CharField(max_length=200, blank=True, default="")
    journal = models.CharField(max_length=200, blank=True, default="")
    notes = models.JSONField(default=list)
    has_items = models.BooleanField(default=False)  # whether its rows are still kept

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["in_force"], condition=models.Q(in_force=True), name="planning_one_in_force"
            ),
        ]


class PlanItem(models.Model):
    """A SKU at a location in a plan: what lists show, sort and filter. Names are those of the data dictionary."""

    run_id = models.BigIntegerField()
    sku_id = models.CharField(max_length=200)
    location_id = models.CharField(max_length=200)
    product_id = models.CharField(max_length=200, blank=True, default="")
    name = models.CharField(max_length=400, blank=True, default="")
    brand = models.CharField(max_length=200, blank=True, default="")
    category = models.CharField(max_length=200, blank=True, default="")
    supplier_id = models.CharField(max_length=200, blank=True, default="")
    search = models.TextField(blank=True, default="")
    stage = models.CharField(max_length=16)
    season_state = models.CharField(max_length=16, blank=True, default="")
    pattern = models.CharField(max_length=16, blank=True, default="")
    abc_class = models.CharField(max_length=4, blank=True, default="")
    xyz_class = models.CharField(max_length=4, blank=True, default="")
    order_quantity_units = models.BigIntegerField()
    order_cost_total_minor = models.BigIntegerField()
    days_until_order = models.BigIntegerField()
    expected_on = models.DateField(null=True)
    reasons = models.TextField(blank=True, default="")
    on_hand_units = models.BigIntegerField()
    available_units = models.BigIntegerField()
    on_order_units = models.BigIntegerField()
    inventory_position_units = models.BigIntegerField()
    reorder_point_units = models.BigIntegerField()
    order_up_to_level_units = models.BigIntegerField()
    daily_mean_units = models.FloatField()
    lead_time_days_mean = models.FloatField()
    service_target = models.FloatField()
    weeks_of_supply_forward = models.FloatField(null=True)
    stockout_risk_share = models.FloatField()
    expected_short_units = models.FloatField()
    margin_at_risk_minor = models.BigIntegerField()  # of the units short before the next receipt
    unit_price_minor = models.BigIntegerField(null=True)
    unit_cost_minor = models.BigIntegerField(null=True)
    stock_value_minor = models.BigIntegerField()
    excess_units_90d = models.BigIntegerField()
    excess_value_minor = models.BigIntegerField()
    dead_stock_value_minor = models.BigIntegerField()
    annual_value_minor = models.BigIntegerField()
    inventory_turnover_cost_per_year = models.FloatField(null=True)
    gmroi_per_year = models.FloatField(null=True)
    sell_through_receipt_share = models.FloatField(null=True)
    unit_fill_rate_demand_based = models.FloatField(null=True)
    lost_margin_minor_52w = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run_id", "sku_id", "location_id"], name="planning_item_once")]
        indexes = [
            models.Index(fields=["run_id", "-margin_at_risk_minor", "id"], name="planning_item_risk"),
            models.Index(fields=["run_id", "-order_cost_total_minor", "id"], name="planning_item_order"),
            models.Index(fields=["run_id", "-excess_value_minor", "id"], name="planning_item_excess"),
            models.Index(fields=["run_id", "-stock_value_minor", "id"], name="planning_item_stock"),
            models.Index(fields=["run_id", "-annual_value_minor", "id"], name="planning_item_value"),
            models.Index(fields=["run_id", "brand", "-margin_at_risk_minor", "id"], name="planning_item_brand"),
            models.Index(
                fields=["run_id", "supplier_id", "-order_cost_total_minor", "id"], name="planning_item_supplier"
            ),
            models.Index(fields=["run_id", "category", "-margin_at_risk_minor", "id"], name="planning_item_category"),
            models.Index(fields=["run_id", "stage", "-margin_at_risk_minor", "id"], name="planning_item_stage"),
        ]


class PlanSummary(models.Model):
    """Sums over the items of a plan that share a brand and a value of a dimension; what one may see is a sum of rows.

    Rates are quotients of sums (turnover of the cost of goods sold and the cost years of stock), never means of rates.
    """

    run_id = models.BigIntegerField()
    dimension = models.CharField(max_length=16)
    value = models.CharField(max_length=200, blank=True, default="")
    brand = models.CharField(max_length=200, blank=True, default="")
    items = models.BigIntegerField()
    items_to_order = models.BigIntegerField()
    order_cost_total_minor = models.BigIntegerField()
    items_at_risk = models.BigIntegerField()
    margin_at_risk_minor = models.BigIntegerField()
    on_hand_units = models.BigIntegerField()
    daily_mean_units = models.FloatField()
    stock_value_minor = models.BigIntegerField()
    excess_value_minor = models.BigIntegerField()
    dead_stock_value_minor = models.BigIntegerField()
    annual_value_minor = models.BigIntegerField()
    cogs_minor_52w = models.BigIntegerField()
    net_revenue_minor_52w = models.BigIntegerField()
    inventory_cost_years_52w = models.FloatField()
    shipped_units_52w = models.BigIntegerField()
    lost_units_52w = models.FloatField()
    lost_margin_minor_52w = models.BigIntegerField()
    receipt_cohort_units = models.BigIntegerField()
    receipt_cohort_sold_units = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run_id", "dimension", "value", "brand"], name="planning_summary_once")
        ]


class Alarm(models.Model):
    """An alarm of the watch as the journal of the run in force tells it."""

    run_id = models.BigIntegerField()
    alarm_id = models.CharField(max_length=32)
    state = models.CharField(max_length=16)
    kind = models.CharField(max_length=40)
    what = models.CharField(max_length=200)
    told = models.TextField()
    sku_id = models.CharField(max_length=200, blank=True, default="")
    location_id = models.CharField(max_length=200, blank=True, default="")
    brand = models.CharField(max_length=200, blank=True, default="")
    subject = models.CharField(max_length=400, blank=True, default="")
    at_stake_minor = models.BigIntegerField(null=True)
    since = models.DateField(null=True)
    first_seen = models.DateField(null=True)
    last_seen = models.DateField(null=True)
    snoozed_until = models.DateField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run_id", "alarm_id"], name="planning_alarm_once")]
        indexes = [models.Index(fields=["run_id", "state", "-at_stake_minor"], name="planning_alarm_money")]


class RuleChange(models.Model):
    """A change of a rule that the watch made or asks for, as the journal of the run in force tells it."""

    run_id = models.BigIntegerField()
    change_id = models.CharField(max_length=32)
    state = models.CharField(max_length=16)
    state_on = models.DateField()
    kind = models.CharField(max_length=40)
    alarm_id = models.CharField(max_length=32, blank=True, default="")
    sku_id = models.CharField(max_length=200)
    location_id = models.CharField(max_length=200)
    brand = models.CharField(max_length=200, blank=True, default="")
    field = models.CharField(max_length=64)
    sentence = models.TextField()
    reason = models.TextField()
    by = models.CharField(max_length=200)
    why = models.TextField(blank=True, default="")
    proposed_on = models.DateField()
    valid_until = models.DateField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run_id", "change_id"], name="planning_change_once")]
        indexes = [models.Index(fields=["run_id", "state", "-state_on"], name="planning_change_state")]
