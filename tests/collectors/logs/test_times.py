"""Every way a log writes the time, and what is no time."""

from __future__ import annotations

from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from collectors.logs.times import iso, leading_time, parse_time
from tests.collectors.logs.following import NOON_US

PARIS = ZoneInfo("Europe/Paris")
EPOCH_S = 1_795_174_376  # 2026-11-20T11:32:56Z


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-11-20T11:32:56.305Z", "2026-11-20T11:32:56.305000Z"),
        ("2026-11-20T11:32:56.305123456Z", "2026-11-20T11:32:56.305123Z"),
        ("2026-11-20T12:32:56+01:00", "2026-11-20T11:32:56.000000Z"),
        ("2026-11-20T12:32:56+0100[Europe/Paris]", "2026-11-20T11:32:56.000000Z"),
        ("2026-11-20 12:32:56,305", "2026-11-20T11:32:56.305000Z"),
        ("2026-07-20T12:32:56", "2026-07-20T10:32:56.000000Z"),
        ("[20/Nov/2026:11:32:56 +0000]", "2026-11-20T11:32:56.000000Z"),
        ("20/Nov/2026:12:32:56.608", "2026-11-20T11:32:56.608000Z"),
        ("Nov 20 12:32:56", "2026-11-20T11:32:56.000000Z"),
        ("Nov  9 12:32:56.5", "2026-11-09T11:32:56.500000Z"),
        ("Dec 31 23:59:59", "2025-12-31T22:59:59.000000Z"),
        ("Feb 29 12:00:00", "2024-02-29T11:00:00.000000Z"),
        (EPOCH_S, "2026-11-20T11:32:56.000000Z"),
        (EPOCH_S + 0.305123, "2026-11-20T11:32:56.305123Z"),
        (f"{EPOCH_S}.305", "2026-11-20T11:32:56.305000Z"),
        (EPOCH_S * 1_000 + 305, "2026-11-20T11:32:56.305000Z"),
        (EPOCH_S * 1_000_000 + 305_123, "2026-11-20T11:32:56.305123Z"),
        (EPOCH_S * 1_000_000_000 + 305_123_456, "2026-11-20T11:32:56.305123Z"),
    ],
)
def test_times_are_read_as_written(written: str | float, expected: str) -> None:
    """The zone is the stamp's own, else the source's; epochs are told apart by their size."""
    assert iso(parse_time(written, form="auto", zone=PARIS, now_us=NOON_US)) == expected


@pytest.mark.parametrize(
    "written",
    [
        "",
        "yesterday",
        "2026-11-20",
        "2026-13-20T00:00:00Z",
        "2026-11-20T25:00:00Z",
        "20/Foo/2026:11:32:36",
        "Nov 31 01:02:03",
        *(True, None, [], 0, -5, 12, float("nan"), float("inf"), 10**30, "1e999999999", "0001-01-01T00:00:00+14:00"),
    ],
)
def test_what_is_no_time_is_refused(written: object) -> None:
    """Nothing is made up: impossible days, other types, counters and numbers of no unit are errors."""
    with pytest.raises(ValueError, match=r"."):
        parse_time(written, form="auto", zone=PARIS, now_us=NOON_US)


@pytest.mark.parametrize(
    ("form", "written", "expected"),
    [
        ("epoch_ms", "1795174376305", "2026-11-20T11:32:56.305000Z"),
        ("iso", "2026-11-20T11:32:56Z", "2026-11-20T11:32:56.000000Z"),
        ("apache", "20/Nov/2026:12:32:56 +0100", "2026-11-20T11:32:56.000000Z"),
        ("%d.%m.%Y %H:%M:%S", "20.11.2026 12:32:56", "2026-11-20T11:32:56.000000Z"),
    ],
)
def test_a_declared_format_is_kept_to(form: str, written: str, expected: str) -> None:
    """A profile may say how its times are written; then nothing else is taken."""
    assert iso(parse_time(written, form=form, zone=PARIS, now_us=NOON_US)) == expected
    with pytest.raises(ValueError, match=r"."):
        parse_time("Nov 20 12:32:56", form=form, zone=PARIS, now_us=NOON_US)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("<129>1 2026-11-20T11:32:52.548428+00:00 - haproxy 23812 - - Server", "2026-11-20T11:32:52.548428Z"),
        ("Nov 20 11:32:36 host haproxy[1]: Server", "2026-11-20T11:32:36.000000Z"),
        ("2026-11-20 11:32:36,123 INFO app: x", "2026-11-20T11:32:36.123000Z"),
        ('127.0.0.1 - - [20/Nov/2026:11:32:36 +0000] "GET', "2026-11-20T11:32:36.000000Z"),
        ("10.0.0.1:5 [20/Nov/2026:11:32:36.608] fe be/srv", "2026-11-20T11:32:36.608000Z"),
    ],
)
def test_a_plain_line_begins_with_its_time(line: str, expected: str) -> None:
    """Syslog in both framings, application logs, access logs, HAProxy's accept date."""
    assert iso(leading_time(line, zone=UTC, now_us=NOON_US)) == expected


def test_a_time_deep_inside_a_line_is_not_the_lines() -> None:
    """A stamp in the message is not when the line was written."""
    with pytest.raises(ValueError, match=r"no time"):
        leading_time("x" * 200 + " 2026-11-20T11:32:52Z", zone=UTC, now_us=NOON_US)
