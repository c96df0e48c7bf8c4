"""Framings: what a logging system puts around a line is taken off, its time and names are kept."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from breakwatch.clock import SECOND_US
from breakwatch.config import Config, LogsSource
from breakwatch.model import Window
from collectors.logs.collector import STANDARD_INPUT, LogCollector
from collectors.logs.framings import FRAMINGS, of_file
from tests.collectors.logs.following import NOON_US, Ledger, add, at, event, lines

if TYPE_CHECKING:
    from pathlib import Path

    from tests.collectors.logs.conftest import Follow

T = "2026-11-20T11:32:52.548123Z"
MESSAGE = "CB[payments] -> OPEN"
OWN = {"format": "regex", "pattern": r"^CB\[(?P<breaker>\w+)\] -> (?P<to>\w+)$"}
JOURNAL = {"__CURSOR": "s=1;i=7", "__REALTIME_TIMESTAMP": "1795174372548123", "SYSLOG_IDENTIFIER": "shop", "_PID": "7"}


def framed(name: str, text: str, *, number: int = 0) -> str:
    """Return a line as a logging system writes it."""
    stamp = f"2026-11-20T11:32:52.{548123 + number:06d}Z"
    return {
        "rfc5424": f'<134>1 {stamp} lb shop 23 ID47 [meta@1 k="a \\"b\\] c"][x y="z"] \ufeff{text}',
        "rfc3164": f"<134>Nov 20 11:32:52 lb shop[23]: {text}",
        "cri": f"{stamp} stdout F {text}",
        "docker": json.dumps({"log": text + "\n", "stream": "stdout", "time": stamp}, separators=(",", ":")),
        "journald": json.dumps({**JOURNAL, "__CURSOR": f"s=1;i={number}", "MESSAGE": text}),
    }[name]


@pytest.mark.parametrize("name", list(FRAMINGS))
@pytest.mark.parametrize("asked", ["auto", "named"])
def test_a_structured_line_in_any_framing(tmp_path: Path, follow: Follow, name: str, asked: str) -> None:
    """A program's JSON lines are read through the framing; their own stamp goes before the framing's."""
    log = tmp_path / "app.log"
    log.write_text("".join(framed(name, event(n).decode(), number=n) + "\n" for n in range(3)), encoding="utf-8")
    settings: dict[str, Any] = {} if asked == "auto" else {"framing": name}
    ledger = follow(log, **settings).read()
    assert (ledger.numbers, ledger.rejected, ledger.lines) == ([0, 1, 2], {}, 3)


@pytest.mark.parametrize("name", list(FRAMINGS))
def test_a_plain_line_takes_the_time_of_its_framing(tmp_path: Path, follow: Follow, name: str) -> None:
    """What stands around the line says when, where the line itself does not."""
    log = tmp_path / "app.log"
    log.write_text(framed(name, MESSAGE) + "\n", encoding="utf-8")
    (sighting,) = follow(log, framing=name, **OWN).read().sightings.values()
    assert sighting.subject.breaker == "payments"
    assert sighting.occurred_us == at(T) - (548_123 if name == "rfc3164" else 0)


@pytest.mark.parametrize("name", ["rfc5424", "rfc3164", "journald"])
def test_who_wrote_it_is_known_from_the_framing(tmp_path: Path, follow: Follow, name: str) -> None:
    """A line that names no service is the program's that the logging system names."""
    log = tmp_path / "app.log"
    log.write_text(framed(name, MESSAGE) + "\n", encoding="utf-8")
    (sighting,) = follow(log, framing=name, **OWN).read().sightings.values()
    assert sighting.subject.service == "shop"


def test_a_pattern_of_ones_own_sees_the_line_as_it_stands(tmp_path: Path, follow: Follow) -> None:
    """Unless a framing is asked for: the pattern was written for what the file shows."""
    log = tmp_path / "app.log"
    log.write_text(framed("cri", MESSAGE) + "\n", encoding="utf-8")
    assert follow(log, **OWN).read().sightings == {}
    whole = r"stdout F CB\[(?P<breaker>\w+)\] -> (?P<to>\w+)"
    assert len(follow(log, format="regex", pattern=whole).read().sightings) == 1


def test_lines_without_the_framing_of_their_file_are_read_as_they_are(tmp_path: Path, follow: Follow) -> None:
    """A program may print around its logging system."""
    log = tmp_path / "app.log"
    log.write_text(f"{framed('cri', event(0).decode())}\n{event(1).decode()}\n", encoding="utf-8")
    assert follow(log).read().numbers == [0, 1]


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (b"2026-11-20 11:32:36,123 INFO shop: started", None),
        (b"2026-11-20T11:32:36Z INFO app: x", None),
        (b'{"ts":"2026-11-20T11:32:36Z","log":"x"}', None),
        (b"", None),
        (b"2026-11-20T11:32:56.305Z lb haproxy[1]: x", "rfc3164"),
        (b"Nov  1 11:32:56 lb kernel: x", "rfc3164"),
        (b"<13>1 - - - - - - x", "rfc5424"),
    ],
)
def test_only_a_framing_is_taken_for_one(line: bytes, name: str | None) -> None:
    """An application's own line that begins with a time is no syslog."""
    found = of_file(line)
    assert (found.name if found else None) == name


