"""The journal of the watch as rows, so that alarms and changes can be listed, filtered and kept to one's brands."""

from __future__ import annotations

from pathlib import Path

import polars as pl
from django.db.models import Q

from skuwise.core.quantities import currency_decimals
from skuwise.server import bulk
from skuwise.server.planning.models import Alarm, PlanItem, RuleChange
from skuwise.watching.journal import read_journal
from skuwise.watching.journal_tables import alarms_for_people, changes_frame

_LIVES = ("open", "acknowledged", "snoozed", "answered", "resolved")


def mirror_journal(run_id: int, folder: Path | None, currency: str) -> None:
    """Replace the rows of a run by what the journal holds. Call it in the transaction of what changed the journal."""
    Alarm.objects.filter(run_id=run_id).delete()
    RuleChange.objects.filter(run_id=run_id).delete()
    if folder is None:
        return
    state = read_journal(folder).state
    alarms = alarms_for_people(state.every_alarm, currency)
    changes = changes_frame(state.changes)
    brands = _brands(run_id, {*alarms["sku_id"].drop_nulls().to_list(), *changes["sku_id"].to_list()})
    bulk.insert(Alarm, _alarm_rows(alarms, currency, run_id).join(brands, on="sku_id", how="left").pipe(_filled))
    sentences = {change.change_id: change.sentence for change in state.changes}
    told = pl.Series("sentence", [sentences[one] for one in changes["change_id"]], dtype=pl.String)
    rows = changes.with_columns(told, run_id=pl.lit(run_id)).select(
        "run_id", "change_id", "state", "state_on", "kind", "alarm_id", "sku_id", "location_id", "field", "sentence",
        "reason", "by", "why", "proposed_on", "valid_until",
    )  # fmt: skip
    bulk.insert(RuleChange, rows.join(brands, on="sku_id", how="left").pipe(_filled))


def _alarm_rows(alarms: pl.DataFrame, currency: str, run_id: int) -> pl.DataFrame:
    minor = (pl.col("at_stake") * 10 ** currency_decimals(currency)).round(0).cast(pl.Int64)
    return alarms.with_columns(minor.alias("at_stake_minor"), run_id=pl.lit(run_id)).select(
        "run_id", "alarm_id", pl.col("state").cast(pl.String), "kind", "what", "told",
        pl.col("sku_id").fill_null(""), pl.col("location_id").fill_null(""), "subject", "at_stake_minor",
        "since", "first_seen", "last_seen", "snoozed_until",
    )  # fmt: skip


def _filled(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(pl.col(pl.String).fill_null(""))


def _brands(run_id: int, skus: set[str]) -> pl.DataFrame:
    names = sorted(skus)
    found: dict[str, str] = {}
    for start in range(0, len(names), 400):
        rows = PlanItem.objects.filter(Q(run_id=run_id), sku_id__in=names[start : start + 400])
        found |= dict(rows.values_list("sku_id", "brand"))
    return pl.DataFrame(
        {"sku_id": list(found), "brand": list(found.values())}, schema={"sku_id": pl.String, "brand": pl.String}
    )
