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
    "automatic",
    "override",
)

_RANKS = {layer: rank for rank, layer in enumerate(LAYERS)}


@dataclass(frozen=True, slots=True)
class Rule:
    """What holds for the items that meet every condition on the days ``[valid_from, valid_until)``.

    ``line`` counts from 1. ``author`` is who set a dated override. ``change_id`` names the change, in the journal, that
    a rule of layer "automatic" comes from. The values are typed as the dictionary says.
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
    change_id: str = ""

    @property
    def where(self) -> str:
        """File and line in the form editors understand: ``rules.toml:41``."""
        return f"{self.file}:{self.line}" if self.line else self.file

    @property
    def precedence(self) -> tuple[bool, int, bool, int]:
        """Of two rules the one with the greater precedence wins.

        Of overrides, and of what the system changed by itself, that is the one for a single location; of two of its own
        changes the one that begins later.
        """
        about_one_sku = self.layer in ("automatic", "override")
        begin = self.valid_from.toordinal() if self.layer == "automatic" and self.valid_from else 0
        return (not self.builtin, _RANKS[self.layer], about_one_sku and "location_id" in self.when, begin)

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
        if self.layer == "automatic":
            return f"changed by itself on {self.valid_from}: {self.reason} (change {self.change_id})"
        if self.layer == "override":
            return f"override by {self.author} {self.end}: {self.reason} ({self.where})"
        if self.layer == "default":
            return f"[defaults] ({self.where})"
        return f'rule "{self.name}" ({self.layer} layer, {"built-in" if self.builtin else self.where})'

    def __str__(self) -> str:
        """How messages name the rule: its name and where it stands."""
        if self.layer == "automatic":
            return f'"{self.name}" (change {self.change_id})'
        return f'"{self.name}" ({"built-in" if self.builtin else self.where})'
