"""Randomness by name instead of by turn: a draw depends on its seed, item and column, never on who drew before.

So two policies meet the same luck (common random numbers), and an item added to a run leaves every other item's
numbers alone. Source: the SplitMix64 finaliser (Steele, Lea and Flood, 2014) over a counter.
"""

from __future__ import annotations

import zlib

import numpy as np

from skuwise.core.arrays import FloatArray, KeyArray

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)


def keyed_bits(seed: int, stream: str, item_key: KeyArray, columns: int, first_column: int = 0) -> KeyArray:
    """64 random bits for each item and column [(n, columns) uint64].

    ``stream`` names what is drawn, so that an item's lead times and its demand are independent. Column c of a run that
    starts at ``first_column`` is column ``first_column + c`` of one that starts at 0.

    >>> keys = np.array([11, 12], dtype=np.uint64)
    >>> whole, later = keyed_bits(7, "demand", keys, 3), keyed_bits(7, "demand", keys[1:], 1, first_column=2)
    >>> bool(whole[1, 2] == later[0, 0])
    True
    """
    start = np.array([seed % 2**64], dtype=np.uint64) ^ np.uint64(zlib.crc32(stream.encode()) << 32)
    item = _mixed(_mixed(start + _GOLDEN) + np.asarray(item_key, dtype=np.uint64))
    column = (np.arange(first_column, first_column + columns, dtype=np.uint64) + np.uint64(1)) * _GOLDEN
    return _mixed(item[:, None] + column[None, :])


def keyed_uniform(seed: int, stream: str, item_key: KeyArray, columns: int) -> FloatArray:
    """Uniform draws, never 0 and never 1 [(n, columns) share]; arguments as in ``keyed_bits``."""
    bits = keyed_bits(seed, stream, item_key, columns) >> np.uint64(12)
    return (bits.astype(np.float64) + 0.5) * 2.0**-52


def _mixed(bits: KeyArray) -> KeyArray:
    bits = (bits ^ (bits >> np.uint64(30))) * _FIRST
    bits = (bits ^ (bits >> np.uint64(27))) * _SECOND
    return bits ^ (bits >> np.uint64(31))
