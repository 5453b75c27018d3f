"""What comes out of the database plans exactly as the folder that went in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import skuwise
from skuwise.planning.rulebook_files import load_rulebook
from skuwise.server.accounts.actor import SYSTEM
from skuwise.server.dataset import shop_dataset
from skuwise.server.imports.committing import commit
from skuwise.server.imports.staging import stage
from skuwise.server.stock import ledger

pytestmark = pytest.mark.django_db
ROW_NUMBERS = ("supply_source_row", "stock_source_row")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "shop"
    skuwise.generate_demo_shop(folder)
    return folder


def test_the_plan_from_the_database_equals_the_plan_from_the_folder_in_every_number(shop: Path) -> None:
    batch = commit(SYSTEM, stage(SYSTEM, shop).pk)
    assert batch.state == "committed"
    assert ledger.differences().is_empty()
    rules = load_rulebook(shop / "rules.toml")
    expected = skuwise.plan(skuwise.load_dataset(shop), rules)
    found = skuwise.plan(shop_dataset(), rules)
    assert found.as_of == expected.as_of
    differing = [
        name
        for name in expected.columns
        if name not in ROW_NUMBERS
        and not np.array_equal(
            np.asarray(expected.columns[name]), np.asarray(found.columns[name]),
            equal_nan=np.asarray(expected.columns[name]).dtype.kind in "fM",
        )
    ]  # fmt: skip
    assert differing == []
