"""Names to whole numbers: every SKU and every location gets a code, and a pair of codes is an item.

Codes follow the sorted names, so that sorting codes sorts names and no text is compared twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import polars as pl

from skuwise.core.arrays import IntArray, KeyArray, TextArray
from skuwise.core.catalog.inputs import ItemIndex, Labels
from skuwise.planning.columns import column, text_array

#: Name of the location where the data name none.
MAIN_LOCATION = "MAIN"
#: A long column is first looked at through a sample of about this many rows.
SAMPLE_ROWS = 100_000
#: Tables of codes up to this size are kept dense: looking up is then one memory access.
DENSE_PAIRS_MAX = 2**25

#: Tables whose rows make an item, and tables that name SKUs without making one.
ITEM_TABLES = ("stock", "supply", "open_orders", "receipts")


@dataclass(frozen=True, slots=True, eq=False)
class Vocabulary:
    """Sorted distinct names; the code of a name is its place."""

    names: pl.Series
    dtype: pl.Enum

    def __len__(self) -> int:
        return len(self.names)

    def codes(self, values: pl.Series) -> np.ndarray:
        """Codes of names [(rows,) int32]; -1 where a name is missing or not known."""
        if values.null_count() == len(values):
            return np.broadcast_to(np.int32(-1), (len(values),))
        coded = values.cast(self.dtype, strict=False).to_physical()
        return coded.cast(pl.Int32).fill_null(-1).to_numpy()


@dataclass(frozen=True, slots=True, eq=False)
class Names:
    """SKUs and locations of the whole dataset, and where rows lie that name no location."""

    skus: Vocabulary
    locations: Vocabulary
    default_location: int
    locations_named: bool

    @property
    def pair_count(self) -> int:
        return len(self.skus) * len(self.locations)

    def or_default(self, location_codes: np.ndarray) -> np.ndarray:
        """Location codes with the default in place of -1; where none is named it takes no memory."""
        unnamed = location_codes < 0
        if unnamed.all():
            return np.broadcast_to(np.int32(self.default_location), location_codes.shape)
        return np.where(unnamed, np.int32(self.default_location), location_codes)

    def location_codes(self, values: pl.Series) -> np.ndarray:
        """Codes of locations, the default one where none is named [(rows,) int32]."""
        return self.or_default(self.locations.codes(values))

    def pairs(self, sku_codes: np.ndarray, location_codes: np.ndarray) -> np.ndarray:
        """One number for each SKU and location, in their order; int32 where that is wide enough."""
        if len(self.locations) == 1:
            return sku_codes
        wide = np.dtype(np.int32 if self.pair_count < 2**31 else np.int64)
        pairs: np.ndarray = sku_codes.astype(wide)
        pairs *= wide.type(len(self.locations))
        pairs += location_codes
        return pairs

    def pairs_of(self, frame: pl.DataFrame) -> np.ndarray:
        """The pair of each row of a table that names SKU and location; -1 where no item table knows the SKU."""
        sku = self.skus.codes(frame["sku_id"])
        pairs = self.pairs(sku, self.location_codes(column(frame, "location_id")))
        return np.where(sku < 0, -1, pairs)


@dataclass(frozen=True, slots=True, eq=False)
class Items:
    """The rows of the plan: pairs that occur, sorted by SKU, then location."""

    names: Names
    pairs: IntArray
    sku: IntArray
    location: IntArray
    dense_rows: np.ndarray | None  # row of every pair, and -1 in one more place

    def __len__(self) -> int:
        return len(self.pairs)

    def rows_of(self, pairs: np.ndarray) -> np.ndarray:
        """Row of each pair; -1 where it is no item."""
        if self.dense_rows is not None:
            found: np.ndarray = self.dense_rows[pairs]
            return found
        rows = np.searchsorted(self.pairs, pairs).clip(max=max(len(self) - 1, 0))
        return np.where(self.pairs[rows] == pairs, rows, -1) if len(self) else np.full(len(pairs), -1)

    def sku_name(self, row: int) -> str:
        return str(self.names.skus.names[int(self.sku[row])])

    def index(self) -> ItemIndex:
        """Names and keys of the rows."""
        skus = text_array(self.names.skus.names)[self.sku]
        locations = text_array(self.names.locations.names)[self.location]
        return ItemIndex(skus, locations, item_keys(skus, locations))


def learn_names(tables: Mapping[str, pl.DataFrame]) -> tuple[Names, np.ndarray, np.ndarray]:
    """The names of a dataset, and the codes of SKU and location of every sales line.

    Names are those of all rows, seen by the plan or not: so an item without a location keeps its place in the plan of
    every day. Sales are by far the longest table: they are coded once, against the names of the other tables and of a
    sample, and only names met by neither make a second pass.
    """
    small = [tables[name]["sku_id"] for name in ("skus", *ITEM_TABLES) if name in tables]
    if "bundles" in tables:
        small += [tables["bundles"]["bundle_sku_id"], tables["bundles"]["component_sku_id"]]
    places = [column(frame, "location_id") for name, frame in tables.items() if name in ("locations", *ITEM_TABLES)]
    sales = tables.get("sales", pl.DataFrame({"sku_id": pl.Series([], dtype=pl.String)}))
    skus, sku_codes = _learn(small, sales["sku_id"])
    named, location_codes = _learn(places, column(sales, "location_id"))
    default = named.names[0] if len(named) == 1 else MAIN_LOCATION
    locations = named
    if not named.names.is_in([default]).any():
        locations = _vocabulary([named.names, pl.Series([default])])
        location_codes = _recode(location_codes, named, locations)
    names = Names(skus, locations, int(locations.codes(pl.Series([default]))[0]), len(named) > 0)
    return names, sku_codes, names.or_default(location_codes)


def index_items(names: Names, pairs: Sequence[np.ndarray]) -> Items:
    """The items that occur in any of the lists of pairs."""
    size = names.pair_count
    if size <= DENSE_PAIRS_MAX:
        present = np.zeros(size, dtype=bool)
        for some in pairs:
            present[some] = True
        found = np.flatnonzero(present)
        rows = np.full(size + 1, -1, dtype=np.int32)  # pair -1 reads the last place
        rows[found] = np.arange(len(found), dtype=np.int32)
        return Items(names, found, found // len(names.locations), found % len(names.locations), rows)
    found = np.unique(np.concatenate([np.unique(some) for some in pairs])).astype(np.int64)
    return Items(names, found, found // len(names.locations), found % len(names.locations), None)


def item_keys(skus: TextArray, locations: TextArray) -> KeyArray:
    """A number for each item that depends on its two names alone [(n,) uint64].

    BLAKE2b with 8 bytes over ``sku, unit separator, location`` in UTF-8: the same on every machine and version.

    >>> keys = item_keys(np.array(["A", "AB"]), np.array(["BC", "C"]))
    >>> bool(keys[0] != keys[1]), keys.dtype.name
    (True, 'uint64')
    """
    texts = zip(skus.tolist(), locations.tolist(), strict=True)
    digests = [blake2b(f"{sku}\x1f{location}".encode(), digest_size=8).digest() for sku, location in texts]
    return np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64)


def labels_of(values: pl.Series) -> Labels:
    """A text column with few values as codes and names; it must have no nulls."""
    vocabulary = _vocabulary([values])
    return Labels(vocabulary.codes(values).astype(np.int64), tuple(vocabulary.names.to_list()))


def _vocabulary(columns: Sequence[pl.Series]) -> Vocabulary:
    distinct = [values.unique().cast(pl.String) for values in columns]
    names = pl.concat(distinct).unique().drop_nulls().sort() if distinct else pl.Series([], dtype=pl.String)
    return Vocabulary(names, pl.Enum(names))


def _learn(small: Sequence[pl.Series], large: pl.Series) -> tuple[Vocabulary, np.ndarray]:
    vocabulary = _vocabulary([*small, large.gather_every(max(1, len(large) // SAMPLE_ROWS))])
    codes = vocabulary.codes(large)
    unknown = codes < 0
    if int(unknown.sum()) > large.null_count():
        vocabulary = _vocabulary([vocabulary.names, large.filter(pl.Series(unknown))])
        codes = vocabulary.codes(large)
    return vocabulary, codes


def _recode(codes: np.ndarray, old: Vocabulary, new: Vocabulary) -> np.ndarray:
    """Codes of one vocabulary in a larger one; -1 stays -1."""
    table: np.ndarray = np.append(new.codes(old.names), np.int32(-1))
    recoded: np.ndarray = table[codes]  # code -1 reads the last place
    return recoded
