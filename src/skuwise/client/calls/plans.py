"""Plans of the Skuwise API. Written by ``skuwise.server.api.client_source``: change that, not this."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NotRequired, TypedDict, Unpack

from skuwise.client.connection import Connection, ListQuery, part


class PlanRunsRow(TypedDict):
    id: int
    state: str
    in_force: bool
    plan_id: str
    as_of: str | None
    item_count: int
    order_count: int
    order_cost_minor: int
    requested_by: str
    requested_at: str
    finished_at: str | None
    job_id: int | None


class PlanRunsPage(TypedDict):
    rows: list[PlanRunsRow]
    next_cursor: str
    count: NotRequired[int | None]


class AskedPlan(TypedDict):
    as_of: NotRequired[str | None]


class Run(TypedDict):
    """A planning run; its job tells how far it is."""

    id: int
    state: str
    in_force: bool
    plan_id: str
    as_of: str | None
    job_id: int | None
    item_count: int
    order_count: int
    order_cost_minor: int
    currency: str
    notes: list[str]


class ItemsRow(TypedDict):
    sku_id: str
    location_id: str
    name: str
    brand: str
    category: str
    supplier_id: str
    stage: str
    season_state: str
    pattern: str
    abc_class: str
    xyz_class: str
    order_quantity_units: int
    order_cost_total_minor: int
    days_until_order: int
    expected_on: str | None
    reasons: str
    on_hand_units: int
    available_units: int
    on_order_units: int
    reorder_point_units: int
    order_up_to_level_units: int
    daily_mean_units: float
    lead_time_days_mean: float
    service_target: float
    weeks_of_supply_forward: float | None
    stockout_risk_share: float
    margin_at_risk_minor: int
    stock_value_minor: int
    excess_units_90d: int
    excess_value_minor: int
    dead_stock_value_minor: int
    annual_value_minor: int
    inventory_turnover_cost_per_year: float | None
    sell_through_receipt_share: float | None
    unit_fill_rate_demand_based: float | None
    lost_margin_minor_52w: int


class ItemsPage(TypedDict):
    rows: list[ItemsRow]
    next_cursor: str
    count: NotRequired[int | None]


class AlarmsRow(TypedDict):
    alarm_id: str
    state: str
    kind: str
    what: str
    told: str
    sku_id: str
    location_id: str
    brand: str
    subject: str
    at_stake_minor: int | None
    since: str | None
    last_seen: str | None
    snoozed_until: str | None


class AlarmsPage(TypedDict):
    rows: list[AlarmsRow]
    next_cursor: str
    count: NotRequired[int | None]


class ChangesRow(TypedDict):
    change_id: str
    state: str
    state_on: str
    kind: str
    sku_id: str
    location_id: str
    brand: str
    field: str
    sentence: str
    reason: str
    by: str
    proposed_on: str
    valid_until: str | None


class ChangesPage(TypedDict):
    rows: list[ChangesRow]
    next_cursor: str
    count: NotRequired[int | None]


class Told(TypedDict):
    text: str


class Summary(TypedDict):
    """Sums and rates of one value of a dimension; money in minor units, rates None where nothing can be divided by."""

    value: str
    items: int
    items_to_order: int
    order_cost_total_minor: int
    items_at_risk: int
    margin_at_risk_minor: int
    on_hand_units: int
    daily_mean_units: float
    stock_value_minor: int
    excess_value_minor: int
    dead_stock_value_minor: int
    annual_value_minor: int
    lost_margin_minor_52w: int
    inventory_turnover_cost_per_year: float | None
    sell_through_receipt_share: float | None
    weeks_of_supply: float | None
    unit_fill_rate_demand_based: float | None
    gmroi_per_year: float | None


class Seen(TypedDict):
    ids: list[str]
    why: NotRequired[str]


class Answered(TypedDict):
    answered: int


class Snoozed(TypedDict):
    ids: list[str]
    why: NotRequired[str]
    until: str


class Decided(TypedDict):
    ids: list[str]
    why: NotRequired[str]
    decision: str


class AskedReplay(TypedDict):
    policies: NotRequired[list[str]]
    start: NotRequired[str | None]
    end: NotRequired[str | None]
    choose_by: NotRequired[str]


class JobRecord(TypedDict):
    """A background job: how far it is, and how it ended."""

    id: int
    kind: str
    state: str
    phase: str
    progress_done: int
    progress_total: int
    attempts: int
    created_at: str
    ended_at: str | None
    result: Any
    error: str


class PlansCalls:
    def __init__(self, connection: Connection) -> None:
        self._ask = connection.ask

    def list_plan_runs(self, **query: Unpack[ListQuery]) -> PlanRunsPage:
        """Planning runs, the newest first."""
        answer: PlanRunsPage = self._ask("GET", "/plan-runs", query=query)
        return answer

    def start_plan_run(self, body: AskedPlan) -> Run:
        """Plan the whole shop in the background."""
        answer: Run = self._ask("POST", "/plan-runs", body=body)
        return answer

    def list_items(self, **query: Unpack[ListQuery]) -> ItemsPage:
        """Items of the plan in force."""
        answer: ItemsPage = self._ask("GET", "/items", query=query)
        return answer

    def list_alarms(self, **query: Unpack[ListQuery]) -> AlarmsPage:
        """What the watch has found."""
        answer: AlarmsPage = self._ask("GET", "/alarms", query=query)
        return answer

    def list_changes(self, **query: Unpack[ListQuery]) -> ChangesPage:
        """What the watch changed or asks for."""
        answer: ChangesPage = self._ask("GET", "/changes", query=query)
        return answer

    def get_plan_in_force(self) -> Run:
        """The run whose plan holds now."""
        answer: Run = self._ask("GET", "/plan-runs/in-force")
        return answer

    def get_plan_run(self, run_id: int) -> Run:
        """One finished run whose snapshot is kept."""
        answer: Run = self._ask("GET", f"/plan-runs/{part(run_id)}")
        return answer

    def compare_plan_runs(self, before: int, after: int) -> Told:
        """What changed between two plans, and why, in words."""
        answer: Told = self._ask("GET", f"/plan-runs/{part(before)}/diff/{part(after)}")
        return answer

    def explain_item(
        self,
        sku_id: str,
        location_id: str,
        *,
        field: str = "order_quantity_units",
        full: bool = False,
    ) -> Told:
        """Why a number of an item is what it is, down to the rows that it comes from."""
        answer: Told = self._ask(
            "GET", f"/items/{part(sku_id)}/{part(location_id)}/explanation",
            query={"field": field, "full": full},
        )
        return answer

    def list_summaries(self, dimension: str) -> list[Summary]:
        """Sums and rates by total, brand, category, supplier, location, stage or abc_xyz."""
        answer: list[Summary] = self._ask("GET", f"/summaries/{part(dimension)}")
        return answer

    def acknowledge_alarms(self, body: Seen) -> Answered:
        """Say that alarms have been seen."""
        answer: Answered = self._ask("POST", "/alarms/acknowledge", body=body)
        return answer

    def snooze_alarms(self, body: Snoozed) -> Answered:
        """Tell nothing of alarms before a day."""
        answer: Answered = self._ask("POST", "/alarms/snooze", body=body)
        return answer

    def decide_changes(self, body: Decided) -> Answered:
        """Approve or refuse changes that wait, or undo those that were applied."""
        answer: Answered = self._ask("POST", "/changes/decide", body=body)
        return answer

    def start_replay(self, body: AskedReplay) -> JobRecord:
        """Re-live the shop's history under several policies, in the background."""
        answer: JobRecord = self._ask("POST", "/replays", body=body)
        return answer

    def get_replay_report(self, job_id: int) -> Any:
        """The report of a replay, a page that needs nothing else."""
        answer: Any = self._ask("GET", f"/replays/{part(job_id)}/report")
        return answer
