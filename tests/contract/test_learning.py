"""The model over all items: what it may see, what it changes, and what a plan says of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest

from skuwise import load_dataset, plan
from skuwise.core.plan import plan as plan_of
from skuwise.core.rules import parse_rulebook
from skuwise.learning import model as learning
from skuwise.learning import train
from skuwise.learning.features import NAMES, ahead_of, past_of, seen_at
from skuwise.planning.assemble import plan_inputs

#: Without libgomp the library is there and cannot be loaded: the import ends in an OSError, not in an ImportError.
pytestmark = pytest.mark.skipif(learning.booster_library() is None, reason="LightGBM cannot be loaded (libgomp?)")

AS_OF = date(2026, 3, 2)
WEEKS, ITEMS = 165, 120


@pytest.fixture(scope="module")
def inputs():
    return plan_inputs(load_dataset(tables(), as_of=AS_OF))


def tables() -> dict[str, pl.DataFrame]:
    """Items of two categories; one sells threefold in the same four weeks of each year, the other never does."""
    rng = np.random.Generator(np.random.Philox(3))
    rate = np.exp(rng.normal(1.2, 0.6, ITEMS))
    gift = np.arange(ITEMS) % 2 == 0
    week = (np.arange(WEEKS) - WEEKS) % 52
    mean = rate[:, None] * np.where(gift[:, None] & (week < 4)[None, :], 3.0, 1.0)
    units = rng.poisson(mean)
    row, at = np.nonzero(units)
    monday = np.datetime64(AS_OF) - 7 * (WEEKS - at)
    sku = np.array([f"S{number:03d}" for number in range(ITEMS)])
    return {
        "sales": pl.DataFrame({"sku_id": sku[row], "date": monday, "units": units[row, at]}),
        "skus": pl.DataFrame({"sku_id": sku, "category": np.where(gift, "gifts", "tools")}),
        "stock": pl.DataFrame({"sku_id": sku, "on_hand_units": np.full(ITEMS, 5)}),
        "supply": pl.DataFrame({"sku_id": sku, "lead_time_days_mean": np.full(ITEMS, 14.0)}),
    }


def test_what_is_seen_of_a_day_does_not_change_with_the_days_after_it(inputs) -> None:
    day = 120
    later = inputs.history.sales_units.copy()
    later[:, day:] = 999
    other = replace(inputs, history=replace(inputs.history, sales_units=later))
    for ahead in range(3):
        one, two = past_of(inputs, 3), past_of(other, 3)
        before = np.column_stack([seen_at(one, day), ahead_of(one, day, ahead)])
        np.testing.assert_array_equal(before, np.column_stack([seen_at(two, day), ahead_of(two, day, ahead)]))
        assert before.shape == (ITEMS, len(NAMES))


def test_the_model_learns_the_weeks_that_a_category_shares(inputs) -> None:
    model, told = train(inputs, horizon_periods=3)
    assert model is not None
    assert not told
    units = model.forecast(inputs).units
    level = inputs.history.sales_units[:, 120:160].mean(axis=1)
    gifts = inputs.attributes.category.codes == 0
    assert 2.0 < units[gifts].sum() / (3 * level[gifts].sum()) < 4.0
    assert 0.8 < units[~gifts].sum() / (3 * level[~gifts].sum()) < 1.2


def test_the_same_seed_gives_the_same_model(inputs) -> None:
    first, second, other = (train(inputs, horizon_periods=3, seed=seed)[0] for seed in (0, 0, 1))
    assert first is not None and second is not None and other is not None
    assert first.model_id == second.model_id != other.model_id
    np.testing.assert_array_equal(first.forecast(inputs).units, second.forecast(inputs).units)


def test_a_plan_that_learns_lies_between_the_items_own_forecast_and_the_models() -> None:
    dataset = load_dataset(tables(), as_of=AS_OF)
    own, learned = plan(dataset), plan(dataset, learn=True)
    assert own.plan_id != learned.plan_id
    columns = learned.columns
    told = columns["learned_units"].shape[1]
    factor = columns["learned_factor"]
    inside = (factor > 1 / 3) & (factor < 3)
    middle = 0.5 * own.columns["mean_units"][:, :told] + 0.5 * columns["learned_units"]
    np.testing.assert_allclose(columns["mean_units"][:, :told][inside], middle[inside], rtol=1e-9)


def test_without_weight_the_plan_is_as_if_nothing_was_learned(inputs) -> None:
    model, _ = train(inputs, horizon_periods=3)
    assert model is not None
    taught = replace(inputs, learned=model.forecast(inputs))
    rules = parse_rulebook("[defaults]\nlearned_weight_share = 0.0\n")
    for name in ("mean_units", "order_quantity_units", "order_up_to_level_units"):
        np.testing.assert_array_equal(plan_of(taught, rules).columns[name], plan_of(inputs, rules).columns[name])


def test_a_young_shop_is_planned_without_a_model_and_told_why() -> None:
    young = {name: frame for name, frame in tables().items() if name != "sales"}
    recent = tables()["sales"].filter(pl.col("date") >= date(2025, 12, 1))
    made = plan(load_dataset(young | {"sales": recent}, as_of=AS_OF), learn=True)
    assert [finding.code for finding in made.findings if finding.code.startswith("LRN")] == ["LRN-002"]
    assert (made.columns["learned_factor"] == 1).all()


def test_without_the_library_the_plan_is_made_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "booster_library", lambda: None)
    made = plan(load_dataset(tables(), as_of=AS_OF), learn=True)
    assert "LRN-001" in {finding.code for finding in made.findings}
