"""Whatever the item: no order beyond what will still be sold where the rules forbid it, none for what is retired."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from skuwise.core.plan import plan
from tests.builders import AS_OF, Item, inputs_of

QUICK = settings(max_examples=40, deadline=None)
sales = st.lists(st.integers(0, 40), min_size=1, max_size=70)
items = st.builds(
    Item,
    sku=st.just("A"),
    sales=sales,
    end_of_life=st.integers(-40, 400).map(lambda days: str(np.datetime64(AS_OF) + np.timedelta64(days, "D")))
    | st.none(),
    on_hand=st.integers(0, 200),
    backlog=st.integers(0, 10),
    lead_days=st.floats(0, 120),
    moq=st.integers(0, 120),
    multiple=st.integers(1, 24),
    price_minor=st.integers(-1, 4_000),
    due=st.lists(st.tuples(st.integers(1, 80), st.integers(-20, 120)), max_size=2),
)


@QUICK
@given(items)
def test_orders_stay_within_the_remaining_demand_and_columns_are_sound(item: Item) -> None:
    made = plan(inputs_of([item], periods=80))
    at = {name: column[0] for name, column in made.columns.items() if isinstance(column, np.ndarray)}
    order, remaining = at["order_quantity_units"], at["remaining_demand_units"]
    stage = made.text("stage")[0]
    last = made.text("need_reason")[0].startswith("the last buy")
    if stage == "retired":
        assert order == 0
    if stage in ("declining", "retiring") and not last and not np.isnan(remaining) and order > 0:
        there = at["on_hand_units"] + at["awaited_units"].sum() - at["reserved_units"] - at["backlog_units"]
        assert there + order <= remaining + 1e-6
    if not np.isnan(remaining):
        assert remaining >= 0 and at["remaining_sd_units"] >= 0
        assert at["leftover_units"] >= 0
    assert 0 <= at["markdown_share"] <= 0.5
    assert at["last_buy_units"] == 0 or np.isnan(at["last_buy_gain_minor"]) or at["last_buy_gain_minor"] > 0


@QUICK
@given(items, st.integers(1, 100))
def test_more_stock_never_means_a_larger_order_for_what_is_ending(item: Item, more: int) -> None:
    richer = Item(
        **{name: getattr(item, name) for name in item.__dataclass_fields__} | {"on_hand": item.on_hand + more}
    )
    poor, rich = (plan(inputs_of([one], periods=80)) for one in (item, richer))
    if poor.text("last_buy")[0] in ("due today", "what is there lasts to the end", "it would lose money"):
        lot = max(item.moq, item.multiple)
        assert rich.columns["last_buy_units"][0] <= poor.columns["last_buy_units"][0] + lot
        if item.moq == 0 and item.multiple == 1:
            assert rich.columns["last_buy_units"][0] <= poor.columns["last_buy_units"][0]
    assert rich.columns["leftover_units"][0] >= 0
