"""Units and money are whole numbers; the step from float to integer is made here and nowhere else."""

from __future__ import annotations

import numpy as np

from skuwise.core.arrays import FloatArray, IntArray

#: A quantity that is a whole number but for rounding noise is not pushed to the next unit.
ROUNDING_TOLERANCE_UNITS = 1e-9

#: Currencies whose minor unit is not a hundredth (ISO 4217).
_NO_DECIMALS = frozenset(
    ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF")
)
_THREE_DECIMALS = frozenset(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"))


def ceil_units(quantity: FloatArray) -> IntArray:
    """Round up to whole units, forgiving noise of 1e-9.

    >>> ceil_units(np.array([2.0000000001, 2.1, -0.5])).tolist()
    [2, 3, 0]
    """
    return np.ceil(quantity - ROUNDING_TOLERANCE_UNITS).astype(np.int64)


def raise_to_moq(need_units: IntArray, moq_units: IntArray) -> IntArray:
    """Raise a positive need to the minimum order quantity; no need stays no need.

    >>> raise_to_moq(np.array([0, 1, 5]), np.array([3, 3, 3])).tolist()
    [0, 3, 5]
    """
    return np.where(need_units > 0, np.maximum(need_units, moq_units), 0)


def round_up_to_multiple(quantity_units: IntArray, multiple_units: IntArray) -> IntArray:
    """Round up to whole cases. It comes after the MOQ: need 1, MOQ 3, multiple 2 gives 4, not 3.

    Source: APICS, order modifiers are applied after lot sizing, the minimum before the multiple.

    >>> round_up_to_multiple(raise_to_moq(np.array([1]), np.array([3])), np.array([2])).tolist()
    [4]
    """
    multiple = np.maximum(multiple_units, 1)
    return -(-quantity_units // multiple) * multiple


def round_down_to_multiple(quantity_units: IntArray, multiple_units: IntArray) -> IntArray:
    """The largest number of whole cases that does not exceed the quantity.

    >>> round_down_to_multiple(np.array([7, 6]), np.array([3, 3])).tolist()
    [6, 6]
    """
    multiple = np.maximum(multiple_units, 1)
    return quantity_units // multiple * multiple


def currency_decimals(currency: str) -> int:
    """Decimal places of a currency: 0, 2 or 3.

    >>> [currency_decimals(name) for name in ("USD", "JPY", "KWD")]
    [2, 0, 3]
    """
    if currency in _NO_DECIMALS:
        return 0
    return 3 if currency in _THREE_DECIMALS else 2
