"""The demo shop: its files agree with one another, its faults are the ones that were planted, and it never changes."""

from __future__ import annotations

import hashlib
import tomllib
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from skuwise.core.dictionary import CONTRACT_TABLES, fields_of
from skuwise.demo import BAD_ROWS, generate_demo_shop, planted

AS_OF = date(2026, 3, 2)
ZONE = "America/New_York"
ITEM = ["sku_id", "location_id"]


@pytest.fixture(scope="module")
def shop_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    generate_demo_shop(folder)
    return folder


def read_text(folder: Path, table: str) -> pl.DataFrame:
    """A table as it stands in its file, every column as text."""
    path = next(folder.glob(f"{table}.*"))
    if path.suffix == ".parquet":
        return pl.read_parquet(path).select(pl.all().cast(pl.String))
    if path.suffix == ".xlsx":
        return pl.read_excel(path, infer_schema_length=0)
    encoding = "cp1252" if table == "skus" else "utf-8-sig"
    text = path.read_bytes().decode(encoding)
    return pl.read_csv(text.encode(), infer_schema=False).fill_null("")


def without_bad_rows(frame: pl.DataFrame, sku_ids: pl.Series) -> pl.DataFrame:
    """Sound rows: not a marked copy, not a duplicate, of a known SKU."""
    if "order_id" in frame.columns:
        frame = frame.filter(~pl.col("order_id").str.starts_with("BAD-"))
    return frame.unique(maintain_order=True).filter(pl.col("sku_id").is_in(sku_ids.implode()))


@pytest.fixture(scope="module")
def sku_ids(shop_folder: Path) -> pl.Series:
    return read_text(shop_folder, "skus")["sku_id"]


@pytest.fixture(scope="module")
def sales(shop_folder: Path, sku_ids: pl.Series) -> pl.DataFrame:
    """Sound order lines with the day in the shop's own zone."""
    frame = without_bad_rows(read_text(shop_folder, "sales"), sku_ids)
    moment = pl.col("date").str.to_datetime("%Y-%m-%dT%H:%M:%S%#z", time_zone="UTC")
    return frame.with_columns(moment.dt.convert_time_zone(ZONE).dt.date().alias("day"), pl.col("units").cast(pl.Int64))


@pytest.fixture(scope="module")
def component_sales(shop_folder: Path, sales: pl.DataFrame, sku_ids: pl.Series) -> pl.DataFrame:
    """Net units that left the shelf (sku_id, location_id, day, units), bundles as their components."""
    recipes = (
        read_text(shop_folder, "bundles")
        .filter(pl.col("component_sku_id").is_in(sku_ids.implode()) & (pl.col("component_units") != "0"))
        .with_columns(
            pl.col("component_units").cast(pl.Int64), pl.col("valid_from", "valid_until").str.to_date(strict=False)
        )
    )
    sets = sales.join(recipes, left_on="sku_id", right_on="bundle_sku_id").filter(
        (pl.col("valid_from").is_null() | (pl.col("day") >= pl.col("valid_from")))
        & (pl.col("valid_until").is_null() | (pl.col("day") < pl.col("valid_until")))
    )
    parts = sets.select(
        pl.col("component_sku_id").alias("sku_id"), "location_id", "day", pl.col("units") * pl.col("component_units")
    )
    singles = sales.filter(~pl.col("sku_id").str.starts_with("SET-")).select("sku_id", "location_id", "day", "units")
    return pl.concat([singles, parts])


@pytest.fixture(scope="module")
def counts(shop_folder: Path) -> pl.DataFrame:
    frame = pl.read_parquet(shop_folder / "stock.parquet")
    return frame.filter((pl.col("on_hand_units") >= 0) & ~pl.col("sku_id").is_in(["SAMPLE-DESK", "PALLET"]))


@pytest.fixture(scope="module")
def receipts(shop_folder: Path, sku_ids: pl.Series) -> pl.DataFrame:
    frame = without_bad_rows(read_text(shop_folder, "receipts"), sku_ids)
    return frame.with_columns(
        pl.col("received_on", "ordered_on").str.to_date(),
        pl.col("units").cast(pl.Int64),
        day=pl.col("received_on").str.to_date(),
    )


