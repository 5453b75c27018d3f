"""The loop inside a replay: each period the plan is watched, and what the loop changes by itself decides the orders.

It is the loop of ``skuwise.core.monitoring`` with its state in memory: plan of the day → monitors → alarms and changes
→ rules of layer ``automatic`` → the same plan under them. It knows what the plan knows, and its own shop's stock and
orders. Nobody answers what waits for a person.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from skuwise.core import plan as core
from skuwise.core.arrays import IntArray
from skuwise.core.monitoring.alarm import Seen
from skuwise.core.monitoring.change import BY_ITSELF, STAGE, Change
from skuwise.core.monitoring.loop import LoopState, advance, automatic_rules
from skuwise.core.monitoring.watch import watch
from skuwise.core.rules import Rulebook
from skuwise.replaying.deciding import Knowledge, with_stock
from skuwise.simulate.stepwise import ShopState


@dataclass(slots=True)
class Loop:
    """The loop of one policy, from period to period. ``rulebook`` is the shop's own, guard-rails among it."""

    rulebook: Rulebook
    state: LoopState = field(default_factory=LoopState)

    def ruled(
        self,
        known: Knowledge,
        learn: bool,
        shop: ShopState,
        policy: int,
        due_units: IntArray,
        overdue_units: IntArray,
    ) -> dict[str, Any]:
        """Watch the plan of the day, move the state on, and give the columns under the rules that hold then.

        Where nothing was changed these are the columns of the plan, its orders among them.
        """
        as_of, labels = known.inputs.grid.as_of, known.understood(self.rulebook)[1]
        rules = self.rulebook.with_automatic(automatic_rules(self.state, as_of))
        plan = with_stock(known.ruled(rules, learn), shop, policy, due_units, overdue_units)
        core.run_in_blocks((*core.ORDER, *core.TELL), plan, _silent, "plan")
        watched, alarms = watch(plan, labels, as_of)
        self.state = advance(self.state, Seen(watched, labels, as_of), alarms, self.rulebook)
        changed = self.rulebook.with_automatic(automatic_rules(self.state))
        return plan if changed.rulebook_hash == rules.rulebook_hash else known.ruled(changed, learn)

    def changes_of(self, sku_id: np.ndarray, location_id: np.ndarray) -> IntArray:
        """Changes of rules that were applied by themselves, by item [(n,)]; moves of the stage are not among them."""
        row = {item: at for at, item in enumerate(zip(sku_id.tolist(), location_id.tolist(), strict=True))}
        count = np.zeros(len(sku_id), dtype=np.int64)
        for change in _by_itself(self.state.changes):
            count[row[change.item]] += 1
        return count

    @property
    def kinds(self) -> Mapping[str, int]:
        """How many of these changes each kind of alarm made."""
        found: dict[str, int] = {}
        for change in _by_itself(self.state.changes):
            found[change.kind] = found.get(change.kind, 0) + 1
        return dict(sorted(found.items()))


def _by_itself(changes: Iterable[Change]) -> list[Change]:
    done = ("applied", "over")
    return [one for one in changes if one.field != STAGE and one.by == BY_ITSELF and one.state in done]


def _silent(_phase: str, _done: int, _total: int) -> None:
    """The replay tells its own progress."""
