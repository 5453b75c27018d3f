"""Daily demand of a real shop with stockouts: nearer to what came than the usual methods, and less off in total."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from benchmarks import freshretailnet

pytestmark = pytest.mark.shared

#: The first store-products of the data: enough for its categories, few enough for seconds.
SERIES = 3000


def test_days_in_stock_are_foretold_better_than_by_the_usual_methods(shared_data: Callable[[str], Path]) -> None:
    shared_data("freshretailnet")
    rows = freshretailnet.run(series=SERIES)
    assert len({row.as_of for row in rows}) == freshretailnet.ORIGINS
    own = {(row.as_of, row.horizon_days): row for row in rows if row.method == freshretailnet.SKUWISE}
    for row in rows:
        if row.method != freshretailnet.SKUWISE:
            assert own[row.as_of, row.horizon_days].wape < row.wape, row
    means = freshretailnet.summary(rows, 7)
    ours = means.pop(freshretailnet.SKUWISE)
    for name, (wape, _, absolute_bias) in means.items():
        assert ours[0] < 0.92 * wape, name
        assert ours[2] < absolute_bias, name