def test_pieces_of_a_container_line_are_joined_by_stream(tmp_path: Path, follow: Follow) -> None:
    """The runtime splits what is long; what the other stream writes in between does not matter."""
    text = event(0)[:-1].decode() + ',"more":"' + "x" * 40_000 + '"}'
    cuts = [text[:16_384], text[16_384:32_768], text[32_768:]]
    records = [f"{T} stdout P {cuts[0]}", f"{T} stderr F {event(1).decode()}", f"{T} stdout P {cuts[1]}"]
    log = tmp_path / "app.log"
    log.write_text("".join(f"{record}\n" for record in [*records, f"{T} stdout F {cuts[2]}"]), encoding="utf-8")
    ledger = follow(log).read()
    assert (ledger.numbers, ledger.rejected) == ([0, 1], {})


@pytest.mark.parametrize("restarted", [False, True])
def test_the_last_piece_may_come_later(tmp_path: Path, follow: Follow, *, restarted: bool) -> None:
    """A line of which a piece is missing waits for it, over a restart too, and is told once."""
    text = event(0).decode()
    log = tmp_path / "app.log"
    log.write_text(f"{framed('docker', 'x')}\n", encoding="utf-8")
    stamp = "2026-11-20T11:59:59Z"
    follower = follow(log, framing="cri")
    log.write_text(f"{stamp} stdout F x\n{stamp} stdout P {text[:30]}\n{stamp} stderr F {event(1).decode()}\n")
    assert follower.read().numbers == [1]
    if restarted:
        follower.restart()
    add(log, f"{stamp} stdout F {text[30:]}\n".encode())
    ledger = follower.read()
    assert (ledger.numbers, ledger.rejected) == ([0, 1], {})


def test_a_piece_without_its_rest_is_given_up(tmp_path: Path, follow: Follow) -> None:
    """A program that died within a line must not hold its log up: after a minute the piece is all there is."""
    log = tmp_path / "app.log"
    stamp = "2026-11-20T11:59:59Z"
    log.write_text(f'{stamp} stdout F x\n{stamp} stdout P {{"event":"breaker\n', encoding="utf-8")
    follower = follow(log)
    assert follower.read().rejected == {}
    follower.now_us += 61 * SECOND_US
    (rejected,) = follower.read().rejected.values()
    assert rejected.content == '{"event":"breaker'
    add(log, f"{stamp} stdout F {event(1).decode()}\n".encode())
    assert follower.read().numbers == [1]


def test_docker_pieces_have_no_line_end(tmp_path: Path, follow: Follow) -> None:
    """Docker's files say it by leaving out the line end."""
    text = event(0)[:-1].decode() + ',"more":"' + "x" * 20_000 + '"}'
    records = [
        {"log": part, "stream": "stdout", "time": T} for part in ("start\n", text[:16_384], text[16_384:] + "\n")
    ]
    log = tmp_path / "app.log"
    log.write_text("".join(json.dumps(record, separators=(",", ":")) + "\n" for record in records), encoding="utf-8")
    ledger = follow(log).read()
    assert (ledger.numbers, ledger.rejected) == ([0], {})


def test_a_journal_record_is_one_however_it_is_exported(tmp_path: Path, follow: Follow) -> None:
    """Its cursor names it: two exports that overlap tell each record once; a message may be bytes."""
    records = [framed("journald", event(n).decode(), number=n) for n in range(4)]
    data = list(event(4))
    records.append(json.dumps({**JOURNAL, "__CURSOR": "s=1;i=4", "MESSAGE": data}))
    (tmp_path / "a.json").write_text("".join(f"{one}\n" for one in records[:3]), encoding="utf-8")
    (tmp_path / "b.json").write_text("".join(f"{one}\n" for one in records[1:]), encoding="utf-8")
    ledger = follow(tmp_path / "*.json").read()
    assert (ledger.numbers, ledger.repeated) == ([0, 1, 2, 3, 4], 2)


def collect_input(data: bytes, ledger: Ledger) -> Ledger:
    """Collect what is piped in."""
    source = LogsSource(name="app", paths=(STANDARD_INPUT,))
    collector = LogCollector(source, Config(), lambda: NOON_US, io.BytesIO(data))
    for batch in collector.collect(Window(None, NOON_US), dict(ledger.checkpoints)):
        ledger.append(batch)
    return ledger


def test_standard_input_is_read_to_its_end() -> None:
    """A journal piped in twice, longer the second time, is told once; a last line needs no end."""
    journal = "\n".join(framed("journald", event(n).decode(), number=n) for n in range(3)).encode()
    ledger = collect_input(journal, Ledger())
    more = journal + b"\n" + framed("journald", event(3).decode(), number=3).encode()
    collect_input(more[more.index(b"\n") + 1 :], ledger)
    assert (ledger.numbers, ledger.repeated) == ([0, 1, 2, 3], 2)
    assert not any(key.startswith("file:") for key in ledger.checkpoints)


def test_standard_input_may_be_large() -> None:
    """More than a block, without a framing."""
    assert collect_input(lines(range(30_000)), Ledger()).numbers == list(range(30_000))


def test_nothing_on_standard_input_is_nothing() -> None:
    """An empty export is no error."""
    assert collect_input(b"", Ledger()).sightings == {}
