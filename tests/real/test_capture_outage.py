"""The recorded run again: the outage its clients lived through, edge by edge."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from analysis.outages import Outage, spell_of, united_outages
from breakwatch.clock import fixed_clock, to_us
from tests.real.harness import Setup, prometheus_source
from tests.real.recorded import recorded_prometheus
from tests.real.test_capture_times import END_US, logs

if TYPE_CHECKING:
    from pathlib import Path

BEGAN_US = to_us(datetime.fromisoformat("2026-11-20T11:33:01.450+00:00"))
ENDED_US = to_us(datetime.fromisoformat("2026-11-20T11:33:12.673+00:00"))


def collected(folder: Path, *sources: dict[str, Any]) -> Setup:
    """Collect sources through the ordinary path."""
    setup = Setup(folder / "store", sources, ())
    assert setup.collect(fixed_clock(END_US)).problems() == ()
    return setup


def down(setup: Setup) -> Outage:
    """Return the one time in which the proxy's backend was down, with no settle time."""
    spells = [spell_of(row) for row in setup.rows("from outage_spells where service = 'be_app'")]
    (outage,) = [outage for outage in united_outages(spells, 0.0) if outage.kind == "down"]
    return outage


def test_the_clients_list_alone_tells_the_outage_to_the_millisecond(tmp_path: Path) -> None:
    """From the start of the first failed request to the end of the first good answer; all 89 between failed."""
    (client, *_) = logs(tmp_path)
    outage = down(collected(tmp_path, client))
    assert outage.start.middle_us == pytest.approx(BEGAN_US, abs=3_000)
    assert outage.end is not None
    assert outage.end.middle_us == pytest.approx(ENDED_US, abs=3_000)
    assert outage.failed_requests == 89


def test_with_the_proxys_log_it_is_one_outage_with_all_its_reasons(tmp_path: Path) -> None:
    """Running on the backup first was degraded, and not down: that is told apart."""
    setup = collected(tmp_path, *logs(tmp_path))
    outage = down(setup)
    assert {spell.cause for spell in outage.spells} == {"failures", "instances", "level"}
    assert (outage.start.middle_us, outage.end and outage.end.middle_us) == pytest.approx(
        (BEGAN_US, ENDED_US), abs=3_000
    )
    (degraded,) = setup.rows("from outages where kind = 'degraded' and service = 'be_app'")
    assert (degraded["severity"], to_us(degraded["started_at"]) < BEGAN_US - 8_000_000) == ("S3", True)


def test_scrapes_alone_hold_both_edges_within_their_bounds(tmp_path: Path) -> None:
    """The end to two scrapes; the start to what a call may have lasted before the scrape that showed it."""
    with recorded_prometheus(tmp_path / "server") as server:
        outage = down(collected(tmp_path, prometheus_source(server, profiles=["haproxy"])))
    assert outage.end is not None
    assert outage.start.earliest_us <= BEGAN_US <= outage.start.latest_us
    assert outage.end.earliest_us <= ENDED_US <= outage.end.latest_us
    assert outage.end.latest_us - outage.end.earliest_us < 2_100_000
    assert outage.failed_requests == 89
