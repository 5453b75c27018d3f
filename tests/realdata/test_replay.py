"""Real shops lived again: every unit recounted, and what cannot be judged is said."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import skuwise
from skuwise.learning.model import booster_library
from skuwise.replaying.result import Replay
from tests.realdata import adapters

pytestmark = pytest.mark.shared
SharedData = Callable[[str], Path]


def lived(tables: adapters.Tables, name: str) -> Replay:
    dataset = skuwise.load_dataset(tables, as_of=adapters.AS_OF[name])
    replay = skuwise.replay(dataset)
    periods = replay.grid.period_count
    assert replay.audited_periods >= len(replay.policies) * len(replay.judged) * periods
    np.testing.assert_array_equal(replay.total.demanded_units, replay.total.filled_units + replay.total.lost_units)
    return replay


def test_599_store_products_are_lived_again_for_a_year(shared_data: SharedData) -> None:
    replay = lived(adapters.vn2(shared_data("vn2")), "vn2")
    assert replay.grid.period_count == 52 and len(replay.judged) == 599
    assert replay.segment("stage").measures.items.sum() == 599
    assert 0 < replay.demand_estimated_share < 0.05
    assert replay.as_it_was is None and "stock was not counted" in replay.as_it_was_absent


def test_a_gift_shop_of_four_thousand_products_is_lived_again(shared_data: SharedData) -> None:
    tables = adapters.online_retail_two_years(shared_data("online_retail/order_lines_2009-12-01_2011-09-04.parquet"))
    replay = lived(tables, "online_retail_two_years")
    assert len(replay.judged) > 3000
    assert any("nothing is known of stockouts" in sentence for sentence in replay.cannot_judge)
    assert any("launched inside the window" in sentence for sentence in replay.cannot_judge)


@pytest.mark.skipif(booster_library() is None, reason="LightGBM cannot be loaded (libgomp?)")
def test_what_is_learned_from_a_shop_knows_nothing_of_what_is_sold_later(shared_data: SharedData) -> None:
    """From the sixth judged week on everything is sold threefold: no order up to that week may know it."""
    given, turn, weeks = adapters.vn2(shared_data("vn2")), 5, 8
    as_of, learns = adapters.AS_OF["vn2"], skuwise.PolicySpec("learns", "skuwise", {"learn": 1})
    start = as_of - timedelta(weeks=weeks)
    few = given["skus"].select("sku_id").unique().sort("sku_id").head(200)
    # Without the days out of stock: what was missed on them is estimated from both sides, the later one too.
    tables = {
        name: rows.join(few, on="sku_id", how="semi") if "sku_id" in rows.columns else rows
        for name, rows in given.items()
        if name != "availability"
    }
    later = pl.col("date").cast(pl.String) >= str(start + timedelta(weeks=turn))
    units = pl.when(later).then(3 * pl.col("units")).otherwise(pl.col("units")).alias("units")
    once, other = (
        skuwise.replay(skuwise.load_dataset(shop, as_of=as_of), ["skuwise", learns], start=start, keep_periods=True)
        for shop in (tables, tables | {"sales": tables["sales"].with_columns(units)})
    )
    assert once.counts is not None and other.counts is not None
    ordered, altered = once.counts.ordered_units, other.counts.ordered_units
    np.testing.assert_array_equal(altered[..., : turn + 1], ordered[..., : turn + 1])
    assert (altered[..., turn + 1 :] != ordered[..., turn + 1 :]).any(axis=(1, 2)).all()
    assert any("1 of 1 times there was enough to learn from" in sentence for sentence in once.assumptions)
    assert (ordered[0] != ordered[1]).any(axis=0).all()  # learned from the first week on
