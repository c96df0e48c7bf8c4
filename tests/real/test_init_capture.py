"""``init`` against a real Prometheus that holds the recorded run: what it writes works as it is."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from breakwatch.clock import fixed_clock, to_us
from breakwatch.config import load
from breakwatch.model import Window
from service import checking, doctor, scaffold
from service.ingest import Ingest
from store import Reader, Store
from tests.real.recorded import recorded_prometheus

if TYPE_CHECKING:
    from pathlib import Path

END = fixed_clock(to_us(datetime(2026, 11, 20, 11, 33, 41, tzinfo=UTC)))


def test_what_init_writes_fills_the_views_unedited(tmp_path: Path) -> None:
    """Written, validated, doctored and collected: the outage is there, with objectives that nothing stands against."""
    with recorded_prometheus(tmp_path / "server") as server:
        file = scaffold.write(tmp_path / "breakwatch.yaml", scaffold.Asked(server.url), force=False, clock=END)
        assert "2 services, 3 objectives" in checking.validated(file)
        config = load(file)
        lines = [check.line() for check in doctor.checks(config, END)]
        with Store.open(config.store.path, clock=END) as store:
            done = Ingest(config, store, END).once(config.sources, Window(None, END()))
    (cost,) = [line for line in lines if "a cycle every 5 s costs it" in line]
    assert re.search(r"costs it [1-9] requests, \d+ kB with [1-9][\d,]* samples in \d+\.\d\d s, by remote read$", cost)
    assert done.problems() == ()
    troubles = [line for line in lines if line.startswith(("FAIL", "warn")) and "its clock is" not in line]
    assert not troubles  # the recording is older than the server's clock
    with Reader.open(config.store.path) as reader:
        (episode,) = reader.rows("SELECT breaker, openings, duration_low_s, duration_high_s FROM breaker_episodes")
        filled = {
            view: reader.rows(f"SELECT count(*) AS n FROM {view}")[0]["n"]  # noqa: S608 - our own names
            for view in ("breaker_transitions", "health_changes", "request_counts", "retry_counts", "targets")
        }
    assert (episode["breaker"], episode["openings"]) == ("payments", 4)
    assert episode["duration_low_s"] < 20.053 < episode["duration_high_s"]
    assert all(filled.values()), filled


def test_the_observed_figures_stand_in_the_file(tmp_path: Path) -> None:
    """The p90 of one episode, its bounds and its number are in the comment above the objective they gave rise to."""
    with recorded_prometheus(tmp_path / "server") as server:
        file = scaffold.write(tmp_path / "b.yaml", scaffold.Asked(server.url), force=False, clock=END)
    text = file.read_text(encoding="utf-8")
    assert "p90 20 s [18.99, 21.01], n=1 episode, too few to compare; provable: yes" in text
    assert "83.579 % good, n=542 requests; provable: no" in text
    assert "n=1 failover, too few to compare; provable: no, these calls are counted and not told one by one" in text
    assert '# breaker "payments" on 1 instance, by opossum' in text
    assert '# calls go to "primary", "standby"' in text
    assert "scraped every 1 s" in text
