"""A page that is whole in itself: nothing is fetched, every word from outside is escaped, charts come with tables.

The policy in its head lets only the style and the script of this module run, by their fingerprints: markup that
somehow came in from a shop's data could still do nothing.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from skuwise.reports.svg import GRID_COLOUR, INKS, TEXT_COLOUR, clean


@dataclass(frozen=True, slots=True)
class Html:
    """Markup that was made here. Plain ``str`` is text and is escaped wherever it meets markup."""

    markup: str

    def __str__(self) -> str:
        return self.markup


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure as it is shown, and as it is sorted by; ``tone`` is good, bad or empty; ``note`` stands small below."""

    shown: str
    order: float | str
    tone: str = ""
    note: str = ""


Piece = str | Html


def markup(piece: Piece) -> str:
    return piece.markup if isinstance(piece, Html) else clean(piece)


def paragraph(*pieces: Piece, kind: str = "") -> Html:
    named = f' class="{kind}"' if kind else ""
    return Html(f"<p{named}>{''.join(map(markup, pieces))}</p>")


def strong(words: str) -> Html:
    return Html(f"<strong>{clean(words)}</strong>")


def code(words: str) -> Html:
    return Html(f"<code>{clean(words)}</code>")


def code_block(words: str) -> Html:
    return Html(f"<pre><code>{clean(words)}</code></pre>")


def points(sentences: Iterable[Piece]) -> Html:
    return Html(f"<ul>{''.join(f'<li>{markup(one)}</li>' for one in sentences)}</ul>")


def section(name: str, heading: str, *pieces: Piece) -> Html:
    title = f'<h2 id="{name}-head">{clean(heading)}</h2>'
    return Html(f'<section id="{name}" aria-labelledby="{name}-head">{title}{together(*pieces)}</section>')


def block(kind: str, *pieces: Piece) -> Html:
    return Html(f'<div class="{kind}">{together(*pieces)}</div>')


def together(*pieces: Piece) -> Html:
    return Html("".join(map(markup, pieces)))


def subheading(words: str) -> Html:
    return Html(f"<h3>{clean(words)}</h3>")


def head(title: str, words: str) -> Html:
    return Html(f"<header><h1>{clean(title)}</h1><p>{clean(words)}</p></header>")


def navigation(places: Iterable[tuple[str, str]]) -> Html:
    """Links to sections of the page, by the names that ``section`` gave them."""
    links = "".join(f'<a href="#{name}">{clean(words)}</a>' for name, words in places)
    return Html(f"<nav>{links}</nav>")


def folded(summary: str, *pieces: Piece) -> Html:
    return Html(f"<details><summary>{clean(summary)}</summary>{together(*pieces)}</details>")


def beside(*pieces: Piece, kind: str = "") -> Html:
    """Pieces side by side where the window is wide enough."""
    inside = "".join(f"<div>{markup(piece)}</div>" for piece in pieces)
    return Html(f'<div class="beside {kind}">{inside}</div>')


def card(title: str, figure: str, words: str, tone: str = "") -> Html:
    return Html(
        f'<div class="card"><h3>{clean(title)}</h3><p class="figure {tone}">{clean(figure)}</p>'
        f"<p>{clean(words)}</p></div>"
    )


def cards(*made: Html) -> Html:
    return Html(f'<div class="cards">{"".join(map(str, made))}</div>')


def chart(svg: str, heading: str, *pieces: Piece) -> Html:
    """A chart under its heading, with what belongs to it (its table) below."""
    return Html(
        f'<figure><figcaption>{clean(heading)}</figcaption><div class="scroll chart" tabindex="0" role="region" '
        f'aria-label="{clean(heading)}">{svg}</div>{"".join(map(markup, pieces))}</figure>'
    )


def table(
    caption: str, headers: Sequence[str], rows: Iterable[Sequence[str | Cell]], *, words_in: Sequence[int] = (0,)
) -> Html:
    """A table that sorts by a click on a header. ``words_in`` are the columns of words; the others are figures."""
    head = "".join(
        f'<th scope="col"{"" if place in words_in else _FIGURE}>{clean(name)}</th>'
        for place, name in enumerate(headers)
    )
    body = "".join(f"<tr>{''.join(_cell(place, one, words_in) for place, one in enumerate(row))}</tr>" for row in rows)
    return Html(
        f'<div class="scroll" tabindex="0" role="region" aria-label="{clean(caption)}"><table class="sortable">'
        f"<caption>{clean(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


_FIGURE = ' class="figure"'


def _cell(place: int, given: str | Cell, words_in: Sequence[int]) -> str:
    one = given if isinstance(given, Cell) else Cell(given, given)
    kinds = " ".join(kind for kind in ("" if place in words_in else "figure", one.tone) if kind)
    kind = f' class="{kinds}"' if kinds else ""
    order = f' data-order="{clean(one.order)}"' if one.order != one.shown else ""
    inside = clean(one.shown) + (f"<small>{clean(one.note)}</small>" if one.note else "")
    return f'<th scope="row"{kind}{order}>{inside}</th>' if place == 0 else f"<td{kind}{order}>{inside}</td>"


def page(title: str, *pieces: Piece) -> str:
    """The whole document."""
    style, script = _style(), _asset("page.js")
    allowed = f"default-src 'none'; style-src '{_fingerprint(style)}'; script-src '{_fingerprint(script)}'"
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{allowed}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{clean(title)}</title><style>{style}</style></head>\n"
        f"<body><main>{together(*pieces)}</main>\n<script>{script}</script></body></html>\n"
    )


def _fingerprint(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _asset(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def _style() -> str:
    light = "".join(f"--ink{number}:{one.light};" for number, one in enumerate(INKS))
    dark = "".join(f"--ink{number}:{one.dark};" for number, one in enumerate(INKS))
    inks = "".join(
        f".fill.ink{number}{{fill:var(--ink{number})}}.stroke.ink{number}{{stroke:var(--ink{number})}}"
        for number in range(len(INKS))
    )
    return (
        f":root{{{light}--words:{TEXT_COLOUR};--grid:{GRID_COLOUR};{LIGHT}}}"
        f"@media (prefers-color-scheme:dark){{:root{{{dark}--words:#c3ccd8;--grid:#343c47;{DARK}}}}}"
        f"{inks}{_asset('page.css')}"
    )


LIGHT = (
    "color-scheme:light;--page:#f5f6f8;--paper:#fff;--ink:#1c232b;--soft:#55606d;--edge:#dde2e8;--link:#0b5cad;"
    "--good:#11683f;--bad:#a3263d;--stripe:#f4f6f9;"
)
DARK = (
    "color-scheme:dark;--page:#12161b;--paper:#1a2028;--ink:#e8edf3;--soft:#a9b4c2;--edge:#343c47;--link:#6cb6ff;"
    "--good:#5fd0a0;--bad:#ff8a9a;--stripe:#202731;"
)
