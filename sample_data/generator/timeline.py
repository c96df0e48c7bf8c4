"""When the sample begins, ends, and is scraped more often."""

from __future__ import annotations

from datetime import UTC, datetime

from breakwatch.clock import DAY_US, MINUTE_US, SECOND_US, Instant, from_us, to_us
from sample_data import AS_OF_US

END_US: Instant = AS_OF_US
START_US: Instant = END_US - 30 * DAY_US
FINE_FROM_US: Instant = END_US - DAY_US
COARSE_STEP_US = MINUTE_US
FINE_STEP_US = 15 * SECOND_US


def at(text: str) -> Instant:
    """Return the instant of ``MM-DD HH:MM:SS[.ffffff]`` in the sample's year, UTC."""
    return to_us(datetime.fromisoformat(f"2026-{text}").replace(tzinfo=UTC))


def iso(instant_us: Instant) -> str:
    """Return an instant as ISO 8601 with microseconds and Z."""
    return from_us(instant_us).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def steps() -> list[Instant]:
    """Return the starts of all steps of the simulation, and the end of the last one."""
    coarse = range(START_US, FINE_FROM_US, COARSE_STEP_US)
    fine = range(FINE_FROM_US, END_US, FINE_STEP_US)
    return [*coarse, *fine, END_US]
