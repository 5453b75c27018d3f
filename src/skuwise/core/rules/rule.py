"""A rule, and the fixed order of layers in which a later one wins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from skuwise.core.rules.conditions import Condition
from skuwise.core.rules.values import Value

#: Later wins. Built-in rules carry the layer they speak in, but every one of them lies below "default".
LAYERS = (
    "built-in",
    "default",
    "supplier",
    "category",
    "class",
    "stage",
    "segment",
    "sku",
    "sku_location",
    "override",
)


@dataclass(frozen=True, slots=True)
class Rule:
    """What holds for the items that meet every condition on the days ``[valid_from, valid_until)``.

    ``line`` counts from 1. ``author`` is who set a dated override. The values are typed as the dictionary says.
    """

    name: str
    layer: str
    when: Mapping[str, Condition]
    values: Mapping[str, Value]
    valid_from: date | None = None
    valid_until: date | None = None
    reason: str = ""
    file: str = ""
    line: int = 0
    author: str = ""
    builtin: bool = False

    @property
    def where(self) -> str:
        """File and line in the form editors understand: ``rules.toml:41``."""
        return f"{self.file}:{self.line}" if self.line else self.file

    @property
    def precedence(self) -> tuple[bool, int, bool]:
        """Of two rules the one with the greater precedence wins; of overrides the one for a single location."""
        located = self.layer == "override" and "location_id" in self.when
        return (not self.builtin, LAYERS.index(self.layer), located)

    def holds_on(self, day: date) -> bool:
        begun = self.valid_from is None or self.valid_from <= day
        return begun and (self.valid_until is None or day < self.valid_until)

    @property
    def end(self) -> str:
        return f"until {self.valid_until}" if self.valid_until else "without end"

    @property
    def description(self) -> str:
        """The rule in one line, for whoever asks where a value comes from."""
        if self.layer == "built-in":
            return self.name
        if self.layer == "override":
            return f"override by {self.author} {self.end}: {self.reason} ({self.where})"
        if self.layer == "default":
            return f"[defaults] ({self.where})"
        return f'rule "{self.name}" ({self.layer} layer, {"built-in" if self.builtin else self.where})'

    def __str__(self) -> str:
        """How messages name the rule: its name and where it stands."""
        return f'"{self.name}" ({"built-in" if self.builtin else self.where})'
