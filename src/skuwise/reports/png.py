"""Charts as PNG: the drawing of the page, with a font of its own, so that a machine without fonts has letters too."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.resources import files

from skuwise.reports.svg import clean, text, text_width

_MARGIN = 24.0
_SIZE = re.compile(r'viewBox="0 0 ([\d.]+) ([\d.]+)" width="[\d.]+" height="[\d.]+"')
#: Pixels to one unit of the drawing: sharp on a screen of twice the usual density.
_ZOOM = 2.0


def one_below_the_other(title: str, words: str, charts: Sequence[tuple[str, str]]) -> str:
    """Charts with their headings, one below the other, as one drawing."""
    sizes = [_size_of(svg) for _, svg in charts]
    width = max([width for width, _ in sizes], default=400.0) + 2 * _MARGIN
    parts = [text(_MARGIN, 40, title, size=20, strong=True)]
    y = 40.0
    for line in _lines(words, width - 2 * _MARGIN, 13):
        y += 22
        parts.append(text(_MARGIN, y, line, size=13))
    for (heading, svg), (_, height) in zip(charts, sizes, strict=True):
        parts.append(text(_MARGIN, y + 40, heading, size=14, strong=True))
        y += 54
        parts.append(_SIZE.sub(rf'x="{_MARGIN:g}" y="{y:g}" viewBox="0 0 \1 \2" width="\1" height="\2"', svg, count=1))
        y += height
    height = y + _MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
        f'height="{height:g}" font-family="\'Open Sans\', sans-serif"><title>{clean(title)}</title>'
        f"{''.join(parts)}</svg>"
    )


def _size_of(svg: str) -> tuple[float, float]:
    found = _SIZE.search(svg)
    if found is None:
        raise ValueError("not a chart of skuwise.reports")
    return float(found[1]), float(found[2])


def _lines(words: str, width: float, size: float) -> list[str]:
    lines: list[str] = []
    for word in words.split():
        if lines and text_width(f"{lines[-1]} {word}", size) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def png(svg: str) -> bytes:
    """The drawing as PNG, on white. Letters that the font lacks come from the machine's own fonts."""
    fonts = files("ttf_opensans") / "ttf"
    from resvg_py import svg_to_bytes

    weights = [str(fonts / f"OpenSans-{weight}.ttf") for weight in ("Regular", "SemiBold")]
    return bytes(svg_to_bytes(svg_string=svg, background="#ffffff", font_files=weights, zoom=_ZOOM))