def test_between_any_two_counts_stock_changes_by_what_came_and_what_went(
    counts: pl.DataFrame, receipts: pl.DataFrame, component_sales: pl.DataFrame
) -> None:
    moved = pl.concat(
        [
            receipts.select(*ITEM, "day", "units"),
            component_sales.select(*ITEM, "day", -pl.col("units")),
        ]
    )
    weekly = counts.sort(*ITEM, "date").with_columns(pl.col("date").alias("counted"))
    placed = moved.sort("day").join_asof(
        weekly.sort("date"), left_on="day", right_on="date", by=ITEM, strategy="forward", check_sortedness=False
    )
    change = placed.group_by(*ITEM, "counted").agg(pl.col("units").sum().alias("moved_units"))
    checked = weekly.join(change, on=[*ITEM, "counted"], how="left").with_columns(
        pl.col("on_hand_units").diff().over(ITEM).alias("change"), pl.col("moved_units").fill_null(0)
    )
    between = checked.filter(pl.col("change").is_not_null())
    assert between.height > 150_000
    assert between.filter(pl.col("change") != pl.col("moved_units")).height == 0


def test_what_is_still_to_come_was_ordered_and_has_not_arrived(
    shop_folder: Path, receipts: pl.DataFrame, sku_ids: pl.Series
) -> None:
    orders = without_bad_rows(read_text(shop_folder, "open_orders"), sku_ids)
    coming = orders.filter(pl.col("status").is_in(["open", "in_transit"]))
    assert coming.height > 200
    assert coming["ordered_on"].str.to_date().max() < AS_OF
    overdue = coming.filter(pl.col("expected_on").str.to_date() < AS_OF)
    assert 10 < overdue.height < coming.height / 2
    assert receipts["received_on"].max() < AS_OF
    assert orders.filter(pl.col("status") == "draft").height == 8
    assert orders.filter(pl.col("status") == "received").height == 30


def test_nothing_is_sold_on_a_day_that_is_said_to_be_out_of_stock(
    shop_folder: Path, component_sales: pl.DataFrame, sku_ids: pl.Series
) -> None:
    rows = without_bad_rows(read_text(shop_folder, "availability"), sku_ids).filter(pl.col("in_stock_share") == "0.0")
    days = pl.col("days").cast(pl.Int64)
    start = pl.col("date").str.to_date()
    out = rows.with_columns(pl.date_ranges(start, start + pl.duration(days=days - 1)).alias("day")).explode("day")
    assert out.unique([*ITEM, "day"]).height == out.height > 20_000
    assert rows.select(days.max()).item() <= 31
    assert out.join(component_sales.filter(pl.col("units") > 0), on=[*ITEM, "day"]).height == 0


def test_best_sellers_are_missing_while_slow_movers_fill_the_shelves(
    counts: pl.DataFrame, component_sales: pl.DataFrame
) -> None:
    now = counts.filter(pl.col("date") == AS_OF - timedelta(days=1))
    year = component_sales.filter(pl.col("day") >= AS_OF - timedelta(days=365))
    sold = year.group_by(ITEM).agg(pl.col("units").sum().alias("year_units"))
    items = now.join(sold, on=ITEM, how="left").with_columns(pl.col("year_units").fill_null(0))
    best = items.sort("year_units", descending=True).head(200)
    assert best.filter(pl.col("on_hand_units") == 0).height >= 8
    slow = items.filter(pl.col("year_units") <= items["year_units"].median())
    assert slow.filter(pl.col("on_hand_units") > pl.col("year_units")).height >= 150


def test_the_shop_has_the_size_and_the_variety_it_promises(shop_folder: Path, sales: pl.DataFrame) -> None:
    skus = read_text(shop_folder, "skus").unique("sku_id", maintain_order=True).filter(pl.col("sku_id") != "")
    assert skus.height == 1200
    assert skus.filter(pl.col("sku_id").str.starts_with("SET-")).height == 40
    assert 300 <= skus["product_id"].n_unique() <= 400
    assert skus["category"].n_unique() == 8
    assert skus.filter(pl.col("supplier_id") != "")["supplier_id"].n_unique() == 25
    assert skus["name"].str.contains("é|è").any(), "names that only an encoding keeps whole"
    successors = skus.filter(pl.col("successor_sku_id") != "")
    assert successors.height > 20
    assert successors["successor_sku_id"].is_in(skus["sku_id"].implode()).all()
    launched = skus["launch_date"].str.to_date(strict=False)
    assert ((launched > AS_OF - timedelta(days=800)) & (launched < AS_OF)).sum() > 100
    ending = skus["end_of_life_date"].str.to_date(strict=False)
    assert (ending < AS_OF).sum() > 20
    assert (ending >= AS_OF).sum() > 5
    assert 250_000 < sales.height < 400_000
    assert sales["channel_id"].unique().sort().to_list() == ["AMAZON", "SHOPIFY", "WALMART"]
    assert sales["location_id"].unique().sort().to_list() == ["EAST", "WEST"]
    assert set(sales["kind"].unique()) == {"", "promotion", "return", "cancellation"}
    assert sales["day"].min() == AS_OF - timedelta(days=917)
    assert sales["day"].max() == AS_OF - timedelta(days=1)
    assert sum(path.stat().st_size for path in shop_folder.iterdir()) < 40e6


