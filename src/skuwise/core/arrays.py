"""Names for the array types of the core, and the one door to numba.

Rows are items (a SKU at a location), columns are periods: shapes are ``(n,)``, ``(n, T)`` for the past and
``(n, H)`` for the future.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]
CodeArray = npt.NDArray[np.int16]
KeyArray = npt.NDArray[np.uint64]
DateArray = npt.NDArray[np.datetime64]
TextArray = npt.NDArray[np.str_]

Function = TypeVar("Function", bound=Callable[..., Any])


def kernel(function: Function) -> Function:
    """Compile a loop over items with numba, cached on disk; the GIL is released so that blocks run side by side.

    ``fastmath`` stays off: the same inputs must give the same integers on every run.
    """
    import numba

    return cast(Function, numba.njit(cache=True, nogil=True)(function))
