"""The rulebook in force: its newest version, what people decided for single SKUs, and what changed by itself."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Q

from skuwise.core.rules import Rule, Rulebook, RulebookError, built_in_rulebook, parse_overrides, parse_rulebook
from skuwise.server.accounts.actor import Actor
from skuwise.server.audit.record import record
from skuwise.server.catalog.shop import locked_settings
from skuwise.server.errors import ConflictError, NotFoundError, RefusedError
from skuwise.server.rules.models import Override, OverrideKind, RulebookVersion
from skuwise.watching.journal import JournalError, with_journal

SOURCE = "rulebook"


def rulebook_in_force(day: date | None = None, journal: Path | None = None) -> Rulebook:
    """The rulebook to plan with: the newest version, the overrides that have not ended, and the journal's rules.

    Overrides whose time has not begun or is over are in it too: the plan asks for the day. ``day`` leaves out those
    that were over before it.
    """
    rulebook = written_rulebook().with_overrides(overrides_in_force(day), "overrides")
    return with_rules_of(rulebook, journal)


def with_rules_of(rulebook: Rulebook, journal: Path | None) -> Rulebook:
    """The rulebook with what a journal has changed by itself; as it is where there is no journal yet."""
    if journal is None:
        return rulebook
    try:
        return with_journal(rulebook, journal)
    except JournalError:
        return rulebook


def written_rulebook() -> Rulebook:
    """The newest version alone; the built-in rules where none was written."""
    newest = RulebookVersion.objects.order_by("-number").first()
    return parsed(newest.text) if newest else built_in_rulebook()


def parsed(text: str) -> Rulebook:
    """A rulebook from its text. Raises ``RefusedError`` ``RBK-WRONG`` with every problem, line and mend."""
    try:
        rulebook = parse_rulebook(text, SOURCE)
    except RulebookError as error:
        problems = [{"line": one.line, "what": one.what, "mend": one.mend} for one in error.problems]
        raise RefusedError("RBK-WRONG", str(error), "mend the lines named and try again", problems=problems) from error
    if rulebook.overrides_file:
        raise RefusedError(
            "RBK-WRONG",
            "a table of overrides cannot be named here",
            "remove the line overrides = …; add them one by one",
        )
    return rulebook


def overrides_in_force(day: date | None = None) -> tuple[Rule, ...]:
    """Overrides of rule fields that have not been ended, as rules of the core."""
    rows = Override.objects.filter(kind=OverrideKind.RULE, ended_at=None).order_by("id")
    if day is not None:
        rows = rows.filter(Q(valid_until=None) | Q(valid_until__gt=day))
    return rules_of([_as_row(override) for override in rows.iterator(chunk_size=5000)])


def rules_of(rows: list[dict[str, Any]]) -> tuple[Rule, ...]:
    """Rows of the table of overrides as rules. Raises ``RefusedError`` ``OVR-WRONG`` with every problem."""
    try:
        return parse_overrides(rows, "overrides")
    except RulebookError as error:
        problems = [{"row": one.line - 2, "what": one.what, "mend": one.mend} for one in error.problems]
        first = error.problems[0]
        raise RefusedError("OVR-WRONG", first.what, first.mend, problems=problems) from error


def write_version(
    actor: Actor, text: str, reason: str, read_number: int, back_to: int | None = None
) -> RulebookVersion:
    """Put a new version in force. ``read_number`` is the version that the text was made from (0 for none).

    Raises ``ConflictError`` ``RBK-CHANGED`` where somebody else wrote one meanwhile.
    """
    actor.require_everywhere("edit_rules")
    if not reason.strip():
        raise RefusedError("RBK-REASON", "a change of the rulebook needs a reason", "say why in a sentence")
    parsed(text)
    with transaction.atomic():
        locked_settings()
        newest = RulebookVersion.objects.order_by("-number").first()
        number = newest.number if newest else 0
        if number != read_number:
            raise ConflictError(
                "RBK-CHANGED",
                f"the rulebook is at version {number}, this change was made from {read_number}",
                "read the newest version and make the change again",
                version=number,
            )
        made = RulebookVersion.objects.create(
            number=number + 1, text=text, author=actor.name, reason=reason, back_to=back_to
        )
        record(
            actor, "rulebook.written", "rulebook", made.number,
            before={"version": number}, after={"version": made.number, "back_to": back_to}, reason=reason,
        )  # fmt: skip
    return made


def version(number: int) -> RulebookVersion:
    """One version of the rulebook."""
    found = RulebookVersion.objects.filter(number=number).first()
    if found is None:
        raise NotFoundError("RBK-UNKNOWN", f"there is no version {number} of the rulebook", "look at its history")
    return found


def _as_row(override: Override) -> dict[str, Any]:
    return {
        "sku_id": override.sku_id,
        "location_id": override.location_id,
        "field": override.field,
        "value": override.value,
        "unit": override.unit,
        "from": override.valid_from or "",
        "until": override.valid_until or "",
        "author": override.author,
        "reason": override.reason,
    }
