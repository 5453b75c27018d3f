"""How well demand is foretold on real shops: rolling windows, every one of them told, beside the field's usual methods.

At each origin a plan is made of what was known then, with the shipped defaults, and compared with what came. A set that
is not beside the project is left out. ``python -m benchmarks.accuracy`` prints the tables; it needs statsforecast.
"""

from __future__ import annotations

import numpy as np

from benchmarks import accuracy_peers as peers
from benchmarks.accuracy_scores import NOMINAL, coverage, own_quantiles, quantile_loss, vn1_score
from benchmarks.accuracy_sets import RealSet, origins_of, planned, present
from skuwise.core.policy.distribution import point_for_shortage
from skuwise.core.quantities import ceil_units
from skuwise.simulate.engine import simulate
from skuwise.simulate.shop import opening_stock, shop_terms

SHARES = np.array([0.5, 0.8, 0.9, 0.95])
SHARES_OF_PARTS = np.array([0.5, 0.8, 0.9, 0.95, 0.99])
TARGETS = (0.90, 0.95, 0.98)
#: Series that AutoETS is run on; the others run on all.
ETS_SERIES = 400
WEEKS_AHEAD = 13


def weekly_shop_rows(real: RealSet, horizon: int = WEEKS_AHEAD) -> list[tuple[int, str, float, float, float]]:
    """Origin, method, VN1's score, bias, quantile loss of the sum over the next 13 weeks."""
    methods = {f"MA{weeks}": peers.moving_average(weeks) for weeks in (4, 12, 26)}
    methods["seasonal naive"] = peers.seasonal_naive
    rows = []
    for origin in origins_of(real, horizon):
        keep = (
            (origin.coming_in_stock >= 0.95).all(axis=1)
            if real.in_stock_only
            else np.ones(len(origin.seen_units), bool)
        )
        seen, coming = origin.seen_units[keep], origin.coming_units[keep]
        total = coming.sum(axis=1).astype(np.float64)
        columns = planned(origin, horizon - 1, real.period_days)
        mean, sd = columns["protection_mean_units"][keep], columns["protection_sd_units"][keep]
        own = columns["mean_units"][keep, :horizon]
        loss = quantile_loss(own_quantiles(mean, sd, SHARES), total, SHARES)
        rows.append((origin.at, "Skuwise", vn1_score(own, coming), float((own - coming).sum() / total.sum()), loss))
        for name, method in methods.items():
            foretold = method(seen, seen.shape[1], horizon)
            errors = peers.past_errors(method, seen, horizon)
            sums = foretold.sum(axis=1)
            spread = peers.deviation(errors, sums, seen, horizon)
            loss = min(
                quantile_loss(peers.normal_quantiles(sums, spread, SHARES), total, SHARES),
                quantile_loss(peers.empirical_quantiles(sums, spread, errors, SHARES), total, SHARES),
            )
            bias = float((foretold - coming).sum() / total.sum())
            rows.append((origin.at, name, vn1_score(foretold, coming), bias, loss))
    return rows


