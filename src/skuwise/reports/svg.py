"""SVG by hand: inks, scales and the few shapes that charts are made of.

Colours stand in the attributes, for a picture by itself, and as classes, so that a page can change them in the dark.
Whatever comes from the shop goes through ``clean`` before it is markup.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

#: What XML 1.0 does not allow, even escaped.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
FONT = "'Open Sans', system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
FONT_SIZE = 12
TEXT_COLOUR = "#414b57"
GRID_COLOUR = "#dde2e8"
#: Mean width of a letter as a share of the size of the font; a wide East Asian letter takes one.
_LETTER_WIDTH = 0.58


@dataclass(frozen=True, slots=True)
class Ink:
    """How one series looks: colours on white and on black, dashes and a marker, since colour alone tells too little."""

    light: str
    dark: str
    dash: str
    marker: str


#: Contrast with the background is at least 3 : 1 in both themes (WCAG 1.4.11).
INKS = (
    Ink("#0b5cad", "#6cb6ff", "", "circle"),
    Ink("#b4530a", "#f0a050", "7 3", "square"),
    Ink("#12724f", "#4fc495", "2 3", "diamond"),
    Ink("#7b3fa8", "#c99bf0", "9 3 2 3", "triangle"),
    Ink("#a3263d", "#ff8a9a", "4 2", "cross"),
    Ink("#5d6673", "#a9b4c2", "1 2", "circle"),
    Ink("#7a6a00", "#d9c34a", "12 4", "square"),
    Ink("#00707d", "#4cc3d0", "5 2 1 2", "diamond"),
)


def ink(number: int) -> Ink:
    return INKS[number % len(INKS)]


def clean(text: object) -> str:
    """Text as markup: escaped, and without what XML forbids.

    >>> clean('<script>"&\\x00')
    '&lt;script&gt;&quot;&amp;\ufffd'
    """
    return escape(_FORBIDDEN.sub("\ufffd", str(text)), quote=True)


def text_width(text: str, size: float = FONT_SIZE) -> float:
    """About how wide a text will be drawn; fonts differ, so leave room."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return size * (_LETTER_WIDTH * (len(text) - wide) + wide)


def cut(text: str, width: float, size: float = FONT_SIZE) -> str:
    """The text, cut to fit with an ellipsis.

    >>> cut("short", 100), cut("a very long name of a thing", 60)
    ('short', 'a very…')
    """
    if text_width(text, size) <= width:
        return text
    while text and text_width(text + "…", size) > width:
        text = text[:-1]
    return text.rstrip() + "…"


