"""A season that is not known yet looks like a change of level each time it turns.

In an item's first years a jump must explain its demand better than a yearly wave does. Once more than a year was seen
the wave itself is known, and a jump on top of it can be told.
"""

from __future__ import annotations

import numpy as np

from skuwise.core.arrays import FloatArray, kernel

#: A jump must explain demand better than a wave by so much [nats].
BETTER_THAN_WAVE_NATS = 2.0
#: Or wave and jump better than the wave alone by so much, with so many years seen before the jump.
BESIDE_WAVE_NATS, WAVE_KNOWN_YEARS = 7.0, 1.25


@kernel
def wave_explains(
    units: FloatArray,
    exposure: FloatArray,
    year: FloatArray,
    sums: FloatArray,
    start: int,
    middle: int,
    end: int,
    dispersion: float,
    periods_in_year: float,
) -> bool:
    """Whether a yearly sine wave explains demand ÷ exposure so well that a jump at ``middle`` is not needed."""
    inner, outer, of_all = np.zeros((4, 4)), np.zeros(4), 0.0
    row = np.ones(4)
    for t in range(start, end):
        if exposure[t] > 0.0:
            row[1], row[2], row[3] = year[0, t], year[1, t], 1.0 if t >= middle else 0.0
            of_all += units[t] * units[t] / exposure[t]
            for j in range(4):
                outer[j] += units[t] * row[j]
                for k in range(4):
                    inner[j, k] += exposure[t] * row[j] * row[k]
    jump = of_all
    jump -= (sums[0, middle] - sums[0, start]) ** 2 / (sums[1, middle] - sums[1, start])
    jump -= (sums[0, end] - sums[0, middle]) ** 2 / (sums[1, end] - sums[1, middle])
    for j in range(4):
        inner[j, j] += 1e-9
    wave = of_all - (outer[:3] * np.linalg.solve(inner[:3, :3].copy(), outer[:3].copy())).sum()
    level = (sums[0, end] - sums[0, start]) / (sums[1, end] - sums[1, start])
    variance = level + dispersion * level * level
    if wave - jump >= 2.0 * variance * BETTER_THAN_WAVE_NATS:
        return False
    if middle - start < WAVE_KNOWN_YEARS * periods_in_year:
        return True
    both = of_all - (outer * np.linalg.solve(inner, outer)).sum()
    return bool(wave - both < 2.0 * variance * BESIDE_WAVE_NATS)