def test_garden_sells_in_spring_and_gifts_before_christmas(shop_folder: Path, sales: pl.DataFrame) -> None:
    by_month = (
        sales.filter(pl.col("kind").is_in(["", "promotion"]) & (pl.col("day").dt.year() == 2025))
        .with_columns(pl.col("sku_id").str.slice(0, 3).alias("category"), pl.col("day").dt.month().alias("month"))
        .group_by("category", "month")
        .agg(pl.col("units").sum())
    )
    best = {code: month for code, month, _ in by_month.sort("units").group_by("category").last().iter_rows()}
    assert best["GDN"] in (4, 5)
    assert best["GFT"] in (11, 12)
    assert best["WIN"] in (11, 12)


def test_orders_that_could_not_be_filled_say_what_was_asked_for(sales: pl.DataFrame) -> None:
    short = sales.filter(pl.col("requested_units") != "")
    assert (short["requested_units"].cast(pl.Int64) > short["units"]).all()
    assert short.filter(pl.col("units") > 0).height > 500
    assert short.filter(pl.col("units") == 0).height > 1000


def test_what_comes_back_belongs_to_an_order(sales: pl.DataFrame) -> None:
    back = sales.filter(pl.col("units") < 0)
    original = back.with_columns(pl.col("order_id").str.slice(1)).join(
        sales, on=["order_id", "line_id", "sku_id"], suffix="_sold"
    )
    assert original.height == back.height > 10_000
    assert (original["units_sold"] + original["units"] >= 0).all()
    assert (original["day"] >= original["day_sold"]).all()
    unmarked = back.filter(pl.col("kind") == "")
    assert unmarked.height > 100
    assert unmarked["order_id"].str.starts_with("C").all()


def test_order_and_line_number_tell_lines_apart(sales: pl.DataFrame) -> None:
    assert sales.select(pl.struct("order_id", "line_id").is_duplicated().sum()).item() == 0


def test_every_column_is_one_of_the_contract(shop_folder: Path) -> None:
    in_major_currency = {"unit_price", "unit_cost", "order_cost"}
    for table in CONTRACT_TABLES:
        frame = read_text(shop_folder, table)
        known = set(fields_of(table)) | in_major_currency
        assert set(frame.columns) <= known, table
        required = {name for name, field in fields_of(table).items() if field.required}
        assert required <= {f"{name}_minor" if name in in_major_currency else name for name in frame.columns}, table


#: How each kind shows itself to someone who reads the file as text.
SYMPTOMS: dict[tuple[str, str], pl.Expr] = {
    ("sales", "duplicate line"): pl.struct(pl.all()).is_duplicated(),
    ("sales", "unknown SKU"): pl.col("sku_id").is_in(["GDN-999-SAG", "OLD-CATALOGUE-17"]),
    ("sales", "code that is no product"): pl.col("sku_id").is_in(["SHIPPING", "GIFT-CARD-50", "TIP"]),
    ("sales", "future date"): pl.col("date").str.to_date("%Y-%m-%d", strict=False) >= AS_OF,
    ("sales", "text in units"): pl.col("units").str.contains("[a-z?]"),
    ("sales", "half units"): pl.col("units").str.ends_with(".5"),
    ("sales", "date that does not exist"): pl.col("date").is_in(["2025-02-30", "2025-13-01", "yesterday"]),
    ("sales", "blank SKU"): pl.col("sku_id") == "",
    ("sales", "blank date"): pl.col("date") == "",
    ("skus", "blank SKU"): pl.col("sku_id") == "",
    ("skus", "duplicate SKU"): pl.col("sku_id").is_duplicated(),
    ("stock", "unknown SKU"): pl.col("sku_id").is_in(["SAMPLE-DESK", "PALLET"]),
    ("stock", "negative stock"): pl.col("on_hand_units").str.starts_with("-"),
    ("supply", "unknown SKU"): pl.col("sku_id").is_in(["GDN-999-SAG", "OLD-CATALOGUE-17"]),
    ("supply", "text in MOQ"): pl.col("moq_units").str.contains("pallet"),
    ("supply", "negative lead time"): pl.col("lead_time_days_mean").str.starts_with("-"),
    ("supply", "order multiple of zero"): pl.col("order_multiple_units") == "0",
    ("open_orders", "unknown SKU"): pl.col("sku_id") == "OLD-CATALOGUE-17",
    ("open_orders", "negative units"): pl.col("units").str.starts_with("-"),
    ("open_orders", "unknown status"): pl.col("status") == "lost at sea",
    ("bundles", "component missing"): pl.col("component_sku_id").is_in(["INSERT-CARD", "RIBBON-RED"]),
    ("bundles", "blank component"): pl.col("component_sku_id") == "",
    ("bundles", "no units of a component"): pl.col("component_units") == "0",
    ("prices", "unknown SKU"): pl.col("sku_id") == "GDN-999-SAG",
    ("prices", "negative price"): pl.col("unit_price").str.starts_with("-"),
    ("receipts", "unknown SKU"): pl.col("sku_id") == "SAMPLE-DESK",
    ("receipts", "date that does not exist"): pl.col("received_on").is_in(["2025-06-31", "0000-00-00"]),
    ("receipts", "blank units"): pl.col("units") == "",
    ("availability", "share above one"): pl.col("in_stock_share").cast(pl.Float64) > 1,
    ("availability", "unknown SKU"): pl.col("sku_id") == "OLD-CATALOGUE-17",
}


