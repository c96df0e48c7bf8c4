"""Snippets of HTML for ``st.html``: chips, glyphs, range bars, tables. Every text from outside is escaped here.

``Markup`` marks what is already safe; whatever else is put into a snippet is escaped, so forgetting is not possible.
"""

from __future__ import annotations

import html as _html
from importlib.resources import files
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from dashboard import theme

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dashboard.sentences import Age

_CONTACTS = "<circle cx='3' cy='{y}' r='1.9'/><circle cx='13' cy='{y}' r='1.9'/>"
_LINE = "fill='none' stroke='black' stroke-linecap='round'"
_STROKE = f"{_LINE} stroke-width='1.8'"
_DRAWINGS: dict[str, str] = {
    "closed": _CONTACTS.format(y=7) + f"<path d='M3 7H13' {_STROKE}/>",
    "open": _CONTACTS.format(y=10) + f"<path d='M3 10L12 4' {_STROKE}/>",
    "half_open": _CONTACTS.format(y=9) + f"<path d='M3 9L12 6' {_STROKE} stroke-dasharray='2 2.6'/>",
    "forced_open": _CONTACTS.format(y=10)
    + f"<path d='M3 10L12 4' {_STROKE}/><rect x='10' y='1' width='5' height='5'/>",
    "disabled": _CONTACTS.format(y=7) + f"<path d='M5 3L11 11M11 3L5 11' {_STROKE}/>",
    "metrics_only": f"<circle cx='3' cy='7' r='2' {_STROKE}/><circle cx='13' cy='7' r='2' {_STROKE}/>",
    "check": f"<path d='M3 7.5L6.5 11L13 3.5' {_LINE} stroke-width='2.2'/>",
    "cross": f"<path d='M4 3L12 11M12 3L4 11' {_LINE} stroke-width='2.2'/>",
    "flag": "<path d='M4 1H5.5V13H4ZM5.5 1.5H13L11 4.2L13 7H5.5Z'/>",
    "bell": "<path d='M8 1a4 4 0 0 1 4 4v3l1.5 2h-11L4 8V5a4 4 0 0 1 4-4ZM6.5 11h3a1.5 1.5 0 0 1-3 0Z'/>",
    "warning": f"<path d='M8 2L14 12H2Z' {_STROKE}/><path d='M8 5.5V8.5M8 10.2V10.4' {_STROKE}/>",
    "help": "<path d='M5.2 4.6a2.8 2.8 0 1 1 4.2 2.5c-.9.5-1.2.8-1.2 1.7H7c0-1.500.7-2.100 1.600-2.700.8-.5 1-.8 1-1.400a1.600 1.600 0 0 0-3.200 0ZM7 10h1.400v1.500H7Z'/>",  # noqa: E501 (a drawing)
    "full": "<circle cx='8' cy='7' r='4'/>",
    "degraded": f"<path d='M3 4H13L8 12Z' {_STROKE}/>",
    "limited": "<path d='M2.5 3.500H13.500L8 12.500Z'/>",
    "cache_only": f"<path d='M8 1.500L13.500 7L8 12.500L2.500 7Z' {_STROKE} stroke-dasharray='1.500 2.200'/>",
    "unavailable": "<rect x='3.500' y='2.500' width='9' height='9'/>",
}
TONES: dict[str, str] = {
    "closed": "ok",
    "full": "ok",
    "open": "hurt",
    "forced_open": "hurt",
    "half_open": "mild",
    "degraded": "mild",
    "limited": "hurt",
    "cache_only": "stale",
    "unavailable": "down",
}


class Markup(str):
    """A text that is HTML already."""

    __slots__ = ()


def safe(value: object) -> Markup:
    """Return a value as HTML: escaped, unless it is HTML already."""
    return value if isinstance(value, Markup) else Markup(_html.escape(str(value), quote=True))


def join(parts: Iterable[object], between: str = "") -> Markup:
    """Return parts side by side, each of them escaped."""
    return Markup(_html.escape(between).join(safe(part) for part in parts))


def tag(name: str, *content: object, cls: str = "", **attributes: str) -> Markup:
    """Return an element; content and attributes are escaped."""
    pairs = ({"class": cls} if cls else {}) | attributes
    written = "".join(f' {key.replace("_", "-")}="{_html.escape(value, quote=True)}"' for key, value in pairs.items())
    return Markup(f"<{name}{written}>{join(content)}</{name}>")


def div(*content: object, cls: str = "", **attributes: str) -> Markup:
    """Return a div."""
    return tag("div", *content, cls=cls, **attributes)


def span(*content: object, cls: str = "", **attributes: str) -> Markup:
    """Return a span."""
    return tag("span", *content, cls=cls, **attributes)


def bold(text: object) -> Markup:
    """Return a text in the heavier weight."""
    return tag("b", text)


def small(text: object) -> Markup:
    """Return a smaller, muted text: bounds, n, notes."""
    return tag("small", text)


def page_url(page: str, parameters: Mapping[str, str]) -> str:
    """Return the address of one of our pages with its selection; empty values are left out."""
    kept = {key: value for key, value in parameters.items() if value}
    return f"{quote(page)}?{urlencode(kept)}" if kept else quote(page) or "/"


def link(text: object, url: str) -> Markup:
    """Return a link within the same tab; anything but our own pages and http(s) is shown as text."""
    if ":" in url.split("?", 1)[0] and not url.startswith(("http://", "https://")):
        return safe(text)
    return tag("a", text, href=url, target="_self")


