"""Findings about items: told once with the number of items and one of them as an example."""

from __future__ import annotations

import numpy as np

from skuwise.core.arrays import BoolArray
from skuwise.core.findings import Finding, found
from skuwise.planning.names import Items


def told(code: str, items: Items, which: BoolArray, text: str, *, table: str = "") -> list[Finding]:
    """One finding for all items of ``which``, or none: ``text`` follows the number of items.

    The example is the first item in the order of the plan, so that it does not depend on the order of the rows.
    """
    count = int(np.count_nonzero(which))
    if not count:
        return []
    sku = items.sku_name(int(np.argmax(which)))
    noun = "item" if count == 1 else "items"
    example = f"{sku}" if count == 1 else f"{sku} first"
    return [found(code, f"{count} {noun} ({example}): {text}", table=table, count=count, sku_id=sku)]
