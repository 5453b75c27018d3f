"""The tables of a replay: policies, segments, items, periods, what was done, findings. Money is in minor currency."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import polars as pl

from skuwise.replaying.result import LEAD_TIME_SOURCES, OPENING_SOURCES, Comparison, Measures, Replay
from skuwise.simulate.scores import Difference
from skuwise.snapshot.tables import findings_frame

#: Of a group as such, the same under every policy.
_OF_GROUP = ("items", "items_with_money")


def replay_tables(replay: Replay) -> dict[str, pl.DataFrame]:
    """The result as frames by name; ``as_it_was`` is there where what was done is known."""
    made = {
        "policies": _policies(replay),
        "segments": _segments(replay),
        "items": _items(replay),
        "periods": _periods(replay),
        "findings": findings_frame(replay.findings),
    }
    if replay.as_it_was is not None:
        was = replay.as_it_was
        frame = measures_frame(was.total, was.names)
        made["as_it_was"] = frame.join(_differences(was.comparisons), on="policy", how="left", maintain_order="left")
    return made


def _policies(replay: Replay) -> pl.DataFrame:
    described = pl.DataFrame(
        {
            "policy": list(replay.names),
            "kind": [spec.kind for spec in replay.policies],
            "description": [spec.description for spec in replay.policies],
        }
    )
    frame = described.hstack(measures_frame(replay.total, replay.names).drop("policy", "group"))
    return frame.join(_differences(replay.comparisons), on="policy", how="left", maintain_order="left")


def measures_frame(measures: Measures, policies: tuple[str, ...], groups: list[str] | None = None) -> pl.DataFrame:
    """One row a group and policy, the policies of one group together."""
    number = len(measures.items)
    names = groups if groups is not None else [""] * number
    columns: list[pl.Series] = [
        pl.Series("group", names, dtype=pl.String).gather(np.repeat(np.arange(number), len(policies))),
        pl.Series("policy", list(policies) * number, dtype=pl.String),
    ]
    for one in fields(Measures):
        values = getattr(measures, one.name)
        flat = np.repeat(values, len(policies)) if one.name in _OF_GROUP else np.ascontiguousarray(values.T).reshape(-1)
        columns.append(pl.Series(one.name, flat, nan_to_null=True))
    return _unknown_to_null(pl.DataFrame(columns))


def _unknown_to_null(frame: pl.DataFrame) -> pl.DataFrame:
    """−1, NaN and ∞ say unknown in arrays; a table for people leaves the cell empty."""
    counts = [pl.col(name) for name, dtype in frame.schema.items() if dtype.is_integer()]
    figures = [pl.col(name) for name, dtype in frame.schema.items() if dtype.is_float()]
    return frame.with_columns(
        *(pl.when(one != -1).then(one) for one in counts),
        *(pl.when(one.is_finite() & (one != -1)).then(one) for one in figures),
    )


def _segments(replay: Replay) -> pl.DataFrame:
    parts = [
        measures_frame(one.measures, replay.names, list(one.names)).insert_column(
            0, pl.Series("segment", [one.by] * (len(one.names) * len(replay.names)), dtype=pl.String)
        )
        for one in replay.segments
    ]
    return pl.concat(parts) if parts else pl.DataFrame({"segment": []}, schema={"segment": pl.String})


def _items(replay: Replay) -> pl.DataFrame:
    judged, policies = replay.judged, len(replay.names)
    row = np.repeat(np.arange(len(judged)), policies)
    keys = [
        pl.Series("sku_id", judged.sku_id.tolist(), dtype=pl.String).gather(row),
        pl.Series("location_id", judged.location_id.tolist(), dtype=pl.String).gather(row),
    ]
    told = [
        pl.Series("unit_price_minor", judged.unit_price_minor[row]),
        pl.Series("unit_cost_minor", judged.unit_cost_minor[row]),
        pl.Series("holding_minor_per_period", judged.holding_minor_per_period[row], nan_to_null=True),
        pl.Series("opening_source", list(OPENING_SOURCES)).gather(judged.opening_source[row]),
        pl.Series("lead_time_source", list(LEAD_TIME_SOURCES)).gather(judged.lead_time_source[row]),
    ]
    return pl.DataFrame(keys).hstack(
        measures_frame(replay.items, replay.names).drop("group", *_OF_GROUP)
    ).hstack(_unknown_to_null(pl.DataFrame(told)))  # fmt: skip


def _periods(replay: Replay) -> pl.DataFrame:
    run, policies = replay.run_of_time, len(replay.names)
    periods = len(run.starts)
    starts = pl.Series("starts", np.ascontiguousarray(run.starts.astype("datetime64[D]")))
    frame = pl.DataFrame(
        [
            starts.gather(np.repeat(np.arange(periods), policies)),
            pl.Series("policy", list(replay.names) * periods, dtype=pl.String),
            pl.Series("demand_units", np.repeat(run.demand_units, policies)),
            pl.Series("demand_estimated_units", np.repeat(run.demand_estimated_units, policies)),
        ]
    )
    for name in ("on_hand_units", "capital_minor", "lost_units", "ordered_units", "received_units"):
        frame = frame.with_columns(pl.Series(name, np.ascontiguousarray(getattr(run, name).T).reshape(-1)))
    return frame


def _differences(comparisons: tuple[Comparison, ...]) -> pl.DataFrame:
    """Difference to the reference, with its band, of the measures that were compared."""
    names = ("fill_rate", "stock", "cost", "capital")
    schema: dict[str, pl.DataType | type[pl.DataType]] = {"policy": pl.String, "compared_with": pl.String}
    schema |= {f"{name}_{part}": pl.Float64 for name in names for part in ("difference", "band_low", "band_high")}
    schema |= {f"{name}_difference_real": pl.Boolean for name in names} | {"in_words": pl.String}
    rows = []
    for one in comparisons:
        row: dict[str, object] = {"policy": one.policy, "compared_with": one.reference}
        for name in names:
            difference: Difference | None = getattr(one, name)
            if difference is None or np.isnan(difference.mean):
                continue
            row[f"{name}_difference"] = difference.mean
            row[f"{name}_band_low"], row[f"{name}_band_high"] = difference.low, difference.high
            row[f"{name}_difference_real"] = difference.real
        rows.append(row | {"in_words": " ".join(one.sentences)})
    return pl.DataFrame(rows, schema=schema)
