"""``breakwatch annotate``: changes and time that does not count, said by people, now or after the fact."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from breakwatch.config import load
from service import inbox
from service.cli import invoke
from store import Reader, Store
from tests.service.command import write

NOW = datetime.now(UTC).replace(microsecond=0)
HEAL = "objectives: [{name: heal, indicator: service_recovery_time, stat: max, at_most: 10m, service: shop}]\n"


def stamp(hours: float) -> str:
    """Return the time so many hours ago."""
    return (NOW - timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store with one outage of an hour, listed by hand, complete for ten days; we are in its folder."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path, HEAL)
    with Path("incidents.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["service", "started_at", "ended_at"], ["shop", stamp(5), stamp(4)]])
    assert invoke(["import", "incidents", "incidents.csv", "--covers", f"{stamp(240)}.."]) == 0
    return tmp_path


def rows(sql: str) -> list[dict[str, Any]]:
    """Return what the published file answers."""
    with Reader.open("breakwatch.duckdb") as reader:
        return reader.rows(sql)


def judged(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """Return the verdict on the last ten hours but one."""
    capsys.readouterr()
    invoke(["check", "--since", stamp(10), "--until", stamp(1), "--format", "json"])
    (found,) = json.loads(capsys.readouterr().out)["verdicts"]
    return dict(found)


def test_an_exclusion_after_the_fact_restates_and_says_who_and_why(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The window that was missed is met; the earlier statement stays, and the audit log tells the story."""
    before = judged(capsys)
    assert before["verdict"] == "missed"
    said = ["--at", stamp(6), "--until", stamp(3), "--reason", "the provider's fault", "--by", "ann"]
    assert invoke(["annotate", "exclusion", "--service", "shop", *said]) == 0
    after = judged(capsys)
    assert (after["verdict"], after["restates"]) == ("met", before["verdict_id"])
    assert after["reason"].startswith("restated: declared since: exclusion")
    assert "by ann: the provider's fault" in after["reason"]
    assert [row["verdict"] for row in rows("select verdict from verdicts order by evaluated_at")] == ["missed", "met"]
    (audited,) = rows("select actor, action, subject, reason from audit_log")
    assert (audited["actor"], audited["action"], audited["subject"]) == ("ann", "annotated exclusion after the fact",
                                                                        "shop")  # fmt: skip
    assert audited["reason"].endswith(": the provider's fault")


def test_a_deploy_stands_among_the_changes(folder: Path) -> None:
    """With its revision and who said it; said twice it is one."""
    for _ in range(2):
        assert (
            invoke(["annotate", "deploy", "--service", "shop", "--revision", "v2", "--at", stamp(1), "--by", "ci"]) == 0
        )
    (found,) = rows("select kind, service, revision, actor, ended_at from changes")
    assert found == {"kind": "deploy", "service": "shop", "revision": "v2", "actor": "ci", "ended_at": None}
    assert rows("from audit_log") == []


def test_what_is_said_while_the_service_runs_waits_for_it(folder: Path) -> None:
    """The owner takes it in; nobody has to stop it."""
    config = load(folder / "breakwatch.yaml")
    with Store.open(folder / "breakwatch.duckdb") as owner:
        assert invoke(["annotate", "deploy", "--service", "shop", "--by", "ci"]) == 0
        assert inbox.take_in(config, owner) == 1
        assert owner.rows("select kind from raw.records where kind = 'change'") == [{"kind": "change"}]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["party"], "'party' is no kind of change"),
        (["maintenance", "--reason", "x"], "say how long the maintenance is"),
        (["maintenance", "--for", "30m"], "say why the maintenance does not count"),
        (["maintenance", "--for", "soon", "--reason", "x"], "'soon' is not a duration"),
        (["exclusion", "--at", "1h", "--until", "2h", "--reason", "x"], "ends before it starts"),
        (["deploy", "--for", "30m"], "a deploy has no end"),
    ],
)
def test_what_makes_no_sense_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    """In two lines, with what to do."""
    capsys.readouterr()
    assert invoke(["annotate", *arguments]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert len(told.splitlines()) == 2
