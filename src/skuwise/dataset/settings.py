"""What a file cannot say by itself: currency, time zone, order of day and month."""

from __future__ import annotations

import tomllib
from dataclasses import fields
from difflib import get_close_matches
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from skuwise.core.findings import Finding, found
from skuwise.dataset.contract import Settings

SETTINGS_FILE = "dataset.toml"
DATE_ORDERS = ("", "day_first", "month_first")


def settings_problem(key: str, value: object) -> str:
    """What is wrong with the value of a setting, or nothing."""
    if not isinstance(value, str):
        return f"{key} must be text, not {value!r}"
    if key == "currency" and not (len(value) == 3 and value.isascii() and value.isalpha() and value.isupper()):
        return f"currency {value!r} is not a three-letter code such as USD"
    if key == "date_order" and value not in DATE_ORDERS:
        return f"date_order {value!r} is neither day_first nor month_first"
    if key == "time_zone" and not _zone_exists(value):
        return f"time_zone {value!r} is not a name of the time zone database such as Europe/Berlin"
    return ""


def check_settings(settings: Settings) -> Settings:
    """The settings as given by a programmer; a wrong one is the programmer's mistake."""
    for item in fields(Settings):
        problem = settings_problem(item.name, getattr(settings, item.name))
        if problem:
            raise ValueError(problem)
    return settings


def read_settings(folder: Path) -> tuple[Settings, list[Finding]]:
    """Settings of ``dataset.toml``; a key that is unknown or wrong is told and its default holds."""
    path = folder / SETTINGS_FILE
    if not path.is_file():
        return Settings(), []
    try:
        given = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        return Settings(), [found("DAT-SETTING", f"{SETTINGS_FILE} cannot be read: {error}", file=SETTINGS_FILE)]
    names = [item.name for item in fields(Settings)]
    good: dict[str, str] = {}
    findings = []
    for key, value in given.items():
        problem = settings_problem(key, value) if key in names else _unknown_key(key, names)
        if problem:
            findings.append(found("DAT-SETTING", problem, file=SETTINGS_FILE))
        else:
            good[key] = value
    return Settings(**good), findings


def _unknown_key(key: str, names: list[str]) -> str:
    near = get_close_matches(key, names, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]}?" if near else f"; known are {', '.join(names)}"
    return f"unknown setting {key!r}{hint}"


def _zone_exists(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
