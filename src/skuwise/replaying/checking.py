"""Which policies can be lived: their kinds, settings and names, with a message that says how to mend what cannot."""

from __future__ import annotations

from collections.abc import Sequence

from skuwise.core.rules import Rulebook
from skuwise.core.rules.problems import suggestion
from skuwise.replaying.policies import DEFAULTS, STANDARD, SWITCHES, PolicySpec
from skuwise.replaying.window import ReplayError


def checked_policies(policies: Sequence[PolicySpec | str] | None, rulebook: Rulebook) -> tuple[PolicySpec, ...]:
    """The policies as specs.

    Raises:
        ReplayError: none, an unknown kind or parameter, a value that it cannot have, parameters that contradict each
            other, a name given twice, or a rulebook of another period.
    """
    standard: dict[str, PolicySpec] = {spec.kind: spec for spec in STANDARD}
    specs = []
    for given in STANDARD if policies is None else policies:
        kind = given if isinstance(given, str) else given.kind
        if kind not in DEFAULTS:
            raise ReplayError(
                f'There is no policy of kind "{kind}"', "It cannot be lived", suggestion(kind, list(DEFAULTS))
            )
        spec = standard[kind] if isinstance(given, str) else given
        _check_parameters(spec)
        if spec.rulebook is not None and spec.rulebook.settings["period_days"] != rulebook.settings["period_days"]:
            raise ReplayError(
                f'The rulebook of policy "{spec.name}" has other periods than the replay',
                "All policies are lived period by period side by side",
                f"Set period_days = {rulebook.settings['period_days']} in both",
            )
        specs.append(spec)
    names = [spec.name for spec in specs]
    if not specs or len(set(names)) < len(names):
        twice = next((name for name in names if names.count(name) > 1), "")
        raise ReplayError(
            f'Two policies are named "{twice}"' if specs else "No policy was given",
            "Results are told by the name of the policy" if specs else "There is nothing to live",
            "Give each a name of its own" if specs else f"Name some of: {', '.join(DEFAULTS)}",
        )
    return tuple(specs)


def _check_parameters(spec: PolicySpec) -> None:
    known = list(DEFAULTS[spec.kind])
    for name in spec.parameters:
        if name not in known:
            mend = f"It has {', '.join(known)}; all else is set in a rulebook"
            raise ReplayError(
                f'"{name}" is no parameter of {spec.kind}',
                "It would change nothing",
                suggestion(name, known) if spec.kind != "skuwise" else mend,
            )
    if spec.kind == "skuwise":
        _check_plan(spec)


def _check_plan(spec: PolicySpec) -> None:
    for name in SWITCHES:
        if spec.parameter(name) not in (0, 1):
            raise ReplayError(
                f'"{name}" of policy "{spec.name}" is {spec.parameter(name):g}',
                "It is on or off",
                "Give 1 or 0" + ("; how much it counts is the rule learned_weight_share" if name == "learn" else ""),
            )
    if spec.loops and spec.tuned_by_hand:
        raise ReplayError(
            f'Policy "{spec.name}" has a loop and is frozen',
            "What the loop changes cannot stay as it was",
            "Give loop=1 or a frozen part, and live both side by side",
        )
    weeks = spec.parameter("retune_weeks")
    if not 0 <= weeks <= 520:
        raise ReplayError(
            f'"retune_weeks" of policy "{spec.name}" is {weeks:g}',
            "Weeks between two times that a person sets rules or levels anew",
            "Give 1 to 520, or 0 for never",
        )
    if weeks and not spec.tuned_by_hand:
        raise ReplayError(
            f'"retune_weeks" of policy "{spec.name}" has nothing to set anew',
            "Without it rules and levels are made anew each period",
            "Give frozen_rules=1 or frozen_levels=1 beside it",
        )
