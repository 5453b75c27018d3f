"""The command line: it translates between people and the library and decides nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skuwise._version import __version__
from skuwise.cli import serve_commands, watch_commands

app = typer.Typer(
    help="Plan stock one SKU at a time, across each SKU's whole life, and explain every number.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
rules_app = typer.Typer(help="What the rules say of an item; how many items each decides.")
app.add_typer(rules_app, name="rules")

Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="The dataset: sales.csv, stock.csv, supply.xlsx …")]
PlanFolder = Annotated[Path, typer.Argument(metavar="PLAN", help="Folder of a plan, as given to --out.")]
Sku = Annotated[str, typer.Argument(metavar="SKU", help="The SKU to explain.")]
AsOf = Annotated[
    str, typer.Option(metavar="DATE", help="First day not seen yet, YYYY-MM-DD; by default the day after the data.")
]
Location = Annotated[str, typer.Option(metavar="NAME", help="Location, where the SKU is stocked at several.")]


@app.callback(invoke_without_command=True)
def skuwise(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and leave.")] = False,
) -> None:
    if version:
        typer.echo(f"skuwise {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@rules_app.callback(invoke_without_command=True)
def rules(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command("plan", short_help="Plan every SKU of a folder; write and show the plan.")
def plan_command(
    folder: Folder,
    out: Annotated[Path, typer.Option(metavar="PLAN", help="New folder for the plan.")],
    as_of: AsOf = "",
    rules: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Rulebook; by default rules.toml of the folder, if any.")
    ] = None,
    journal: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Journal of `skuwise monitor`: what it has changed holds in the plan."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Part of the plan's identity.")] = 0,
    learn: Annotated[
        bool, typer.Option("--learn", help="First train a model over all items; it joins each forecast.")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a plan that is there already.")] = False,
) -> None:
    """Read a dataset, plan every SKU, write the plan and show it on one page."""
    from skuwise.cli.planning import plan_folder

    plan_folder(folder, out, as_of=as_of, rules=rules, journal=journal, seed=seed, learn=learn, overwrite=overwrite)


@app.command("replay", short_help="Re-live the past under several policies: which would have been best?")
def replay_command(
    folder: Folder,
    policy: Annotated[
        list[str] | None,
        typer.Option(
            metavar="POLICY",
            help="textbook, min_max, weeks_of_cover or skuwise, with settings: weeks_of_cover:cover_weeks=6, "
            "skuwise:learn=1. May be given several times; by default all four.",
        ),
    ] = None,
    reference: Annotated[
        str, typer.Option(metavar="POLICY", help="What the others are compared with; by default the textbook.")
    ] = "",
    start: Annotated[
        str,
        typer.Option(
            "--from", metavar="DATE", help="First day to judge; by default a year before the end, or half-way."
        ),
    ] = "",
    end: Annotated[
        str, typer.Option("--to", metavar="DATE", help="First day after the window; by default the day after the data.")
    ] = "",
    rules: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Rulebook; by default rules.toml of the folder, if any. Given several times, Skuwise is lived under "
            "each.",
        ),
    ] = None,
    choose: Annotated[
        bool, typer.Option("--choose", help="Pick settings on the earlier half of the window, show them on the later.")
    ] = False,
    by: Annotated[
        str,
        typer.Option(metavar="COLUMN", help="With --choose: pick by abc_class (default), pattern, stage, category …"),
    ] = "",
    target: Annotated[
        float | None,
        typer.Option(metavar="SHARE", help="With --choose: least stock that serves this share; else the lowest cost."),
    ] = None,
    cost_share: Annotated[
        float | None,
        typer.Option(metavar="SHARE", help="Unit cost as a share of the price where it is unknown, such as 0.5."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the lead times that are drawn.")] = 0,
    out: Annotated[Path, typer.Option(metavar="DIR", help="New folder for the report and the tables.")] = Path(
        "skuwise-replay"
    ),
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a replay that is there already.")] = False,
) -> None:
    """Re-live the shop's past week by week under several policies, each decision with what was known then.

    Tells in plain words whether Skuwise would have served more for less than what planners do by hand, and whether
    that may be luck; writes a report with charts (HTML and PNG) and tables (XLSX, CSV and Parquet).
    """
    from skuwise.cli.replaying import Asked, replay_folder

    asked = Asked(policy or [], reference, start, end, rules or [], cost_share, choose, by, target, seed)
    replay_folder(folder, out, asked, overwrite=overwrite)


@app.command(short_help="Report what is wrong with a folder; plan nothing.")
def check(
    folder: Folder,
    as_of: AsOf = "",
    quarantine: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the refused lines to this CSV file.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 where there are errors.")] = False,
) -> None:
    """Report every finding of a dataset with file, line, reason and mend; plan nothing."""
    from skuwise.cli.planning import check_folder

    check_folder(folder, as_of=as_of, quarantine=quarantine, strict=strict)


@app.command()
def explain(
    plan: PlanFolder,
    sku: Sku,
    field: Annotated[str, typer.Argument(metavar="[FIELD]", help="Any column of the plan.")] = "order_quantity_units",
    location: Location = "",
    full: Annotated[bool, typer.Option("--full", help="Every figure down to the rows of the files.")] = False,
) -> None:
    """Walk a number back to the rows it comes from."""
    from skuwise.cli.asking import explain_item

    explain_item(plan, sku, field, location or None, full=full)


@app.command()
def diff(
    plan_a: Annotated[Path, typer.Argument(metavar="PLAN_A", help="Folder of the plan to compare with.")],
    plan_b: Annotated[Path, typer.Argument(metavar="PLAN_B", help="Folder of the other plan.")],
    top: Annotated[int, typer.Option(min=0, help="Items to show, the dearest changes first.")] = 20,
) -> None:
    """Say in words what changed between two plans and why."""
    from skuwise.cli.asking import compare_plans

    compare_plans(plan_a, plan_b, top)


@app.command(short_help="Turnover, sell-through, weeks of supply, fill rate …")
def metrics(
    plan: PlanFolder,
    by: Annotated[
        str,
        typer.Option(metavar="COLUMN", help="Compare category, brand, supplier_id, abc_class, stage, location_id …"),
    ] = "",
    sku: Annotated[str, typer.Option(metavar="SKU", help="The metrics of one SKU instead of the shop's.")] = "",
    location: Location = "",
) -> None:
    """Turnover, sell-through, weeks of supply, fill rate and the rest, each naming its variant."""
    from skuwise.cli.measuring import show_metrics

    show_metrics(plan, by, sku, location or None)


@app.command()
def demo(
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Folder for the shop and its plan.")] = Path(
        "skuwise-demo"
    ),
    seed: Annotated[int, typer.Option(help="Another seed makes another shop.")] = 7,
) -> None:
    """Build the demo shop, plan it and show the result."""
    from skuwise.cli.planning import run_demo

    run_demo(out, seed)


@rules_app.command("explain", short_help="Every layer tried for one field of one item.")
def rules_explain(
    sku: Sku,
    field: Annotated[str, typer.Argument(metavar="FIELD", help="A rule field, such as service_target.")],
    plan: Annotated[Path, typer.Option(metavar="PLAN", help="Folder of a plan.")],
    location: Location = "",
) -> None:
    """Every layer that was tried for one field of one item, and the rule that holds."""
    from skuwise.cli.asking import explain_rule

    explain_rule(plan, sku, field, location or None)


@rules_app.command("list")
def rules_list(plan: Annotated[Path, typer.Option(metavar="PLAN", help="Folder of a plan.")]) -> None:
    """Each rule with how many items it decides."""
    from skuwise.cli.asking import list_rules

    list_rules(plan)


watch_commands.add_to(app, rules_app)
serve_commands.add_to(app)
