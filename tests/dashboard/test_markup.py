"""Snippets: whatever comes from outside stays text, and no cell of a CSV is a formula."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest

from dashboard import markup
from dashboard.blocks import tables

PAYLOADS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg/onload=alert(1)>',
    "'><iframe src=javascript:alert(1)>",
    "</div><style>*{display:none}</style>",
    "<a href='javascript:alert(1)'>x</a>",
    "&lt;script&gt;",
    "<!--",
    "{{7*7}}",
    '" onmouseover="alert(1)',
]


class Tags(HTMLParser):
    """Counts what a browser would take for markup."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.handlers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag and its event handlers."""
        self.tags.append(tag)
        self.handlers += [name for name, _ in attrs if name.startswith("on")]
        self.handlers += [v for name, v in attrs if name in {"href", "src"} and v and v.startswith("javascript:")]


def live(html: str) -> Tags:
    """Return what is markup in a text."""
    parser = Tags()
    parser.feed(html)
    return parser


@pytest.mark.parametrize("payload", PAYLOADS)
def test_outside_text_is_never_markup(payload: str) -> None:
    """A hostile name adds no tag, no handler and no script address, wherever it is put."""
    snippets = [
        markup.headline(payload, payload),
        markup.section(payload, payload),
        markup.wrap(markup.chip(payload, "ok"), markup.link(payload, markup.page_url("incidents", {"q": payload}))),
        markup.table([(payload, "")], [[payload]]),
        markup.empty(payload, payload, payload),
        markup.problem(payload, payload),
        markup.div(payload, title=payload),
    ]
    allowed = {"div", "h1", "h2", "b", "small", "span", "a", "table", "thead", "tbody", "tr", "th", "td", "code"}
    for snippet in snippets:
        found = live(snippet)
        assert set(found.tags) <= allowed
        assert found.handlers == []


def test_links_lead_to_our_pages_or_the_web_only() -> None:
    """A link with another scheme is shown as text."""
    assert live(markup.link("x", "javascript:alert(1)")).tags == []
    assert live(markup.link("x", "data:text/html,x")).tags == []
    assert live(markup.link("x", "incidents?episode=1")).tags == ["a"]


def test_range_bar_marks_an_open_bound() -> None:
    """A bound without end runs to the end of the scale and is hatched."""
    bar = markup.range_bar(10.0, None, 20.0, 40.0)
    assert 'class="open"' in bar
    assert "left:25.00%;width:75.00%" in bar
    assert "left:50.00%" in bar


def test_boxes_only_where_they_can_be_counted() -> None:
    """Episodes are boxes up to a number that the eye can count; beyond it the words stand alone."""
    assert markup.boxes(3, 1, 1).count("<i") == 5
    assert markup.boxes(300, 0, 0) == ""
    assert markup.boxes(0, 0, 0) == ""


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\0"])
def test_csv_cells_are_never_formulas(start: str) -> None:
    """Text that a spreadsheet would run gets an apostrophe; numbers stay numbers."""
    text = tables.csv_text(["a", "b"], [(f"{start}cmd|' /C calc'!A0", -3.5)])
    (row,) = list(csv.reader(io.StringIO(text.split("\r\n", 1)[1], newline="")))
    assert row[0].startswith("'")
    assert row[1] == "-3.5"


def test_csv_of_times_and_nothing() -> None:
    """Times are ISO with their zone; no data is an empty cell."""
    text = tables.csv_text(["at", "none"], [(datetime(2026, 11, 20, tzinfo=UTC), None)])
    assert text == "at,none\r\n2026-11-20T00:00:00+00:00,\r\n"


def test_the_style_names_every_glyph() -> None:
    """Every sign that is used has its drawing in the one block of CSS, and none is drawn twice in one element."""
    style = markup.style()
    for name in ("open", "closed", "half_open", "forced_open", "check", "flag", "warning", "limited"):
        assert f".g-{name}{{--m:url(" in style
