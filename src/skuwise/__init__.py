"""Skuwise plans stock one SKU at a time, across each SKU's whole life, and explains every number.

    >>> import skuwise
    >>> skuwise.__version__.count(".")
    2

    dataset = skuwise.load_dataset("shop/")          # a folder, or tables in memory
    plan = skuwise.plan(dataset)                     # arrays; nothing is written
    skuwise.tables(plan)["order_proposals"]          # Polars frames
    skuwise.render(skuwise.explain(plan, "TEE-RED-M"))
    skuwise.write_plan(plan, "plan/", dataset=dataset)

Nothing is imported before it is used, so that ``import skuwise`` costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from skuwise._version import __version__

if TYPE_CHECKING:
    from skuwise.core.plan import Plan
    from skuwise.core.rules import Rulebook
    from skuwise.core.trace import diff, explain, render, render_diff
    from skuwise.dataset import Dataset, load_dataset
    from skuwise.demo import generate_demo_shop
    from skuwise.planning.rulebook_files import load_rulebook
    from skuwise.planning.run import plan
    from skuwise.replaying.choose import choose_policy
    from skuwise.replaying.policies import PolicySpec
    from skuwise.replaying.run import replay
    from skuwise.reports.replay_folder import write_replay
    from skuwise.snapshot import read_plan, tables, write_plan
    from skuwise.watching.journal import read_journal
    from skuwise.watching.run import Watched, monitor
    from skuwise.weekly_game import weekly_round

_HOMES = {
    "Dataset": "skuwise.dataset",
    "Plan": "skuwise.core.plan",
    "PolicySpec": "skuwise.replaying.policies",
    "Rulebook": "skuwise.core.rules",
    "Watched": "skuwise.watching.run",
    "choose_policy": "skuwise.replaying.choose",
    "diff": "skuwise.core.trace",
    "explain": "skuwise.core.trace",
    "generate_demo_shop": "skuwise.demo",
    "load_dataset": "skuwise.dataset",
    "load_rulebook": "skuwise.planning.rulebook_files",
    "monitor": "skuwise.watching.run",
    "plan": "skuwise.planning.run",
    "read_journal": "skuwise.watching.journal",
    "read_plan": "skuwise.snapshot",
    "render": "skuwise.core.trace",
    "render_diff": "skuwise.core.trace",
    "replay": "skuwise.replaying.run",
    "tables": "skuwise.snapshot",
    "weekly_round": "skuwise.weekly_game",
    "write_plan": "skuwise.snapshot",
    "write_replay": "skuwise.reports.replay_folder",
}

__all__ = [
    "Dataset",
    "Plan",
    "PolicySpec",
    "Rulebook",
    "Watched",
    "__version__",
    "choose_policy",
    "diff",
    "explain",
    "generate_demo_shop",
    "load_dataset",
    "load_rulebook",
    "monitor",
    "plan",
    "read_journal",
    "read_plan",
    "render",
    "render_diff",
    "replay",
    "tables",
    "weekly_round",
    "write_plan",
    "write_replay",
]


def __getattr__(name: str) -> Any:
    """Import a public name from its home when it is first asked for (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
