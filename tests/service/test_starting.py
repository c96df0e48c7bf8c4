"""The first minutes: the demo, the starter configuration, the doctor."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

import sample_data
from breakwatch.clock import SECOND_US, from_us
from breakwatch.config import Config, load
from breakwatch.errors import StoreError
from service import demo, doctor
from store import CollectionRun, Reader, Store
from tests.service.command import breakwatch, write
from tests.service.servers import closed_port


@pytest.fixture(scope="module")
def demo_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's published file."""
    return demo.build(tmp_path_factory.mktemp("demo"))


def test_the_demo_fills_the_views_a_newcomer_sees(demo_store: Path) -> None:
    """Episodes of the simulated month and of the real capture are published, marked as a recording."""
    with Reader.open(demo_store) as reader:
        (capture,) = reader.rows("SELECT openings, duration_s FROM breaker_episodes WHERE environment = 'capture'")
        assert capture["openings"] == 4
        assert capture["duration_s"] == pytest.approx(20.053, abs=0.001)
        (demo_rows,) = reader.rows("SELECT count(*) AS n FROM breaker_episodes WHERE environment = 'demo'")
        assert demo_rows["n"] > 10
        (publication,) = reader.rows("FROM publication")
        assert publication["recorded"] is True
        assert publication["as_of"] == from_us(sample_data.AS_OF_US)
        short = reader.rows("SELECT source, status, error FROM collection_runs WHERE status <> 'ok'")
        torn = {"source": "demo-logs", "status": "partial", "error": "5 pieces of input rejected"}
        assert short == [torn], "the sample has five torn lines on purpose"


def test_the_demo_again_takes_seconds_and_adds_nothing(demo_store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What was collected is there; a second start only opens it."""
    started = time.monotonic()
    assert demo.build(demo_store.parent) == demo_store
    assert time.monotonic() - started < 10
    assert "0 new observations" in capsys.readouterr().err


def test_a_demo_of_another_sample_is_made_anew(tmp_path: Path, demo_store: Path) -> None:
    """Two samples in one store would be neither; a store somebody owns is not touched."""
    del demo_store
    published = tmp_path / demo.STORE_FILE
    config = Config().model_copy(update={"store": Config().store.model_copy(update={"path": published})})
    mark = published.with_name(f".{published.name}.sample")
    with Store.open(published) as store:
        store.publish(0)
        with pytest.raises(StoreError):
            demo._forget_another_sample(config, "new")
        assert published.exists()
    demo._forget_another_sample(config, "new")
    assert not published.exists()
    assert mark.read_text() == "new"


def test_the_doctor_works_while_a_source_is_down(tmp_path: Path) -> None:
    """Each check is one line; the dead source fails with a remedy, the others are still looked at."""
    (tmp_path / "app.jsonl").write_text("")
    dead = f"http://127.0.0.1:{closed_port()}"
    prom = f"{{name: prom, kind: prometheus, url: '{dead}', profiles: [resilience4]}}"
    logs = "{name: app, kind: logs, paths: [app.jsonl]}, {name: gone, kind: logs, paths: [no/*.log]}"
    write(tmp_path, f"sources: [{prom}, {logs}]\n")
    done = breakwatch("doctor", folder=tmp_path)
    assert done.code == 4
    lines = done.out.splitlines()
    assert [line for line in lines if line.startswith("FAIL  prom") and "try: " in line]
    assert [line for line in lines if line.startswith("FAIL  gone: no file matches")]
    assert [line for line in lines if line.startswith("ok    app: 1 file")]
    assert [line for line in lines if "no profile is named 'resilience4'" in line and "resilience4j" in line]
    assert [line for line in lines if line.startswith("ok    store")]


def test_the_doctor_knows_standard_input(tmp_path: Path) -> None:
    """A source that is piped in is no missing file, and is not waited for."""
    write(tmp_path, "sources: [{name: journal, kind: logs, paths: ['-'], framing: journald}]\n")
    done = breakwatch("doctor", folder=tmp_path)
    assert done.code == 0
    told = [line for line in done.out.splitlines() if "journal" in line]
    assert told[0] == "ok    journal: standard input, read by breakwatch collect --once"


def test_the_doctor_says_whose_collection_fails(tmp_path: Path) -> None:
    """A source whose last runs failed is stale after two cycles: since when, why, and whether it needs a person."""
    (tmp_path / "app.jsonl").write_text("")
    config = load(write(tmp_path, "sources: [{name: app, kind: logs, paths: [app.jsonl]}]\nstore: {path: b.duckdb}"))
    with Store.open(config.store.path) as store:
        for second in (0, 5, 10):
            store.record_run(CollectionRun("app", second * SECOND_US, second * SECOND_US))
        at_us = 60 * SECOND_US
        failed = CollectionRun("app", at_us, at_us, status="failed", error="no file is found", failures=4)
        store.record_run(replace(failed, needs_person=True, next_attempt_us=at_us + 60 * SECOND_US))
        store.publish(at_us)
    (late,) = [one for one in doctor.checks(config, lambda: at_us) if one.finding.startswith("stale")]
    assert late.finding == (
        "stale: its collection has failed since 1970-01-01 00:00:10 UTC: no file is found; asked again at 00:02:00 UTC"
    )
    assert late.remedy == "somebody has to change something first"
    assert not [one for one in doctor.checks(config, lambda: 20 * SECOND_US) if one.finding.startswith("stale")]


def test_the_doctor_names_the_owner_of_a_store(tmp_path: Path) -> None:
    """A store that a running service owns is well; one that is damaged is not."""
    config = load(write(tmp_path, "sources: []\nstore: {path: b.duckdb}"))
    with Store.open(config.store.path) as store:
        store.publish(0)
        (check,) = [check for check in doctor.checks(config, lambda: 0) if "owned by process" in check.finding]
        assert check.code == 0
    config.store.path.write_text("no database" * 1000)
    (check,) = [check for check in doctor.checks(config, lambda: 0) if "not a DuckDB file" in check.finding]
    assert check.code == 5
