"""The words of the commands that watch: monitor, alarms, changes and the history of rules."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

alarms_app = typer.Typer(help="What the watch has found: list, show, acknowledge, snooze.")
changes_app = typer.Typer(help="Changes of rules: list, show, undo, approve, refuse.")

JournalFolder = Annotated[
    Path | None,
    typer.Option("--journal", metavar="DIR", help="Folder of the journal; by default the only one in this folder."),
]
By = Annotated[str, typer.Option(metavar="NAME", help="Who decides it.")]
Why = Annotated[str, typer.Option(metavar="TEXT", help="Why, for whoever reads it later.")]
Ids = Annotated[list[str], typer.Argument(metavar="ID…", help="Ids, or their beginnings.")]
OneId = Annotated[str, typer.Argument(metavar="ID", help="An id, or its beginning.")]
Top = Annotated[int, typer.Option(min=1, help="Lines to show.")]
OfSku = Annotated[str, typer.Option(metavar="SKU", help="Only those of this SKU.")]


@alarms_app.callback(invoke_without_command=True)
@changes_app.callback(invoke_without_command=True)
def _help_alone(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def monitor(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The dataset: sales.csv, stock.csv …")],
    rules: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Rulebook; by default rules.toml of the folder, if any.")
    ] = None,
    journal: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder that remembers; by default FOLDER-journal beside it.")
    ] = None,
    as_of: Annotated[
        str, typer.Option(metavar="DATE", help="First day not seen yet; by default the day after the data.")
    ] = "",
    since: Annotated[
        str, typer.Option(metavar="DATE", help="Live week by week from this day on, each with what was known then.")
    ] = "",
    preview: Annotated[bool, typer.Option("--preview", help="Show what would happen; write and send nothing.")] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="PLAN", help="Write the plan with the changes into this new folder.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a plan that is there already.")] = False,
    notify: Annotated[
        list[str] | None,
        typer.Option(metavar="URL", help="Send the digest there (Apprise URL); by default to those of SKUWISE_NOTIFY."),
    ] = None,
    notify_always: Annotated[
        bool, typer.Option("--notify-always", help="Send it even where nothing has happened.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the digest as JSON.")] = False,
    top: Annotated[int, typer.Option(min=1, help="Lines to show of each group.")] = 5,
) -> None:
    """Watch the shop: what changed, which rule changed by itself for it, and what waits for you.

    Plans with the rules in force, looks for what has changed in demand, supply, stock and feed, changes rules within
    the guard-rails of the rulebook, and remembers all of it in a journal. Every change can be undone.
    """
    from skuwise.cli.watching import Asked, watch_folder

    urls = tuple(notify or ())
    watch_folder(
        folder, Asked(rules, journal, as_of, since, preview, out, overwrite, urls, notify_always, as_json, top)
    )


@alarms_app.command("list", short_help="Alarms, the most money first.")
def alarms_list(
    journal: JournalFolder = None,
    state: Annotated[
        str, typer.Option(help="open (default), acknowledged, snoozed, answered, resolved or all.")
    ] = "open",
    todo: Annotated[str, typer.Option(help="Only those of one thing to do: feed, order, supplier or look.")] = "",
    kind: Annotated[str, typer.Option(help="Only those of one kind, such as dead_stock.")] = "",
    sku: OfSku = "",
    top: Top = 40,
) -> None:
    """List alarms, the most money at stake first."""
    from skuwise.cli.answering import list_alarms

    list_alarms(journal, state, todo, kind, sku, top)


@alarms_app.command("show", short_help="All about one alarm.")
def alarms_show(alarm: OneId, journal: JournalFolder = None) -> None:
    """All about one alarm: what it says, since when, what to do, what it changed."""
    from skuwise.cli.answering import show_alarm

    show_alarm(journal, alarm)


@alarms_app.command("acknowledge", short_help="Say that alarms have been seen: they are told no more.")
def alarms_acknowledge(alarms: Ids, by: By, why: Why = "", journal: JournalFolder = None) -> None:
    """Say that alarms have been seen: they are told no more, and resolve when their reason is gone."""
    from skuwise.cli.answering import acknowledge_alarms

    acknowledge_alarms(journal, alarms, by, why)


@alarms_app.command("snooze", short_help="Tell nothing of alarms before a day.")
def alarms_snooze(
    alarms: Ids,
    until: Annotated[str, typer.Option(metavar="DATE", help="The day on which they are told again.")],
    by: By,
    why: Why = "",
    journal: JournalFolder = None,
) -> None:
    """Tell nothing of alarms before a day; until then they propose nothing either."""
    from skuwise.cli.answering import snooze_alarms

    snooze_alarms(journal, alarms, until, by, why)


@changes_app.command("list", short_help="Changes of rules, newest first.")
def changes_list(
    journal: JournalFolder = None,
    state: Annotated[
        str, typer.Option(help="applied, waiting, refused, undone, withdrawn, over, or all (default).")
    ] = "all",
    field: Annotated[str, typer.Option(help="Only those of one field, such as learn_from or stage.")] = "",
    sku: OfSku = "",
    top: Top = 40,
) -> None:
    """List what changed by itself, what waits for a person and what people decided, newest first."""
    from skuwise.cli.answering import list_changes

    list_changes(journal, state, field, sku, top)


@changes_app.command("show", short_help="All about one change.")
def changes_show(change: OneId, journal: JournalFolder = None) -> None:
    """All about one change: from what to what, why, by whom, and what happened to it since."""
    from skuwise.cli.answering import show_change

    show_change(journal, change)


SomeIds = Annotated[list[str] | None, typer.Argument(metavar="ID…", help="Ids, or their beginnings.")]
Every = Annotated[bool, typer.Option("--all", help="Every one that can be.")]
OfField = Annotated[str, typer.Option(metavar="FIELD", help="Every one of this field, such as learn_from.")]
OfKind = Annotated[str, typer.Option(metavar="KIND", help="Every one of this kind of alarm, such as lead_time_drift.")]


@changes_app.command("undo", short_help="Take applied changes back.")
def changes_undo(
    by: By,
    changes: SomeIds = None,
    every: Every = False,
    field: OfField = "",
    kind: OfKind = "",
    sku: OfSku = "",
    why: Why = "",
    journal: JournalFolder = None,
) -> None:
    """Take applied changes back: what held before holds again, and the same alarm does not change it again."""
    from skuwise.cli.answering import Chosen, undo_changes

    undo_changes(journal, Chosen(changes or [], every, field, kind, sku), by, why)


@changes_app.command("approve", short_help="Apply changes that wait.")
def changes_approve(
    by: By,
    changes: SomeIds = None,
    every: Every = False,
    field: OfField = "",
    kind: OfKind = "",
    sku: OfSku = "",
    why: Why = "",
    journal: JournalFolder = None,
) -> None:
    """Apply changes that wait for a person; named by their ids, also those that were refused or undone before."""
    from skuwise.cli.answering import Chosen, approve_changes

    approve_changes(journal, Chosen(changes or [], every, field, kind, sku), by, why)


@changes_app.command("refuse", short_help="Decide against changes that wait.")
def changes_refuse(
    by: By,
    changes: SomeIds = None,
    every: Every = False,
    field: OfField = "",
    kind: OfKind = "",
    sku: OfSku = "",
    why: Why = "",
    journal: JournalFolder = None,
) -> None:
    """Decide against changes that wait; their alarms ask no more."""
    from skuwise.cli.answering import Chosen, refuse_changes

    refuse_changes(journal, Chosen(changes or [], every, field, kind, sku), by, why)


def rules_history(
    sku: Annotated[str, typer.Argument(metavar="SKU", help="The SKU to tell of.")],
    field: Annotated[str, typer.Argument(metavar="[FIELD]", help="Only this rule field, or stage.")] = "",
    location: Annotated[str, typer.Option(metavar="NAME", help="Only this location.")] = "",
    journal: JournalFolder = None,
) -> None:
    """What was ever decided about the rules of a SKU: by itself, by people, and by overrides, in the order of time."""
    from skuwise.cli.answering import show_history

    show_history(journal, sku, field, location)


def add_to(app: typer.Typer, rules_app: typer.Typer) -> None:
    """Give the commands to the command line."""
    app.command("monitor", short_help="Watch the shop: alarms, what changed by itself, what waits.")(monitor)
    app.add_typer(alarms_app, name="alarms")
    app.add_typer(changes_app, name="changes")
    rules_app.command("history", short_help="What was ever decided about the rules of a SKU.")(rules_history)