def glyph(name: str, tone: str = "") -> Markup:
    """Return a 12 px sign in the tone of its meaning; always beside a word, so hidden from screen readers."""
    if name not in _DRAWINGS:
        return Markup("")
    return span(cls=f"bw-g g-{name} {tone or TONES.get(name, 'muted')}", aria_hidden="true")


def chip(word: object, tone: str, sign: str = "") -> Markup:
    """Return a word on its tint, with a sign where one is named."""
    sign_html = span(cls=f"bw-g g-{sign}", aria_hidden="true") if sign in _DRAWINGS else Markup("")
    return span(sign_html, word, cls=f"bw-chip {tone}")


def state_chip(state: str, word: object) -> Markup:
    """Return a breaker's state or a service's level as sign and word."""
    return chip(word, TONES.get(state, "unknown"), state)


def severity(mark: str) -> Markup:
    """Return a severity; its letter and digit are in the mark."""
    return span(mark, cls=f"bw-sev {mark}")


def headline(first: str, rest: str) -> Markup:
    """Return the headline: the first sentence bold."""
    return wrap(tag("h1", bold(first), " " if rest else "", rest))


def section(title: str, note: str = "") -> Markup:
    """Return a section's title with a muted note."""
    return wrap(tag("h2", title, small(note) if note else ""))


def wrap(*content: object, cls: str = "") -> Markup:
    """Return content in the house's type."""
    return div(*content, cls=f"bw {cls}".strip())


def rows(lines: Iterable[Sequence[object]], cls: str) -> Markup:
    """Return lines of cells on a common grid."""
    return wrap(div(*(div(*cells) for cells in lines), cls=f"bw-rows {cls}"))


def table(heads: Sequence[tuple[str, str]], body: Iterable[Sequence[object]]) -> Markup:
    """Return a table that scrolls in its own box; a head is its text and its class ("num" aligns right)."""
    head = tag("tr", *(tag("th", text, cls=cls) for text, cls in heads))
    lines = (
        tag("tr", *(tag("td", cell, cls=cls) for cell, (_, cls) in zip(cells, heads, strict=True))) for cells in body
    )
    return wrap(div(tag("table", tag("thead", head), tag("tbody", *lines), cls="bw-table"), cls="bw-scroll"))


def range_bar(low: float, high: float | None, value: float | None, most: float, tone: str = "") -> Markup:
    """Return a bar with the bounds as a band and the value as a dot on a scale from 0 to ``most``.

    An open upper bound (``None``) runs to the end of the scale, hatched.
    """
    left = _place(low, most)
    right = _place(high, most) if high is not None else 100.0
    band = tag(
        "u", cls=tone if high is not None else "open", style=f"left:{left:.2f}%;width:{max(right - left, 0.8):.2f}%"
    )
    dot = tag("b", cls=tone, style=f"left:{_place(value, most):.2f}%") if value is not None else ""
    return div(tag("i"), band, dot, cls="bw-range")


def boxes(good: int, other: int, none: int, most: int = 20) -> Markup:
    """Return one small box per episode: healed by itself, ended otherwise, still open; nothing where there are many."""
    if not 0 < good + other + none <= most:
        return Markup("")
    kinds = [""] * good + ["else"] * other + ["none"] * none
    return span(*(tag("i", cls=kind) for kind in kinds), cls="bw-boxes")


def empty(what: str, why: str, step: str = "") -> Markup:
    """Return what would be here, why it is not, and one step."""
    return wrap(div(bold(what), " ", why, " " if step else "", tag("code", step) if step else "", cls="bw-empty"))


def age(told: Age, *, recorded: bool) -> Markup:
    """Return how old the picture is: plain, in the colour of caution once it is stale, and named where recorded."""
    if recorded:
        return div("recorded sample, as of ", bold(told.words), cls="bw bw-asof")
    if told.stale:
        sign = span(cls="bw-g g-warning mild", aria_hidden="true")
        return div(sign, " as of ", bold(told.words), f", {told.behind}: {told.reason}", cls="bw bw-asof stale")
    if told.late:
        sign = span(cls="bw-g g-warning mild", aria_hidden="true")
        return div(sign, " as of ", bold(told.words), f", {told.behind}, but {told.late}", cls="bw bw-asof stale")
    return div("as of ", bold(told.words), f", {told.behind}", cls="bw bw-asof")


def problem(what: str, remedy: str) -> Markup:
    """Return a problem and its remedy, as the command line says them."""
    return wrap(div(bold(what), div(f"try: {remedy}"), cls="bw-problem", role="alert"))


def style() -> Markup:
    """Return the one block of CSS: colours, signs, and the rules of style.css."""
    svg = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 14'>{}</svg>"
    signs = "".join(
        f'.g-{name}{{--m:url("data:image/svg+xml,{quote(svg.format(drawing))}")}}'
        for name, drawing in _DRAWINGS.items()
    )
    rules = (files("dashboard") / "style.css").read_text(encoding="utf-8")
    return Markup(f"<style>.stApp{{{theme.css_tokens()}}}{signs}{rules}</style>")


def _place(value: float, most: float) -> float:
    return 100.0 * min(max(value / most, 0.0), 1.0) if most > 0 else 0.0
