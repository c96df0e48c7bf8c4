"""The running service judges by the clock, and a fresh check beside it waits for what it publishes."""

from __future__ import annotations

import json
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from breakwatch.clock import fixed_clock, system_clock, to_us
from breakwatch.config import load
from breakwatch.errors import StoreError
from breakwatch.model import Window
from service import judging
from service.cli import invoke
from service.ingest import Ingest
from service.journal import start as start_journal
from service.running import JUDGE_INTERVAL_S, Service
from store import Reader, Store
from tests.service.command import write

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
CONFIG = """
sources: [{name: app, kind: logs, paths: [app.jsonl], profile: breakwatch-service}]
objectives:
  - {name: heal, indicator: breaker_recovery_time, stat: max, below: 30s, service: shop, window: 1h}
  - {name: daily, indicator: breaker_recovery_time, stat: max, below: 30s, service: shop, window: {calendar: day}}
"""


def line(ago_s: float, was: str, now: str) -> str:
    """Return a line about the breaker."""
    stamp = (NOW - timedelta(seconds=ago_s)).isoformat().replace("+00:00", "Z")
    told = {"ts": stamp, "event": "breaker_transition", "service": "shop", "breaker": "pay", "from": was, "to": now}
    return json.dumps(told) + "\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A log with one episode of 20 s, ten minutes ago; we are in its folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.jsonl").write_text(line(600, "closed", "open") + line(580, "open", "closed"))
    write(tmp_path, CONFIG)
    return tmp_path


def test_the_service_keeps_and_publishes_its_verdicts(folder: Path) -> None:
    """Each objective; judged again at once nothing is added, and nothing is said of a day before the first sight."""
    config = load(folder / "breakwatch.yaml")
    clock = fixed_clock(to_us(NOW))
    with Store.open(config.store.path, clock=clock) as store:
        service = Service(Ingest(config, store, clock), clock, start_journal())
        service.ingest.collect(config.sources[0], Window(None, to_us(NOW)))
        service.ingest.settle()
        for _ in range(2):
            service.judge()
            service.settle()
        service.ingest.close()
    with Reader.open(config.store.path) as reader:
        rows = reader.rows("select objective, verdict, n, value from verdicts order by objective, window_end")
    assert [row["objective"] for row in rows] == ["daily", "heal"]
    assert (rows[1]["n"], rows[1]["value"]) == (1, 20.0)


def test_it_judges_once_a_minute() -> None:
    """At most: what is said more often is said to nobody."""
    assert JUDGE_INTERVAL_S >= 60


def test_a_fresh_check_waits_for_the_service(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The owner collects anyway: the check judges the first thing it publishes after it was asked."""
    config = load(folder / "breakwatch.yaml")
    with Store.open(config.store.path) as store:
        Ingest(config, store, system_clock).once(config.sources, Window(None, system_clock()))

        def publish_later() -> None:
            time.sleep(1.0)
            store.publish(system_clock())

        thread = threading.Thread(target=publish_later)
        thread.start()
        code = invoke(["check", "--fresh", "--format", "json"])
        thread.join()
    assert code in {0, 3}
    assert "waiting for what it publishes next" in capsys.readouterr().err


def test_a_service_that_publishes_nothing_is_not_waited_for_forever(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told, with what to look at."""
    monkeypatch.setattr(judging, "FRESH_WITHIN_S", 0.3)
    config = load(folder / "breakwatch.yaml")
    with Store.open(config.store.path) as store:
        store.publish(system_clock())
        with pytest.raises(StoreError, match="nothing was published"):
            judging.check(config, judging.Asked(fresh=True))
