"""Why a number is what it is, and what changed between two plans."""

from skuwise.core.trace.diff import Cause, ItemChange, PlanDiff, diff
from skuwise.core.trace.diff_text import render_diff
from skuwise.core.trace.explain import Explanation, Node, UnknownNameError, explain, find_item
from skuwise.core.trace.graph import reevaluate_all, reevaluate_rows
from skuwise.core.trace.render import render

__all__ = [
    "Cause",
    "Explanation",
    "ItemChange",
    "Node",
    "PlanDiff",
    "UnknownNameError",
    "diff",
    "explain",
    "find_item",
    "reevaluate_all",
    "reevaluate_rows",
    "render",
    "render_diff",
]