def test_every_kind_of_bad_row_is_there_as_often_as_planted(shop_folder: Path) -> None:
    tables = {name: read_text(shop_folder, name) for name in {kind.table for kind in BAD_ROWS}}
    for kind in BAD_ROWS:
        shown = tables[kind.table].select(SYMPTOMS[kind.table, kind.kind].sum()).item()
        copies = 2 if "duplicate" in kind.kind else 1
        assert shown == kind.count * copies, f"{kind.table}: {kind.kind}"
    assert 55 <= sum(kind.count for kind in BAD_ROWS) <= 70


def test_bad_rows_are_counted_by_table() -> None:
    assert planted("sales") == sum(kind.count for kind in BAD_ROWS if kind.table == "sales")
    assert planted("channels") == 0


def test_awkward_but_sound_writing_is_there_too(shop_folder: Path) -> None:
    with pytest.raises(UnicodeDecodeError):
        (shop_folder / "skus.csv").read_text(encoding="utf-8")
    assert (shop_folder / "open_orders.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    promised = read_text(shop_folder, "receipts")["promised_on"]
    assert promised.str.contains("/").any()
    assert promised.str.contains("-").any()
    dates = read_text(shop_folder, "sales")["date"]
    assert dates.str.ends_with("Z").any()
    assert dates.str.ends_with("-05:00").any()


def test_thousands_separators_stand_in_large_orders(shop_folder: Path) -> None:
    units = read_text(shop_folder, "open_orders")["units"]
    large = units.str.replace(",", "").cast(pl.Int64) >= 1000
    assert (units.str.contains(",") == large).all()


def test_the_sample_rules_speak_of_fields_and_names_that_exist(shop_folder: Path) -> None:
    rules = tomllib.loads((shop_folder / "rules.toml").read_text(encoding="utf-8"))
    skus = read_text(shop_folder, "skus")
    assert rules["overrides"] == "overrides.csv"
    for rule in rules["rule"]:
        assert set(rule["set"]) <= set(fields_of("rules"))
        for field, value in rule["when"].items():
            assert value in skus[field].to_list()
    overrides = pl.read_csv(shop_folder / rules["overrides"], infer_schema=False)
    assert set(overrides["field"]) <= set(fields_of("rules"))
    assert overrides["sku_id"].is_in(skus["sku_id"].implode()).all()
    assert overrides["sku_id"].n_unique() == overrides.height == 3
    for field, unit in overrides.select("field", pl.col("unit").fill_null("")).iter_rows():
        assert unit == fields_of("rules")[field].unit


def test_lead_times_vary_as_suppliers_do(receipts: pl.DataFrame) -> None:
    lead = receipts.filter(pl.col("ordered_on") >= AS_OF - timedelta(days=917)).with_columns(
        (pl.col("received_on") - pl.col("ordered_on")).dt.total_days().alias("lead_days")
    )
    means = lead.group_by("supplier_id").agg(pl.col("lead_days").mean()).sort("lead_days")["lead_days"].to_numpy()
    assert means[0] < 12
    assert means[-1] > 60
    spread = lead.group_by("supplier_id").agg(pl.col("lead_days").quantile(0.99) / pl.col("lead_days").median())
    assert np.median(spread["lead_days"].to_numpy()) > 1.5, "late tails"


def digest(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def test_the_same_seed_gives_the_same_files_byte_for_byte(shop_folder: Path, tmp_path: Path) -> None:
    generate_demo_shop(tmp_path)
    assert digest(tmp_path) == digest(shop_folder)


def test_another_seed_and_day_give_another_shop(shop_folder: Path, tmp_path: Path) -> None:
    told: list[float] = []
    generate_demo_shop(tmp_path, seed=8, as_of=date(2025, 11, 19), progress=lambda text, share: told.append(share))
    assert digest(tmp_path)["sales.csv"] != digest(shop_folder)["sales.csv"]
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0.0, 1.0)
    newest = pl.read_parquet(tmp_path / "stock.parquet")["date"].max()
    assert newest == date(2025, 11, 18)
