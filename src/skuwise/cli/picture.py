"""Pictures of real output for the README: the demo shop is built, planned and shown, and the screen is drawn as SVG.

They are made by ``python -m skuwise.cli.doc_pages docs``. No font is fetched from anywhere: a viewer's own monospace
font is fitted to the width of each run of text.
"""

from __future__ import annotations

import io
import re
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme

from skuwise.cli.planning import DEMO_SEED
from skuwise.cli.summary import dearest_order, show_head, show_orders
from skuwise.core.plan import Plan
from skuwise.core.trace import explain, render
from skuwise.dataset import Dataset, load_dataset
from skuwise.demo import AS_OF, generate_demo_shop
from skuwise.planning.rulebook_files import load_rulebook
from skuwise.planning.run import plan

_WIDTH = 112
#: What Rich gives a character in its drawing.
_CHARACTER_WIDTH = 12.2
_THEME = TerminalTheme(
    (251, 251, 250),
    (36, 41, 47),
    [
        (36, 41, 47),
        (207, 34, 46),
        (17, 99, 41),
        (77, 45, 0),
        (9, 105, 218),
        (130, 80, 223),
        (27, 124, 131),
        (87, 96, 106),
    ],
)


def write_pictures(folder: Path) -> None:
    """Draw ``demo.svg``: what `skuwise demo` says of today's orders, and why the dearest of them is as large."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        dataset, made = demo_plan(Path(scratch) / "shop")
    (folder / "demo.svg").write_text(demo_picture(dataset, made), encoding="utf-8")


def demo_plan(shop: Path) -> tuple[Dataset, Plan]:
    """The demo shop and its plan, as `skuwise demo` makes them."""
    generate_demo_shop(shop, seed=DEMO_SEED)
    dataset = load_dataset(shop, as_of=AS_OF)
    return dataset, plan(dataset, load_rulebook(shop / "rules.toml"))


def demo_picture(dataset: Dataset, made: Plan) -> str:
    """The picture as SVG text."""
    console = Console(
        record=True,
        width=_WIDTH,
        file=io.StringIO(),
        highlight=False,
        markup=False,
        emoji=False,
        color_system="truecolor",
    )
    console.print("$ skuwise demo", style="bold blue")
    show_head(console, made, dataset)
    show_orders(console, made)
    console.print("…")
    row = dearest_order(made)
    sku, location = (str(made.columns[name][row]) for name in ("sku_id", "location_id"))
    console.print()
    console.print(f"$ skuwise explain skuwise-demo/plan {sku}", style="bold blue")
    console.print(render(explain(made, sku, location), width=_WIDTH), soft_wrap=True)
    svg = console.export_svg(title="skuwise demo", theme=_THEME, unique_id="skuwise")
    return _self_contained(svg)


def _self_contained(svg: str) -> str:
    """The picture without the web fonts and the comment of its maker: nothing is fetched where it is shown."""
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.DOTALL)
    monospace = "font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, DejaVu Sans Mono, monospace"
    svg = svg.replace("font-family: Fira Code, monospace", monospace)
    svg = re.sub(r'x="([\d.]+)" (y="[\d.]+") textLength="([\d.]+)"([^>]*)>((?:&#160;)+)(?!&#160;|<)', _moved_right, svg)
    return "\n".join(line.rstrip() for line in svg.splitlines()) + "\n"


def _moved_right(found: re.Match[str]) -> str:
    """An indented run of text placed where its first letter stands: some viewers drop blanks at the beginning."""
    x, y, length, rest, blanks = found.groups()
    indent = blanks.count("&") * _CHARACTER_WIDTH
    return f'x="{float(x) + indent:.1f}" {y} textLength="{float(length) - indent:.1f}"{rest}>'
