"""What three public status pages published of their incidents, against what we make of the same incidents."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from analysis.asking import Ask, Ground, Scope
from analysis.indicators.availability_time import compute
from breakwatch import config as configuration
from breakwatch.clock import DAY_US, fixed_clock, to_us
from collectors.imports import FORMATS
from service.importing import Said, bring_in
from store import Reader
from tests.service.command import write

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analysis.spans import Span

FOLDER = Path(__file__).parents[1] / "golden" / "upptime"
PAGES = ("8select", "bridgewell", "honch")
WINDOWS = ("uptime", "day", "week", "year")

Page = dict[str, Any]
Site = dict[str, Any]


@dataclass(frozen=True)
class Taken:
    """A page that was taken through the import, and what it is asked from."""

    page: Page
    ground: Ground

    def minutes_down(self, site: Site, spans: list[Span]) -> list[float]:
        """Return for how many minutes a site was down in each span."""
        answers = compute(self.ground, [Ask(Scope(service=site["slug"]), (span,)) for span in spans])
        return [
            (1 - answer.value) * (end - start) / 60e6
            for answer, (start, end) in zip(answers, spans, strict=True)
            if answer.value is not None
        ]


def us(text: str) -> int:
    """Return a written time as an instant."""
    return to_us(datetime.fromisoformat(text))


def rows_of(site: Site, shortest: timedelta) -> Iterator[tuple[str, str, str]]:
    """Yield a site's incidents as rows of the import format, without the short ones that the page leaves out."""
    for started, ended in site["incidents"]:
        if datetime.fromisoformat(ended) - datetime.fromisoformat(started) >= shortest:
            yield site["slug"], started, ended


@pytest.fixture(scope="module", params=PAGES)
def taken(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Taken]:
    """A page's history, converted to CSV and imported site by site, each complete from its start on."""
    page: Page = json.loads((FOLDER / f"{request.param}.json").read_text("utf-8"))
    folder = tmp_path_factory.mktemp(request.param)
    write(folder, "store: {path: b.duckdb}\n")
    config = configuration.load(folder / "breakwatch.yaml")
    shortest = timedelta(minutes=page["drop_incidents_shorter_than_min"])
    for site in page["sites"]:
        file = folder / f"{site['slug']}.csv"
        with file.open("w", newline="", encoding="utf-8") as written:
            csv.writer(written).writerows([("service", "started_at", "ended_at"), *rows_of(site, shortest)])
        said = Said(service=site["slug"], covers=f"{site['start']}..{page['asof']}")
        assert bring_in(config, FORMATS["incidents"], [file], said, fixed_clock(us(page["asof"]))) == 0
    with Reader.open(folder / "b.duckdb") as reader:
        yield Taken(page, Ground(reader, config, us(page["asof"])))


def day_span(taken: Taken, site: Site, day: date) -> Span:
    """Return a UTC day as far as the site was watched on it."""
    start_us = to_us(datetime(day.year, day.month, day.day, tzinfo=UTC))
    return max(start_us, us(site["start"])), min(start_us + DAY_US, us(taken.page["asof"]))


def test_every_daily_figure_within_a_minute(taken: Taken) -> None:
    """The minutes down of each day that the page names; and no day with a minute down that it does not name."""
    compared = 0
    for site in taken.page["sites"]:
        published = {date.fromisoformat(day): down for day, down in site["expected"]["dailyMinutesDown"].items()}
        hurt = {datetime.fromisoformat(edge).date() for incident in site["incidents"] for edge in incident}
        days = sorted(published.keys() | hurt)
        found = taken.minutes_down(site, [day_span(taken, site, day) for day in days])
        assert len(found) == len(days)
        for day, down in zip(days, found, strict=True):
            assert down == pytest.approx(published.get(day, 0), abs=1), (site["slug"], day)
            compared += 1
    assert compared > 0


def test_every_uptime_within_two_hundredths_of_a_point(taken: Taken) -> None:
    """Since the start and of the last day, week and year, or as far as the site goes back; all of it covered."""
    end_us = us(taken.page["asof"])
    for site in taken.page["sites"]:
        start_us = us(site["start"])
        lengths = taken.page["window_lengths_s"]
        spans = [(max(start_us, end_us - lengths.get(name, 10**9) * 1_000_000), end_us) for name in WINDOWS]
        asks = [Ask(Scope(service=site["slug"]), (span,)) for span in spans]
        for name, answer in zip(WINDOWS, compute(taken.ground, asks), strict=True):
            assert answer.value is not None, (site["slug"], name)
            published = float(site["expected"][name].rstrip("%"))
            assert answer.value * 100 == pytest.approx(published, abs=0.02), (site["slug"], name)
            assert answer.low == answer.high == pytest.approx(answer.value), (site["slug"], name)
