"""Young and shifting demand: five weeks of history, then decisions each week beside base stock on all that was seen."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.young import base_stock, live, shares, shop_of, skuwise

ITEMS, PERIODS = 8, 40


def test_where_the_level_shifts_skuwise_earns_a_tenth_more_than_base_stock() -> None:
    worlds = ("shift_down_50", "shift_up_100", "decline")
    base, ours = (shares(worlds, policy, ITEMS, PERIODS) for policy in (base_stock, skuwise))
    assert ours.mean() > 1.1 * base.mean()
    assert (ours.mean(axis=(1, 2)) > base.mean(axis=(1, 2))).all()


def test_where_it_is_steady_skuwise_is_no_worse() -> None:
    worlds = ("stationary_poisson", "stationary", "stationary_erratic")
    base, ours = (shares(worlds, policy, ITEMS, PERIODS) for policy in (base_stock, skuwise))
    # Two hundredths are within the luck of so few items.
    assert (ours.mean(axis=2) > base.mean(axis=2) - 0.02).all()
    assert ours.mean() > base.mean()


def test_orders_that_never_arrive_do_not_starve_an_item() -> None:
    earned = live(shop_of("unreliable_supply", ITEMS, PERIODS), skuwise)
    random_lead_time = earned[2]
    assert np.nanmean(random_lead_time) > 0.55


@pytest.mark.parametrize("policy", [base_stock, skuwise])
def test_no_policy_earns_more_than_foresight(policy: object) -> None:
    earned = live(shop_of("several_shifts", 4, 20), policy)
    assert np.nanmax(earned) <= 1.0
