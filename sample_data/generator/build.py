"""Runs the whole fleet and puts together what a collector would find."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sample_data.generator.app import App, World
from sample_data.generator.fleet import FLEET, SEED, Instance, app_of, dice, logbooks
from sample_data.generator.happenings import Fault, Gap
from sample_data.generator.logbook import Logbook, Truth
from sample_data.generator.machines import SimulatedClock, pybreaker_on
from sample_data.generator.noise import add_noise
from sample_data.generator.openmetrics import Line
from sample_data.generator.recorder import Scraped, Scrapes, key, scrape, scrapes_of
from sample_data.generator.run import run
from sample_data.generator.story import STORY

if TYPE_CHECKING:
    from sample_data.generator.logbook import Fields
    from sample_data.generator.recorder import Labels

_MS_PER_S = 1_000


@dataclass(frozen=True, slots=True)
class Sample:
    """The whole sample in memory."""

    apps: list[tuple[Instance, App]]
    scrapes: dict[str, Scrapes]
    books: dict[str, Logbook]
    truth: Truth

    def lines(self) -> list[Line]:
        """Return every series as scraped, with all its labels."""
        found: list[Line] = []
        for instance, app in self.apps:
            scrapes = self.scrapes[instance.name]
            series = [scrape(app.recorder, scrapes, one) for one in app.recorder.all_series()]
            found += [Line(_labels(instance, one), one) for one in [*series, *_about(instance, scrapes)]]
        return sorted(found, key=_order)


def simulate() -> Sample:
    """Run the fleet through the story; always with the same result."""
    clock, truth, books = SimulatedClock(), Truth(), logbooks()
    world = World(STORY, clock, truth)
    gaps = [one for one in STORY if isinstance(one, Gap)]
    apps: list[tuple[Instance, App]] = []
    scrapes: dict[str, Scrapes] = {}
    with pybreaker_on(clock):
        for service in dict.fromkeys(one.service for one in FLEET):
            for index, instance in enumerate(one for one in FLEET if one.service == service):
                app = app_of(instance, world, books)
                run(app, index)
                apps.append((instance, app))
                spans = [(gap.start_us, gap.end_us) for gap in gaps if gap.service == service]
                scrapes[instance.name] = scrapes_of(app.recorder, instance.offset_ms, spans, dice(instance, "scrapes"))
    _note_faults(truth)
    add_noise(books, SEED)
    return Sample(apps, scrapes, books, truth)


def _note_faults(truth: Truth) -> None:
    for one in STORY:
        if isinstance(one, Fault):
            where = ", ".join(one.instances) or "all"
            said: dict[str, Fields] = {"path": one.path, "instances": where, "share": one.share, "text": one.text}
            truth.note(one.start_us, "fault_start", **said)
            truth.note(one.end_us, "fault_end", **said)
        elif isinstance(one, Gap):
            truth.note(one.start_us, "scrape_gap_start", service=one.service, text=one.text)
            truth.note(one.end_us, "scrape_gap_end", service=one.service, text=one.text)


def _about(instance: Instance, scrapes: Scrapes) -> list[Scraped]:
    """Return what the scraper itself says of its scrapes."""
    about = [Scraped(key("up"), scrapes.stamps_us, scrapes.answered.astype(np.float64))]
    if instance.shows_duration:
        seconds = scrapes.duration_ms / _MS_PER_S
        about.append(Scraped(key("scrape_duration_seconds"), scrapes.stamps_us, seconds))
    return about


def _labels(instance: Instance, series: Scraped) -> Labels:
    target = {
        "environment": "demo",
        "application": instance.service,
        "job": instance.service,
        "instance": instance.name,
    }
    return (*target.items(), *series.key[1])


def _order(line: Line) -> tuple[str, Labels, float]:
    """By name and labels, the buckets of a histogram by their bound."""
    bound = dict(line.labels).get("le", "0")
    return line.series.key[0], tuple(pair for pair in line.labels if pair[0] != "le"), float(bound)
