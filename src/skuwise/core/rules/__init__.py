"""The rulebook: what each item is promised and allowed, in layers of which a later one wins.

built-in < default < supplier < category < class < stage < segment < sku < sku_location < automatic < override. Every
built-in rule lies below everything the shop writes; ``automatic`` is what the system changes by itself, inside the
guard-rails that the shop sets. ``parse_rulebook`` reads typed TOML, ``parse_overrides`` the table of dated overrides,
``resolve`` gives every field for every item at once with the rule that gave it, and ``explain_field`` lists every rule
tried for one item.
"""

from skuwise.core.rules.automatic import automatic_rule
from skuwise.core.rules.explain import Tried, explain_field, explanation
from skuwise.core.rules.guard_rails import GuardRail, allowed_changes
from skuwise.core.rules.overrides import parse_overrides
from skuwise.core.rules.parse import built_in_rulebook, parse_rulebook
from skuwise.core.rules.problems import Problem, RulebookError
from skuwise.core.rules.resolve import Resolved, pinned_stages, resolve
from skuwise.core.rules.rule import LAYERS, Rule
from skuwise.core.rules.rulebook import Rulebook

__all__ = [
    "LAYERS",
    "GuardRail",
    "Problem",
    "Resolved",
    "Rule",
    "Rulebook",
    "RulebookError",
    "Tried",
    "allowed_changes",
    "automatic_rule",
    "built_in_rulebook",
    "explain_field",
    "explanation",
    "parse_overrides",
    "parse_rulebook",
    "pinned_stages",
    "resolve",
]