def spare_part_rows(real: RealSet) -> list[tuple[int, int, str, int, float]]:
    """Lead time, origin, method, series, quantile loss of the demand of lead time + 1 periods."""
    libraries = {name: peers.of_statsforecast(name) for name in ("CrostonSBA", "TSB")}
    rows = []
    for lead in real.leads:
        horizon = lead + 1
        for origin in origins_of(real, horizon):
            total = origin.coming_units.sum(axis=1).astype(np.float64)
            columns = planned(origin, lead, real.period_days)
            quantiles = {
                "Skuwise": own_quantiles(
                    columns["protection_mean_units"], columns["protection_sd_units"], SHARES_OF_PARTS
                )
            }
            for name, method in libraries.items():
                mean, sd = _library_moments(method, origin.seen_units, horizon)
                quantiles[name] = peers.normal_quantiles(mean, sd, SHARES_OF_PARTS)
            few = np.arange(len(total)) % max(1, len(total) // ETS_SERIES) == 0
            mean, sd = peers.auto_ets(origin.seen_units[few], horizon)
            ets = quantile_loss(peers.normal_quantiles(mean, sd, SHARES_OF_PARTS), total[few], SHARES_OF_PARTS)
            for name, made in quantiles.items():
                rows.append((lead, origin.at, name, len(total), quantile_loss(made, total, SHARES_OF_PARTS)))
            rows.append((lead, origin.at, "AutoETS", int(few.sum()), ets))
            some = quantile_loss(quantiles["Skuwise"][:, few], total[few], SHARES_OF_PARTS)
            rows.append((lead, origin.at, "Skuwise, the same series", int(few.sum()), some))
    return rows


def _library_moments(method: peers.Method, units: np.ndarray, horizon: int) -> tuple[np.ndarray, np.ndarray]:
    mean = method(units, units.shape[1], horizon).sum(axis=1)
    return mean, peers.deviation(peers.past_errors(method, units, horizon), mean, units, horizon)


def fill_rate_rows(real: RealSet, lead: int, first: int) -> list[tuple[str, float, float, float]]:
    """Method, target, fill rate reached, mean stock: levels set anew each period, demand as it came, all that waits.

    The same rule makes the peers' levels from their mean and deviation: the least level with which a cycle is short by
    at most (1 − target) × the demand of a period, gamma distributed. The shop opens full and ``lead`` + 1 periods pass
    before anything counts.
    """
    origins = list(origins_of(real, 1, tuple(range(first, real.periods))))
    # Who had sold by the first origin is there all the time.
    known = [np.flatnonzero(origins[0].counted[origin.counted]) for origin in origins]
    demand = np.array([origin.coming_units[rows, 0] for origin, rows in zip(origins, known, strict=True)]).T
    libraries = {name: peers.of_statsforecast(name) for name in ("CrostonSBA", "TSB")}
    levels: dict[str, dict[float, list[np.ndarray]]] = {}
    for origin, rows in zip(origins, known, strict=True):
        units = origin.seen_units[rows]
        for target in TARGETS:
            made = planned(origin, lead, real.period_days, target)["order_up_to_level_units"][rows]
            levels.setdefault("Skuwise", {}).setdefault(target, []).append(made)
        for name, method in libraries.items():
            mean, sd = _library_moments(method, units, lead + 1)
            for target in TARGETS:
                levels.setdefault(name, {}).setdefault(target, []).append(_level_of_moments(mean, sd, lead, target))
    return [
        (name, target, *_served(demand, np.array(series).T, lead))
        for name, by_target in levels.items()
        for target, series in by_target.items()
    ]


def _level_of_moments(mean: np.ndarray, sd: np.ndarray, lead: int, target: float) -> np.ndarray:
    part = lead / (lead + 1)
    allowed = (1 - target) * mean / (lead + 1)
    return ceil_units(point_for_shortage(allowed, mean, mean, sd, part * mean, np.sqrt(part) * sd))


def _served(demand: np.ndarray, level: np.ndarray, lead: int) -> tuple[float, float]:
    """Fill rate and mean stock a period after the warm-up, from the difference of two runs."""
    items, periods = demand.shape
    terms = shop_terms(items, lead_time_periods=lead, backorders=True)
    opening = opening_stock(items, level[:, 0])
    warm = lead + 1
    runs = [
        simulate(demand[:, :end], level[None, :, :end], level[None, :, :end], terms, opening) for end in (periods, warm)
    ]
    asked, filled, stock = (
        float((getattr(runs[0], name) - getattr(runs[1], name)).sum())
        for name in ("demanded_units", "filled_units", "stock_unit_periods")
    )
    return filled / asked, stock / items / (periods - warm)


def coverage_rows(real: RealSet) -> list[tuple[str, int, int, list[float], list[float]]]:
    """Set, lead time, item-origins, coverage of 50/80/95% by randomised PIT and of closed intervals."""
    rows = []
    for lead in real.leads:
        parts: list[tuple[np.ndarray, ...]] = []
        for origin in origins_of(real, lead + 1):
            columns = planned(origin, lead, real.period_days)
            whole = (origin.coming_in_stock >= 0.95).all(axis=1) | (not real.in_stock_only)
            total = origin.coming_units.sum(axis=1).astype(np.float64)
            found = (total, columns["protection_mean_units"], columns["protection_sd_units"])
            parts.append(tuple(column[whole] for column in found))
        seen, mean, sd = (np.concatenate(columns) for columns in zip(*parts, strict=True))
        rows.append((real.name, lead, len(seen), *coverage(seen, mean, sd)))
    return rows


def table() -> str:
    """The Markdown section of the report."""
    sets = {real.name: real for real in present()}
    sections = ["## Accuracy on real shops, every window"]
    for name in ("online_retail_two_years", "vn2"):
        if name in sets:
            sections.append(_weekly_section(sets[name]))
    for name in ("carparts", "auto"):
        if name in sets:
            sections += [_spare_part_section(sets[name]), _fill_section(sets[name])]
    sections.append(_coverage_section(list(sets.values())))
    return "\n\n".join(sections)


def _weekly_section(real: RealSet) -> str:
    rows = weekly_shop_rows(real)
    names = list(dict.fromkeys(row[1] for row in rows))
    rows += [("mean", name, *np.mean([row[2:] for row in rows if row[1] == name], axis=0)) for name in names]
    lines = [
        f"### {real.name}: the next {WEEKS_AHEAD} weeks",
        "",
        "Every item that had sold by the origin. VN1's score is over item-weeks; the quantile loss is of the sum at "
        ".5, .8, .9 and .95; the peers' quantiles are the better of normal and empirical ones from their past errors.",
        "",
        "| weeks seen | method | VN1's score | bias | quantile loss |",
        "|--:|---|--:|--:|--:|",
        *(f"| {at} | {name} | {score:.3f} | {bias:+.3f} | {loss:.3f} |" for at, name, score, bias, loss in rows),
    ]
    return "\n".join(lines)


def _spare_part_section(real: RealSet) -> str:
    rows = spare_part_rows(real)
    names = list(dict.fromkeys(row[2] for row in rows))
    lines = [
        f"### {real.name}: demand of lead time + 1 months",
        "",
        "Quantile loss at .5, .8, .9, .95 and .99. CrostonSBA, TSB and AutoETS are statsforecast's; AutoETS runs on "
        f"every k-th series, about {ETS_SERIES}, and Skuwise's figure for the same stands beside it.",
        "",
        "| lead time | months seen | " + " | ".join(names) + " |",
        "|--:|--:|" + "--:|" * len(names),
    ]
    for lead, at in dict.fromkeys(row[:2] for row in rows):
        losses = {name: loss for of_lead, of_at, name, _, loss in rows if (of_lead, of_at) == (lead, at)}
        lines.append(f"| {lead} | {at} | " + " | ".join(f"{losses[name]:.3f}" for name in names) + " |")
    means = [np.mean([loss for _, _, of_method, _, loss in rows if of_method == name]) for name in names]
    lines.append("| mean | | " + " | ".join(f"{mean:.3f}" for mean in means) + " |")
    return "\n".join(lines)


def _fill_section(real: RealSet) -> str:
    lead, first = (2, 24) if real.name == "carparts" else (2, 10)
    lines = [
        f"Fill rate reached over the months after {first + lead + 1}, lead time {lead}, unmet demand waits, safety "
        "stock without its default cap of a year's demand:",
        "",
        "| method | target | reached | mean stock of an item |",
        "|---|--:|--:|--:|",
        *(
            f"| {name} | {target:.2f} | {reached:.3f} | {stock:.2f} |"
            for name, target, reached, stock in fill_rate_rows(real, lead, first)
        ),
    ]
    return "\n".join(lines)


def _coverage_section(sets: list[RealSet]) -> str:
    lines = [
        "### Calibration: how often demand of lead time + 1 periods lay inside its central interval",
        "",
        "By randomised PIT (counts: P(D ≤ k) is the gamma's at k + ½), and in brackets as closed intervals of whole "
        "units.",
        "",
        "| set | lead time | sums | " + " | ".join(f"{100 * share:.0f}%" for share in NOMINAL) + " |",
        "|---|--:|--:|" + "--:|" * len(NOMINAL),
    ]
    for real in sets:
        for name, lead, count, drawn, closed in coverage_rows(real):
            cells = (f"{100 * one:.1f} ({100 * other:.1f})" for one, other in zip(drawn, closed, strict=True))
            lines.append(f"| {name} | {lead} | {count:,} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    print(table())


if __name__ == "__main__":
    main()
