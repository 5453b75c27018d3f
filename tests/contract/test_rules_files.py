"""Rulebooks from files."""

from __future__ import annotations

from pathlib import Path

import pytest

from skuwise.core.rules import RulebookError, built_in_rulebook
from skuwise.planning.rulebook_files import load_rulebook

TABLE = "sku_id,location_id,field,value,unit,from,until,author,reason\nTEE,,lot_days_max,7,days,,2027-01-01,Ana,sale\n"


def test_without_a_file_the_built_in_rules_hold() -> None:
    assert load_rulebook(None) == built_in_rulebook()


def test_the_table_of_overrides_is_sought_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text('overrides = "mine.csv"\n[defaults]\nlot_days_max = 9\n', encoding="utf-8")
    (tmp_path / "mine.csv").write_bytes(b"\xef\xbb\xbf" + TABLE.replace("\n", "\r\n").encode())
    rulebook = load_rulebook(str(tmp_path / "rules.toml"))
    assert [rule.where for rule in rulebook.overrides] == [f"{tmp_path / 'mine.csv'}:2"]
    assert rulebook.sources == ("built-in", str(tmp_path / "rules.toml"), str(tmp_path / "mine.csv"))


def test_overrides_that_the_file_does_not_name_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text("[defaults]\nlot_days_max = 9\n", encoding="utf-8")
    (tmp_path / "overrides.csv").write_text(TABLE, encoding="utf-8")
    assert load_rulebook(tmp_path / "rules.toml").overrides == ()


def test_a_missing_file_or_table_is_told(tmp_path: Path) -> None:
    with pytest.raises(RulebookError, match="there is no such file"):
        load_rulebook(tmp_path / "rules.toml")
    (tmp_path / "rules.toml").write_text('\noverrides = "gone.csv"', encoding="utf-8")
    with pytest.raises(RulebookError, match=r"rules\.toml:2: the table of overrides .*gone\.csv does not exist"):
        load_rulebook(tmp_path / "rules.toml")


def test_text_that_is_not_utf8_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_bytes("# ok\n# caf\xe9\n".encode("latin-1"))
    with pytest.raises(RulebookError, match=r"rules\.toml:2: the text is not UTF-8"):
        load_rulebook(tmp_path / "rules.toml")
