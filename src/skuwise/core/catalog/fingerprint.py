"""One hash for everything a plan is made from, so that two plans can tell whether their inputs were the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from skuwise.core.catalog.inputs import PlanInputs

#: Arrays are hashed in blocks of about this many bytes, so that a view never has to be written out whole.
BLOCK_BYTES = 2**22


def inputs_hash(inputs: PlanInputs) -> str:
    """SHA-256 over every array and value of the inputs in the order in which they are declared.

    Each array enters with its name, dtype, shape and little-endian bytes; an array of one repeated value enters with
    that value alone, so a broadcast view costs nothing and counts as equal to the array written out. Findings
    are told to people and decide nothing: they do not enter.
    """
    digest = hashlib.sha256()
    for name, value in _leaves(inputs, ""):
        digest.update(f"{name}\x1e".encode())
        if isinstance(value, np.ndarray):
            digest.update(array_digest(value))
        else:
            digest.update(f"{type(value).__name__}\x1f{value}\x1e".encode())
    return digest.hexdigest()


def array_digest(array: npt.NDArray[Any]) -> bytes:
    """SHA-256 of dtype, shape and content; memory layout and byte order do not show.

    >>> wide = np.broadcast_to(np.float32(1), (2, 3))
    >>> array_digest(wide) == array_digest(np.ones((2, 3), dtype=np.float32))
    True
    >>> array_digest(wide) == array_digest(np.ones((3, 2), dtype=np.float32))
    False
    """
    little = array.dtype.newbyteorder("<")
    digest = hashlib.sha256(f"{little.str}\x1f{array.shape}\x1f".encode())
    if _is_constant(array):
        digest.update(b"constant\x1f")
        digest.update(_bytes_of(array[(slice(0, 1),) * array.ndim], little))
        return digest.digest()
    for block in _blocks(array):
        digest.update(_bytes_of(block, little))
    return digest.digest()


def _leaves(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Arrays and plain values by dotted name, in the order of declaration."""
    if is_dataclass(value):
        for field in fields(value):
            if not (isinstance(value, PlanInputs) and field.name == "findings"):
                yield from _leaves(getattr(value, field.name), f"{name}.{field.name}" if name else field.name)
    elif isinstance(value, tuple):
        yield f"{name}.len", len(value)
        for place, part in enumerate(value):
            yield from _leaves(part, f"{name}.{place}")
    else:
        yield name, value


def _is_constant(array: npt.NDArray[Any]) -> bool:
    """Whether all elements have the same bytes (NaN equals NaN); decided at the first block that differs."""
    if array.size == 0:
        return False
    if all(stride == 0 or length == 1 for stride, length in zip(array.strides, array.shape, strict=True)):
        return True
    first = _raw(array[(slice(0, 1),) * array.ndim]).reshape(-1)[0]
    return all(bool((_raw(block) == first).all()) for block in _blocks(array))


def _raw(block: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The bytes of each element as one number where its size is that of a number."""
    whole = np.ascontiguousarray(block)
    size = whole.dtype.itemsize
    return whole.view(f"u{size}") if size in (1, 2, 4, 8) else whole


def _blocks(array: npt.NDArray[Any]) -> Iterator[npt.NDArray[Any]]:
    """Consecutive rows of the array, a block at a time, starting with a small one."""
    if array.ndim == 0:
        yield array
        return
    row_bytes = max(array.dtype.itemsize * (array.size // max(len(array), 1)), 1)
    step = max(BLOCK_BYTES // row_bytes, 1)
    first = 0
    while first < len(array):
        last = first + (step if first else max(step // 64, 1))
        yield array[first:last]
        first = last


def _bytes_of(block: npt.NDArray[Any], little: np.dtype[Any]) -> bytes:
    return np.ascontiguousarray(block, dtype=little).tobytes()
