"""The report of a replay: whole in itself, safe whatever a shop calls its things, and true to the figures."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import fastexcel
import numpy as np
import polars as pl
import pytest

from skuwise.core.rules import parse_rulebook
from skuwise.dataset import load_dataset
from skuwise.replaying.result import Comparison, Judged, Replay
from skuwise.replaying.run import replay
from skuwise.reports import replay_folder, replay_words
from skuwise.reports.charts import Dot, Said, Series, grouped_bars, over_time, stacked_bars, trade_off
from skuwise.reports.page import DARK, LIGHT
from skuwise.reports.replay_folder import REPLAY_FILE, replay_picture, write_replay
from skuwise.reports.replay_page import Origin, replay_page
from skuwise.reports.replay_tables import replay_tables
from skuwise.reports.svg import INKS, TEXT_COLOUR, clean
from skuwise.simulate.scores import Difference
from skuwise.snapshot import SnapshotError

ORIGIN = Origin("shop", "ab12", "rules.toml", "cd34", "0.1.0", "skuwise replay shop")
HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>\x00'


def shop(items: int = 12, weeks: int = 60, *, money: bool = True) -> dict[str, object]:
    """Tables of a shop of some weeks: sales every third day or so, terms of supply, and prices where asked for."""
    rng = np.random.Generator(np.random.Philox(5))
    days = np.datetime64("2025-01-06") + np.arange(7 * weeks)
    sold = rng.poisson(rng.gamma(2.0, 1.0, items)[:, None], (items, len(days)))
    item, day = np.nonzero(sold)
    skus = [f"SKU-{number:02d}" for number in range(items)]
    sales = {"date": days[day].tolist(), "sku_id": [skus[one] for one in item], "units": sold[item, day].tolist()}
    if money:
        sales["unit_price"] = [20.0 + one for one in item]
    supply: dict[str, object] = {"sku_id": skus, "lead_time_days_mean": [7.0 + 3 * (one % 5) for one in range(items)]}
    if money:
        supply["unit_cost"] = [9.0 + one / 2 for one in range(items)]
    categories = [("mugs", "tees")[one % 2] for one in range(items)]
    return {
        "sales": pl.DataFrame(sales),
        "supply": pl.DataFrame(supply),
        "skus": pl.DataFrame({"sku_id": skus, "category": categories}),
    }


@pytest.fixture(scope="module")
def lived() -> Replay:
    return replay(load_dataset(shop()), keep_periods=True)


@pytest.fixture(scope="module")
def hostile(lived: Replay) -> Replay:
    """The same replay of a shop whose names try to be markup."""
    judged = lived.judged
    names = np.array([f"{HOSTILE}{number}" for number in range(len(judged))])
    segments = tuple(
        replace(one, names=tuple(f"{HOSTILE}{name}" for name in one.names), measures=one.measures)
        for one in lived.segments
    )
    specs = tuple(replace(spec, name=f"{spec.name}{HOSTILE}") for spec in lived.policies)
    renamed = {old.name: new.name for old, new in zip(lived.policies, specs, strict=True)}
    comparisons = tuple(
        replace(one, policy=renamed[one.policy], reference=renamed[one.reference]) for one in lived.comparisons
    )
    return replace(
        lived,
        judged=replace(judged, sku_id=names),
        segments=segments,
        policies=specs,
        reference=renamed[lived.reference],
        comparisons=comparisons,
        cannot_judge=(HOSTILE,),
        as_it_was=None,
        as_it_was_absent=HOSTILE,
    )


class Seen(HTMLParser):
    """What a browser would make of a page: its elements with their attributes, and how they are nested."""

    EMPTY = frozenset({"meta", "br"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.inside: list[tuple[str, ...]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.inside.append(tuple(self.open))
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.inside.append(tuple(self.open))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def drawings(page: str) -> Iterator[ElementTree.Element]:
    return (ElementTree.fromstring(svg) for svg in re.findall(r"<svg.*?</svg>", page, re.DOTALL))


def test_the_page_fetches_nothing(lived: Replay) -> None:
    page = replay_page(lived, ORIGIN)
    addresses = set(re.findall(r"\w+://[^\s\"'<]+", page))
    assert addresses <= {"http://www.w3.org/2000/svg"}
    seen = Seen(page)
    assert {tag for tag, _ in seen.elements} & {"img", "link", "iframe", "object", "base", "form"} == set()
    assert all(a["href"].startswith("#") for a in seen.all("a"))
    assert not re.search(r"@import|url\(", page)
    policy = next(m["content"] for m in seen.all("meta") if m.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy


def test_names_from_the_shop_never_become_markup(hostile: Replay) -> None:
    page = replay_page(hostile, ORIGIN)
    seen = Seen(page)
    assert len(seen.all("script")) == 1
    assert seen.all("img") == []
    assert not any(name.startswith("on") for _, attributes in seen.elements for name in attributes)
    assert "&lt;script&gt;alert(1)" in page
    assert len(list(drawings(page))) > 5  # and each is well-formed


def test_every_chart_is_told_in_words_and_has_its_table(lived: Replay) -> None:
    page = replay_page(lived, ORIGIN)
    seen = Seen(page)
    assert seen.open == []
    ids = [attributes["id"] for _, attributes in seen.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for svg in seen.all("svg"):
        assert svg["role"] == "img"
        assert set(svg["aria-labelledby"].split()) <= set(ids)
    figures = re.findall(r"<figure>.*?</figure>", page, re.DOTALL)
    assert len(figures) == len(seen.all("svg")) > 5
    assert [figure[:90] for figure in figures if "<table" not in figure] == []
    for chart in drawings(page):
        title, words = (chart.find(f"{{*}}{name}") for name in ("title", "desc"))
        assert title is not None
        assert words is not None
        assert title.text
        assert len(words.text or "") > 20


def test_every_table_has_a_caption_and_headers(lived: Replay) -> None:
    page = replay_page(lived, ORIGIN)
    tables = re.findall(r"<table.*?</table>", page, re.DOTALL)
    assert len(tables) > 10
    for table in tables:
        assert "<caption>" in table
        columns = table.split("</thead>")[0].count('scope="col"')
        body = table.split("<tbody>")[1]
        rows = re.findall(r"<tr>.*?</tr>", body)
        assert rows
        assert all(row.count("<td") + row.count("<th") == columns for row in rows)


def test_the_links_of_the_page_lead_to_its_sections(lived: Replay) -> None:
    seen = Seen(replay_page(lived, ORIGIN))
    sections = {section["id"] for section in seen.all("section")}
    assert {link["href"] for link in seen.all("a")} == {f"#{name}" for name in sections}


def test_the_page_says_what_the_tables_hold(lived: Replay) -> None:
    page = replay_page(lived, ORIGIN)
    policies = replay_tables(lived)["policies"]
    for row in policies.iter_rows(named=True):
        assert f"{100 * row['fill_rate']:.1f}%" in page
        assert f"{row['lost_units']:,}" in page
        assert f"{row['cost_minor'] / 100:,.0f}" in page
    for sentence in (*lived.cannot_judge, *lived.assumptions):
        assert clean(sentence) in page


def test_the_same_replay_makes_the_same_page(lived: Replay) -> None:
    again = replay(load_dataset(shop()), keep_periods=True)
    assert replay_page(again, ORIGIN) == replay_page(lived, ORIGIN)


def test_segments_items_and_periods_add_up_to_the_total(lived: Replay) -> None:
    tables = replay_tables(lived)
    for measure in ("demanded_units", "lost_units", "orders_placed", "cost_minor"):
        total = dict(tables["policies"].select("policy", measure).iter_rows())
        for frame, keys in ((tables["segments"], ["segment", "policy"]), (tables["items"], ["policy"])):
            for row in frame.group_by(keys).agg(pl.col(measure).sum()).iter_rows(named=True):
                assert row[measure] == total[row["policy"]]
    lost = tables["periods"].group_by("policy").agg(pl.col("lost_units").sum())
    assert dict(lost.iter_rows()) == dict(tables["policies"].select("policy", "lost_units").iter_rows())


def test_the_folder_holds_page_workbook_and_tables(lived: Replay, tmp_path: Path) -> None:
    folder = write_replay(lived, tmp_path / "out", ORIGIN)
    tables = replay_tables(lived)
    names = {path.name for path in folder.iterdir()}
    assert {f"{name}.{kind}" for name in tables for kind in ("csv", "parquet")} <= names
    assert {"report.html", "report.png", "replay.xlsx", REPLAY_FILE} <= names
    book = fastexcel.read_excel(folder / "replay.xlsx")
    assert book.sheet_names == list(tables)
    for name, frame in tables.items():
        assert pl.read_parquet(folder / f"{name}.parquet").equals(frame)
        assert pl.read_csv(folder / f"{name}.csv").height == frame.height
        assert book.load_sheet(name).height == frame.height
    assert json.loads((folder / REPLAY_FILE).read_text("utf-8"))["dataset_hash"] == "ab12"


def test_a_name_that_looks_like_a_formula_stays_a_name(lived: Replay, tmp_path: Path) -> None:
    names = np.array([f"=1+{number}" for number in range(len(lived.judged))])
    risky = replace(lived, judged=replace(lived.judged, sku_id=names))
    folder = write_replay(risky, tmp_path / "out", ORIGIN)
    sheet = fastexcel.read_excel(folder / "replay.xlsx").load_sheet("items").to_polars()
    assert set(sheet["sku_id"]) == set(names)
    assert set(pl.read_csv(folder / "items.csv")["sku_id"]) == {f"'{name}" for name in names}


def test_a_write_that_fails_leaves_what_was_there(
    lived: Replay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_replay(lived, tmp_path / "out", ORIGIN)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    def full_disk(*_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(replay_folder, "replay_page", full_disk)
    for target in (folder, tmp_path / "new"):
        with pytest.raises(OSError, match="No space"):
            write_replay(lived, target, ORIGIN, overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_folder_of_something_else_is_never_touched(lived: Replay, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(SnapshotError, match="left alone"):
        write_replay(lived, tmp_path, ORIGIN, overwrite=True)
    folder = write_replay(lived, tmp_path / "mine", ORIGIN)
    with pytest.raises(SnapshotError, match="--overwrite"):
        write_replay(lived, folder, ORIGIN)


def test_a_shop_without_prices_is_told_in_units_and_says_so(tmp_path: Path) -> None:
    lived = replay(load_dataset(shop(money=False)), keep_periods=True)
    page = replay_page(lived, ORIGIN)
    assert "price and unit cost of the items are not known" in page
    assert "chart-cost" not in page
    assert "-0.01" not in page
    assert "−USD 0.01" not in page
    policies = pl.read_csv(write_replay(lived, tmp_path / "out", ORIGIN) / "policies.csv")
    assert policies["cost_minor"].null_count() == policies.height


def test_one_item_is_a_story_and_no_proof() -> None:
    lived = replay(load_dataset(shop(items=1)), keep_periods=True)
    page = replay_page(lived, ORIGIN)
    assert "1 item is too few to tell luck from skill" in page
    assert "no luck" not in page


@pytest.mark.parametrize(
    ("difference", "short", "tone"),
    [
        (Difference(-5.0, -8.0, -2.0, 100), "better, and no luck", "good"),
        (Difference(5.0, 2.0, 8.0, 100), "worse, and no luck", "bad"),
        (Difference(-5.0, -12.0, 2.0, 100), "cannot be told apart", ""),
        (Difference(-5.0, -8.0, -2.0, 3), "too few items to tell", ""),
    ],
)
def test_a_difference_is_called_real_only_where_its_band_leaves_zero_out(
    difference: Difference, short: str, tone: str
) -> None:
    nothing = Difference(0.0, 0.0, 0.0, difference.items)
    compared = Comparison("skuwise", "textbook", nothing, nothing, difference, nothing, ())
    said = replay_words.verdict(compared, "USD")
    assert (said.short, said.tone) == (short, tone)
    if difference.items == 100:
        assert "USD 500" in said.sentence  # 5.00 an item, 100 items
    without_money = replace(compared, cost=None, fill_rate=replace(difference, mean=0.05, low=0.02, high=0.08))
    assert "5.0 points higher" in replay_words.verdict(without_money, "USD").sentence or difference.items == 3


def test_the_headline_counts_what_it_says(lived: Replay) -> None:
    ours, base = replay_words.headline_policy(lived), replay_words.reference_policy(lived)
    assert lived.policies[ours].kind == "skuwise"
    lost = lived.total.lost_margin_minor[:, 0]
    said = re.search(r"lost (\d+)% (less|more) margin", replay_words.headline(lived))
    assert said is not None
    share = 100 * (1 - lost[ours] / lost[base]) * (1 if said[2] == "less" else -1)
    assert int(said[1]) == round(share)


def contrast(one: str, other: str) -> float:
    """WCAG 2.2 contrast ratio of two colours #rrggbb."""

    def light(colour: str) -> float:
        wide = colour if len(colour) == 7 else "#" + "".join(letter * 2 for letter in colour[1:])
        parts = [int(wide[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    high, low = sorted((light(one), light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_words_and_inks_can_be_told_from_their_paper_in_light_and_dark() -> None:
    for theme, side in ((LIGHT, "light"), (DARK, "dark")):
        colour = dict(re.findall(r"--(\w+):(#\w+)", theme))
        papers = [colour[name] for name in ("paper", "page", "stripe")]
        for words in ("ink", "soft", "link", "good", "bad"):
            assert min(contrast(colour[words], paper) for paper in papers) >= 4.5, (side, words)
        for number, ink in enumerate(INKS):
            assert contrast(getattr(ink, side), colour["paper"]) >= 3, (side, number)
    assert contrast(TEXT_COLOUR, "#ffffff") >= 4.5


def test_the_parts_of_the_cost_add_up_to_it_where_the_rules_name_the_cost_of_a_unit_short() -> None:
    rules = parse_rulebook("[defaults]\nshortage_cost_minor = 77\n")
    lived = replay(load_dataset(shop()), rulebook=rules)
    total = lived.total
    assert (total.shortage_cost_minor != total.lost_margin_minor).any()
    parts = total.shortage_cost_minor + total.holding_cost_minor + total.order_cost_minor
    np.testing.assert_array_equal(parts, total.cost_minor)
    page = replay_page(lived, ORIGIN)
    rows = re.search(r"Cost and its parts.*?</table>", page, re.DOTALL)
    assert rows is not None
    for cost in (*total.shortage_cost_minor[:, 0], *total.cost_minor[:, 0]):
        assert replay_words.amount_minor(float(cost), lived.currency) in rows[0]


def test_charts_of_nothing_and_of_extremes_are_still_charts() -> None:
    said = Said("chart", "Title & more", "A description that is long enough to be one.")
    starts = np.datetime64("2026-01-05") + 7 * np.arange(1)
    flat = Series("a", 0, np.zeros(1))
    huge = Series("b", 1, np.array([1e12]))
    unknown = Series("c", 2, np.array([np.nan]))
    dot = Dot("d", 3, 0.0, 1.0, "hint")
    charts = [
        over_time(said, starts, [flat, huge, unknown], "units"),
        over_time(said, starts[:0], [Series("a", 0, np.zeros(0))], "units"),
        stacked_bars(said, ["x"], [flat], str),
        stacked_bars(said, [], [], str),
        grouped_bars(said, ["x"], [flat, unknown], str, str),
        grouped_bars(said, ["x"], [unknown], str, str),
        trade_off(said, [dot, replace(dot, y=float("nan"))], "x", "y", str, str),
        trade_off(said, [], "x", "y", str, str),
    ]
    for chart in charts:
        root = ElementTree.fromstring(chart)
        told = " ".join(value for element in root.iter() for value in element.attrib.values())
        assert not re.search(r"\bnan\b|\binf\b", told)


def test_the_picture_is_a_png_with_letters_on_it(lived: Replay, hostile: Replay) -> None:
    made = replay_picture(lived, ORIGIN)
    assert made[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = (int.from_bytes(made[place : place + 4], "big") for place in (16, 20))
    assert width > 1200
    assert height > 1200
    other = replay_picture(replace(lived, reference=lived.reference), replace(ORIGIN, source="another shop"))
    assert other != made  # the title is drawn
    assert replay_picture(hostile, ORIGIN)[:4] == b"\x89PNG"


def test_judged_items_are_as_many_as_the_table_says(lived: Replay) -> None:
    assert isinstance(lived.judged, Judged)
    assert replay_tables(lived)["items"].height == len(lived.judged) * len(lived.policies)
