"""What a monitor sees of a shop made of items, and whom it tells of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from skuwise.core.catalog.inputs import PlanInputs
from skuwise.core.monitoring.alarm import KINDS, Alarms, Monitor, Seen
from skuwise.core.plan import plan
from tests.builders import AS_OF, Item, inputs_of, labels, plain_rules

TODAY = int(np.datetime64(AS_OF).astype(np.int64))
#: A steady seller: ten units a week for two years.
STEADY = [10] * 104


def seen_of(
    items: Sequence[Item],
    *,
    suppliers: Sequence[str] = (),
    change: Callable[[PlanInputs], PlanInputs] = lambda inputs: inputs,
    rules: Mapping[str, Any] | None = None,
    settings_: Mapping[str, Any] | None = None,
) -> Seen:
    """What a monitor sees of a shop of these items."""
    inputs = inputs_of(items)
    if suppliers:
        inputs = replace(inputs, attributes=replace(inputs.attributes, supplier=labels(np.array(suppliers))))
    made = plan(change(inputs), plain_rules({"alarm_money_minor_min": 0, **(settings_ or {})}, **(rules or {})))
    return Seen(made.columns, made.labels, made.as_of)


def told(monitor: Monitor, seen: Seen) -> dict[str, list[str]]:
    """Who is told of, by kind: SKUs, suppliers or feeds."""
    alarms = monitor(seen)
    who: dict[str, list[str]] = {}
    for row in range(len(alarms)):
        name = seen.columns["sku_id"][alarms.item[row]] if alarms.item[row] >= 0 else alarms.subject[row]
        who.setdefault(str(alarms.kind[row]), []).append(str(name))
        assert KINDS[str(alarms.kind[row])].subject == ("item" if alarms.item[row] >= 0 else _subject(alarms, row))
        assert "nan" not in alarms.words(row)
    return who


def _subject(alarms: Alarms, row: int) -> str:
    return "feed" if str(alarms.subject[row]) in ("sales", "stock", "receipts") else "supplier"
