"""What is sold, where, and who delivers it. Text identifiers of the shop are the keys: they are what files speak of.

Tables of the data contract keep its column names. A key column that may be left open is blank, not null, so that one
line stands once. ``batch_id`` is the import that wrote the row last, null where a person did.
"""

from __future__ import annotations

from datetime import date

from django.db import models

#: A day that stands for "from the beginning": a column of a key is never null.
NO_DAY = date(1, 1, 1)


class Product(models.Model):
    """The parent of variants."""

    product_id = models.CharField(primary_key=True, max_length=200)
    name = models.CharField(max_length=400, blank=True, default="")
    brand = models.CharField(max_length=200, blank=True, default="")
    category = models.CharField(max_length=200, blank=True, default="")


class Supplier(models.Model):
    """Who delivers, and on which terms towards all of an order (those of a SKU are ``SupplyTerms``)."""

    supplier_id = models.CharField(primary_key=True, max_length=200)
    name = models.CharField(max_length=400, blank=True, default="")
    email = models.EmailField(blank=True, default="")
    currency = models.CharField(max_length=3, blank=True, default="")
    order_value_minor_min = models.BigIntegerField(default=0)
    container_volume_litres = models.FloatField(null=True)
    container_weight_kg = models.FloatField(null=True)
    payment_days = models.IntegerField(null=True)
    note = models.TextField(blank=True, default="")


class Sku(models.Model):
    """The sellable variant (contract table ``skus``)."""

    sku_id = models.CharField(primary_key=True, max_length=200)
    product_id = models.CharField(max_length=200, blank=True, default="", db_index=True)
    name = models.CharField(max_length=400, null=True)
    category = models.CharField(max_length=200, null=True)
    brand = models.CharField(max_length=200, null=True, db_index=True)
    attributes = models.TextField(null=True)
    supplier_id = models.CharField(max_length=200, null=True)
    criticality = models.CharField(max_length=16, default="standard")
    unit_price_minor = models.BigIntegerField(null=True)
    unit_cost_minor = models.BigIntegerField(null=True)
    launch_date = models.DateField(null=True)
    end_of_life_date = models.DateField(null=True)
    successor_sku_id = models.CharField(max_length=200, null=True)
    successor_share = models.FloatField(null=True)
    volume_litres = models.FloatField(null=True)
    weight_kg = models.FloatField(null=True)
    barcode = models.CharField(max_length=64, null=True)
    batch_id = models.BigIntegerField(null=True, db_index=True)


class BundleComponent(models.Model):
    """So many units of a component in a bundle, from a day until before another (contract table ``bundles``)."""

    bundle_sku_id = models.CharField(max_length=200)
    component_sku_id = models.CharField(max_length=200, db_index=True)
    component_units = models.BigIntegerField()
    valid_from = models.DateField(default=NO_DAY)
    valid_until = models.DateField(null=True)
    batch_id = models.BigIntegerField(null=True, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["bundle_sku_id", "component_sku_id", "valid_from"], name="catalog_component_once"
            ),
            models.CheckConstraint(condition=models.Q(component_units__gte=1), name="catalog_component_units"),
        ]


class Channel(models.Model):
    """Where it is sold (contract table ``channels``)."""

    channel_id = models.CharField(primary_key=True, max_length=200)
    name = models.CharField(max_length=400, null=True)
    kind = models.CharField(max_length=16, default="other")
    batch_id = models.BigIntegerField(null=True, db_index=True)


class Location(models.Model):
    """Where stock lies (contract table ``locations``)."""

    location_id = models.CharField(primary_key=True, max_length=200)
    name = models.CharField(max_length=400, null=True)
    kind = models.CharField(max_length=16, default="warehouse")
    batch_id = models.BigIntegerField(null=True, db_index=True)


class Listing(models.Model):
    """A SKU as a channel knows it: its identifiers there, and how many units of the SKU one sale takes."""

    sku_id = models.CharField(max_length=200, db_index=True)
    channel_id = models.CharField(max_length=200)
    channel_sku = models.CharField(max_length=200)
    external_id = models.CharField(max_length=200, blank=True, default="")  # ASIN, item id, variant id
    gtin = models.CharField(max_length=14, blank=True, default="")
    pack_units = models.PositiveIntegerField(default=1)
    valid_from = models.DateField(default=NO_DAY)
    valid_until = models.DateField(null=True)
    active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["channel_id", "channel_sku", "valid_from"], name="catalog_listing_once"),
        ]


class SupplyTerms(models.Model):
    """What a supplier asks and promises for a SKU (contract table ``supply``); a blank location means every one."""

    sku_id = models.CharField(max_length=200)
    location_id = models.CharField(max_length=200, blank=True, default="")
    supplier_id = models.CharField(max_length=200, blank=True, default="")
    lead_time_days_mean = models.FloatField(null=True)
    lead_time_days_sd = models.FloatField(null=True)
    moq_units = models.BigIntegerField(default=0)
    order_multiple_units = models.BigIntegerField(default=1)
    unit_cost_minor = models.BigIntegerField(null=True)
    order_cost_minor = models.BigIntegerField(default=0)
    undelivered_share = models.FloatField(null=True)
    batch_id = models.BigIntegerField(null=True, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sku_id", "location_id", "supplier_id"], name="catalog_terms_once"),
        ]


class Price(models.Model):
    """A price from a day on (contract table ``prices``); a blank channel means every one."""

    sku_id = models.CharField(max_length=200)
    channel_id = models.CharField(max_length=200, blank=True, default="")
    valid_from = models.DateField()
    valid_until = models.DateField(null=True)
    kind = models.CharField(max_length=16, default="regular")
    unit_price_minor = models.BigIntegerField()
    batch_id = models.BigIntegerField(null=True, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sku_id", "channel_id", "valid_from", "kind"], name="catalog_price_once"),
        ]


class ShopSettings(models.Model):
    """One row: what files cannot say by themselves, and the shop's own bounds."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    name = models.CharField(max_length=200, blank=True, default="")
    currency = models.CharField(max_length=3, default="USD")
    time_zone = models.CharField(max_length=64, default="UTC")
    date_order = models.CharField(max_length=16, blank=True, default="")
    feed_change_share_max = models.FloatField(default=0.5)
    order_value_minor_second_approval = models.BigIntegerField(null=True)
    draft_days_max = models.PositiveIntegerField(default=14)  # so long a draft counts as on order
    next_order_number = models.PositiveBigIntegerField(default=1)