@dataclass(frozen=True, slots=True)
class Scale:
    """A straight line from figures to places on the picture."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        span = self.high - self.low
        share = (value - self.low) / span if span else 0.5
        return self.start + share * (self.end - self.start)


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """About ``count`` round figures from below ``low`` to above ``high``.

    >>> ticks(0, 97), ticks(0.93, 0.984, 4)
    ([0.0, 20.0, 40.0, 60.0, 80.0, 100.0], [0.92, 0.94, 0.96, 0.98, 1.0])
    """
    if not (math.isfinite(low) and math.isfinite(high)) or low == high:
        low, high = (0.0, 1.0) if not math.isfinite(low) or low == 0 else (min(low, 0.0), max(low, 0.0))
    raw = (high - low) / max(count, 1)
    size = 10.0 ** math.floor(math.log10(raw))
    step = size * next(nice for nice in (1, 2, 2.5, 5, 10) if nice * size >= raw * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(number * step, 12) for number in range(first, last + 1)]


def shortened(value: float) -> str:
    """A figure for an axis.

    >>> shortened(1_250_000), shortened(1500), shortened(0.5), shortened(-30)
    ('1.25 M', '1.5 k', '0.5', '−30')
    """
    size, suffix = next(
        ((size, suffix) for size, suffix in ((1e9, " bn"), (1e6, " M"), (1e3, " k")) if abs(value) >= size), (1.0, "")
    )
    return f"{value / size:.4g}{suffix}".replace("-", "−")


def text(
    x: float, y: float, words: str, *, anchor: str = "start", size: float = FONT_SIZE, strong: bool = False
) -> str:
    weight = ' font-weight="600"' if strong else ""
    return (
        f'<text class="words" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size:g}"{weight} '
        f'fill="{TEXT_COLOUR}">{clean(words)}</text>'
    )


def line(points: Sequence[tuple[float, float]], number: int, *, width: float = 2) -> str:
    """A line through the points; a gap where a point is not finite."""
    parts, pen = [], "M"
    for x, y in points:
        if not math.isfinite(y):
            pen = "M"
            continue
        parts.append(f"{pen}{x:.1f} {y:.1f}")
        pen = "L"
    style = ink(number)
    dash = f' stroke-dasharray="{style.dash}"' if style.dash else ""
    return (
        f'<path class="stroke ink{number % len(INKS)}" d="{"".join(parts)}" fill="none" stroke="{style.light}" '
        f'stroke-width="{width:g}" stroke-linejoin="round"{dash}/>'
    )


def bar(x: float, y: float, width: float, height: float, number: int, told: str = "") -> str:
    """A filled rectangle; ``told`` shows under the pointer."""
    title = f"<title>{clean(told)}</title>" if told else ""
    return (
        f'<rect class="fill ink{number % len(INKS)}" x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" '
        f'height="{max(height, 0):.1f}" fill="{ink(number).light}">{title}</rect>'
    )


def marker(x: float, y: float, number: int, *, size: float = 6, told: str = "") -> str:
    """A dot of the series' own shape."""
    shapes = {
        "square": ((-1, -1), (1, -1), (1, 1), (-1, 1)),
        "diamond": ((0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0)),
        "triangle": ((0, -1.3), (1.2, 0.9), (-1.2, 0.9)),
        "cross": ((-1, -0.4), (-0.4, -0.4), (-0.4, -1), (0.4, -1), (0.4, -0.4), (1, -0.4), (1, 0.4), (0.4, 0.4),
                  (0.4, 1), (-0.4, 1), (-0.4, 0.4), (-1, 0.4)),
    }  # fmt: skip
    style = ink(number)
    title = f"<title>{clean(told)}</title>" if told else ""
    kind = f'class="fill ink{number % len(INKS)}" fill="{style.light}"'
    if style.marker == "circle":
        return f'<circle {kind} cx="{x:.1f}" cy="{y:.1f}" r="{size:g}">{title}</circle>'
    points = " ".join(f"{x + size * dx:.1f},{y + size * dy:.1f}" for dx, dy in shapes[style.marker])
    return f'<polygon {kind} points="{points}">{title}</polygon>'


def rule(x1: float, y1: float, x2: float, y2: float) -> str:
    """A thin line of the grid."""
    return (
        f'<line class="grid" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{GRID_COLOUR}" '
        'stroke-width="1"/>'
    )


def legend(
    names: Sequence[tuple[str, int]], left: float, top: float, right: float, *, lines: bool
) -> tuple[list[str], float]:
    """Names with a sample of their ink, in as many rows as they need; and where the rows end."""
    parts, x, y = [], left, top
    for name, number in names:
        shown = cut(name, right - left - 34)
        width = 30 + text_width(shown) + 16
        if x > left and x + width > right:
            x, y = left, y + 18
        if lines:
            parts.append(line([(x, y - 4), (x + 24, y - 4)], number, width=2.5))
        else:
            parts.append(bar(x + 6, y - 10, 12, 12, number))
        parts.append(text(x + 30, y, shown))
        x += width
    return parts, y + 10


def picture(name: str, width: float, height: float, title: str, description: str, parts: Sequence[str]) -> str:
    """A whole picture. ``name`` is its id on the page; title and description are what a screen reader says."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
        f'height="{height:g}" role="img" aria-labelledby="{name}-title {name}-words" font-family="{FONT}">'
        f'<title id="{name}-title">{clean(title)}</title><desc id="{name}-words">{clean(description)}</desc>'
        f"{''.join(parts)}</svg>"
    )
