"""``python -m benchmarks.run``: what is measured, what is left out and why, what the report is made of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from benchmarks import ablation, run
from benchmarks.run import PARTS, Part, chosen, measure, report

from skuwise.core import plan as core
from skuwise.core.forecast import calibration
from skuwise.core.policy import losses
from tests.small_shop import small_inputs


def test_without_names_all_parts_are_measured_in_the_order_of_the_report() -> None:
    assert chosen([]) == list(PARTS)
    assert chosen(["vn2", "speed"]) == ["speed", "vn2"]


def test_a_part_that_nobody_knows_is_refused_with_the_names_of_all(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run.main(["vn3"])
    assert "no part vn3: one of speed, simulation" in capsys.readouterr().err


def test_every_part_names_a_function_that_makes_its_section() -> None:
    for part in PARTS.values():
        module, function = part.made_by.split(":")
        source = (Path(run.__file__).parent / f"{module.split('.')[1]}.py").read_text(encoding="utf-8")
        assert f"def {function}(" in source, part.made_by


def test_a_part_without_its_data_says_so_and_keeps_the_earlier_section(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "vn2.md").write_text("## Of another day\n", encoding="utf-8")
    assert not measure("vn2", data=tmp_path / "nothing", sections=tmp_path)
    assert "vn2: left out, the data is not there" in capsys.readouterr().err
    assert "## Of another day" in report(tmp_path)


def test_a_part_whose_peer_is_not_installed_says_so(tmp_path: Path) -> None:
    assert "no_such_peer is not installed" in Part("", "", peers=("no_such_peer",)).left_out_because(tmp_path)


def test_some_of_several_sets_are_enough(tmp_path: Path) -> None:
    part = Part("", "", sets=("one", "other"))
    assert part.left_out_because(tmp_path)
    (tmp_path / "one").mkdir()
    assert part.left_out_because(tmp_path) == ""
    assert part.absent_sets(tmp_path) == ["other"]


def test_one_part_measured_again_leaves_the_others_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "speed.md").write_text("## Speed\n\nas before\n", encoding="utf-8")
    monkeypatch.setattr(Part, "section", lambda _part: "## Young\n\n| a | b |")
    assert measure("young", sections=tmp_path)
    text = report(tmp_path)
    assert text.index("as before") < text.index("## Young")
    assert "`python -m benchmarks.run young`" in text
    assert " UTC, in 0 s on " in text
    assert "Not measured yet: simulation" in text
    told = capsys.readouterr()
    assert told.out == (tmp_path / "young.md").read_text(encoding="utf-8") + "\n"
    assert "young: young and shifting demand" in told.err


def test_a_step_is_off_while_it_is_asked_for_and_on_again_afterwards() -> None:
    inputs = small_inputs()
    before = core.plan(inputs).columns
    with ablation.switched_off(losses.position_relief, np.zeros_like):
        without = core.plan(inputs).columns
    with ablation.switched_off(calibration.spread_factor, lambda factor: np.full_like(factor, 5.0)):
        wide = core.plan(inputs).columns
    after = core.plan(inputs).columns
    assert before["position_relief_units"].sum() > 0
    assert without["position_relief_units"].sum() == 0
    assert not np.array_equal(wide["order_quantity_units"], before["order_quantity_units"])
    assert np.array_equal(wide["error_sd_units_per_period"], 5 * wide["own_error_sd_units_per_period"])
    for name in ("position_relief_units", "error_sd_units_per_period", "order_quantity_units"):
        assert np.array_equal(after[name], before[name])


def test_what_is_no_step_cannot_be_switched_off() -> None:
    with pytest.raises(LookupError, match="len is not a step"), ablation.switched_off(len, np.zeros_like):
        pass
