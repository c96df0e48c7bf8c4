"""A page of 190 kB such as no exporter should write and some do: every oddity of the text formats, many times over.

Each line is written together with what has to become of it, so that a test can hold the reader to the last line.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

T = "1795174430.779"
SIZE_BYTES = 190_000
_SERIES = 'circuit{{name="b{number}",event="open",job="j{job}",instance="i"}}'


class Fate(StrEnum):
    """What becomes of a line."""

    READ = "read"
    SKIPPED = "skipped"
    REFUSED = "refused"
    PASSED = "passed"


@dataclass(slots=True)
class Page:
    """Lines, and what becomes of them."""

    lines: list[str] = field(default_factory=list)
    fates: Counter[Fate] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, fate: Fate, line: str, reason: str = "") -> None:
        """Add one line; a refused one with the reason it is refused for."""
        self.lines.append(line)
        self.fates[fate] += 1
        if reason:
            self.reasons[reason] += 1

    @property
    def text(self) -> str:
        """The whole page."""
        return "\n".join(self.lines) + "\n"


def odd_page(size_bytes: int = SIZE_BYTES) -> Page:
    """Return a page of at least a size."""
    page, number, size = Page(), 0, 0
    while size < size_bytes:
        before = len(page.lines)
        _good(page, number)
        _of_others(page, number)
        _comments(page, number)
        _bad(page, number)
        size += sum(len(line.encode()) + 1 for line in page.lines[before:])
        number += 1
    return page


def _good(page: Page, number: int) -> None:
    series = _SERIES.format(number=number, job=number % 3)
    for line in (
        f"{series} 1 {T}",
        f"{series} 1 {T}",  # twice the same
        f"{series} 2 {T}",  # and another value at the same time
        f"{series} NaN 1795174431",
        f"{series} +Inf 1795174432",
        f"{series} -Inf 1795174433",
        f"{series} 1e3 1.795174434e9",
        f"{series} 1.5E-300 1795174435000",  # milliseconds
        f"{series} 18446744073709551614 1795174436",
        f'{series}  7   1795174437 # {{trace_id="abc}} 1 2"}} 0.67 1795174437.1',
        f"{series}\t8\t1795174438",
        f'circuit {{ name = "b{number}" , event = "close", job="j", }} 1 {T}',
        f'circuit{{event="open",job="j",name="b{number} \\"q\\" \\\\ \\n {{x}} 1 2 # ж 日本 \U0001f600"}} 1 {T}',
        f'circuit{{event="open",job="j",name="{"huge" * 200}{number}"}} 1 {T}',
    ):
        page.add(Fate.READ, line)


def _of_others(page: Page, number: int) -> None:
    for line in (
        f'go_gc_duration_seconds{{quantile="0.5",n="{number}"}} NaN {T}',
        f'build_info{{version="1.{number}",revision=""}} 1 {T}',
        f"requests_created 1.795174e9 {T}",
        f'feature{{feature="a{number}"}} 1 {T}',
        f'feature{{feature="b{number}"}} 0 {T}',
        f'sizes_bucket{{le="+Inf",n="{number}"}} 4 {T} # {{trace_id="t"}} 1',
        f"sizes_gcount 4 {T}",
        f"sizes_gsum 3.14 {T}",
        "without_a_time 4",
        f"a:rule:name_{number} 0x1p-2",
        f'circuit{{name="no event {number}"}} 3 {T}',  # a name that somebody wants, with labels that nobody does
        f'circuit{{name="",event="fire",extra="{number}"}} 3 {T}',
    ):
        page.add(Fate.SKIPPED, line)


def _comments(page: Page, number: int) -> None:
    for line in (
        "",
        "   ",
        "# HELP circuit opened \\n twice",
        "# TYPE circuit counter",
        "# TYPE circuit gauge",  # contradicts the one before
        "# UNIT circuit events",
        f'# a remark {number} with {{braces}} and "quotes"',
        "#",
        "# EOF",  # and yet it goes on
    ):
        page.add(Fate.PASSED, line)


def _bad(page: Page, number: int) -> None:
    series = _SERIES.format(number=number, job=0)
    for reason, line in (
        ("the sample has no time", f"{series} 1"),
        ("the value and the time cannot be told apart", f"{series}"),
        ("the value and the time cannot be told apart", f"{series} 1 {T} 9"),
        ("the value or the time is not a number", f"{series} one {T}"),
        ("the value or the time is not a number", f"{series} 1_000 {T}"),
        ("the value or the time is not a number", f"{series} 0x10 {T}"),
        ("the value or the time is not a number", f"{series} 1 2026-11-20T11:32:56Z"),
        ("the time is not a number", f"{series} 1 NaN"),
        ("the time is not a number", f"{series} 1 Inf"),
        ("the time lies outside of the calendar", f"{series} 1 1e300"),
        ("the time lies outside of the calendar", f"{series} 1 -9e15"),
        ("the labels cannot be read", f'circuit{{name="b{number}",event="open" 1 {T}'),
        ("the labels cannot be read", f'circuit{{name=b{number},event="open"}} 1 {T}'),
        ("the labels cannot be read", f'circuit{{"dotted.name"="b{number}",event="open"}} 1 {T}'),
        ("the label name stands there twice", f'circuit{{name="b{number}",name="c",event="open"}} 1 {T}'),
        ("the line does not begin with a metric's name", f'{{"http.server.duration",job="j{number}"}} 1 {T}'),
        ("the line does not begin with a metric's name", f'9lives{{n="{number}"}} 1 {T}'),
        ("the line does not begin with a metric's name", f"<html>{number}</html>"),
        ("the line does not begin with a metric's name", f'{{"status":"error","n":{number}}}'),
        ("the line does not begin with a metric's name", f'température{{n="{number}"}} 1 {T}'),
    ):
        page.add(Fate.REFUSED, line, reason)
