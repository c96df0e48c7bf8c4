"""Secrets and control characters in log lines: neither is kept, wherever the line ends up."""

from __future__ import annotations

import contextlib
import io
import logging
from typing import TYPE_CHECKING

import pytest

from breakwatch.config import Config, LogsSource
from breakwatch.errors import ConfigError
from breakwatch.model import Window
from collectors.logs.collector import LogCollector
from collectors.logs.redaction import REDACTED, RULES, Redactor, harmless
from store import Reader, Store
from tests.collectors.logs.following import NOON_US

if TYPE_CHECKING:
    from pathlib import Path

    from store.values import Rows
    from tests.collectors.logs.conftest import Follow

T = "2026-11-20T11:00:00.000001Z"
PLANTED = {
    "tok3nAAAAAAAAAAA1": "Authorization: Bearer tok3nAAAAAAAAAAA1",
    "cGxhbnRlZDpwYXNz2": "authorization=Basic cGxhbnRlZDpwYXNz2",
    "urlpass-3": "connect to amqp://user:urlpass-3@queue:5672/ failed",
    "hunter-4": "password=hunter-4",
    "json-5": '\\"client_secret\\": \\"json-5\\"',
    "AKIAPLANTEDKEY000006": "AKIAPLANTEDKEY000006",
    "eyJhbGciOi7.eyJzdWIiOi7.c2lnbmF0dXJl7": "jwt eyJhbGciOi7.eyJzdWIiOi7.c2lnbmF0dXJl7",
    "ghp_planted0000000000000000000000008": "push with ghp_planted0000000000000000000000008",
    "xoxb-planted-0000000009": "slack xoxb-planted-0000000009",
    "sk-planted0000000000000010": "openai sk-planted0000000000000010",
}


def lines() -> list[str]:
    """Return lines that are told, and lines that are rejected, each with a secret."""
    told = [
        f'{{"ts":"{T}","event":"retry","operation":"o","attempt":{number},"error":"{text}"}}'
        for number, text in enumerate(PLANTED.values())
    ]
    rejected = [f'{{"ts":"{T}","event":"breaker_transition","breaker":"b","to":"{text}"}}' for text in PLANTED.values()]
    broken = [f'{{"ts":"{T}","event":"retry", {text}' for text in PLANTED.values()]
    return told + rejected + broken


def everything(rows: Rows) -> str:
    """Return every value of every relation, as a text."""
    named = rows.rows("SELECT table_schema AS s, table_name AS t FROM information_schema.tables")
    every = [rows.rows(f'SELECT * FROM "{one["s"]}"."{one["t"]}"') for one in named]  # noqa: S608 - our own names
    return repr(every)


def test_planted_secrets_are_nowhere(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Ten secrets in told, rejected and unreadable lines: none in the store, what is published, or what is logged."""
    log = tmp_path / "app.log"
    log.write_text("".join(f"{line}\n" for line in lines()), encoding="utf-8")
    collector = LogCollector(LogsSource(name="app", paths=(log,)), Config(), lambda: NOON_US)
    said = io.StringIO()
    with (
        caplog.at_level(logging.DEBUG),
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(said),
        Store.open(tmp_path / "b.duckdb") as store,
    ):
        batches = list(collector.collect(Window(None, NOON_US), {}))
        for batch in batches:
            store.append(batch)
        store.publish(NOON_US)
        kept = everything(store)
        with Reader.open(tmp_path / "b.duckdb") as reader:
            published = everything(reader)
    collector.close()
    spoken = said.getvalue() + caplog.text + repr([batch.notes for batch in batches])
    files = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and path != log)
    assert kept.count(REDACTED) >= 3 * len(PLANTED)
    for secret in PLANTED:
        assert secret not in kept + published + spoken
        assert secret.encode() not in files


def test_what_a_line_says_is_not_changed_by_cleaning_it(tmp_path: Path, follow: Follow) -> None:
    """Only the kept text is cleaned, not what is told."""
    log = tmp_path / "app.log"
    log.write_text(f'{{"ts":"{T}","event":"breaker_transition","breaker":"password=abc","to":"open"}}\n')
    (sighting,) = follow(log).read().sightings.values()
    assert sighting.to_state == "open"
    assert "abc" not in sighting.raw


def test_one_may_bring_rules_of_ones_own(tmp_path: Path, follow: Follow) -> None:
    """Patterns beside names; e-mail addresses are cleaned where that is asked for; nothing is where nothing is."""
    log = tmp_path / "app.log"
    text = "card 4111-1111 of a.b@shop.example, password=x1"
    log.write_text(f'{{"ts":"{T}","event":"retry","operation":"o","error":"{text}"}}\n')
    for redact, expected in (
        (("usual",), f"card 4111-1111 of a.b@shop.example, password={REDACTED}"),
        (("email", r"\d{4}-\d{4}"), f"card {REDACTED} of {REDACTED}, password=x1"),
        ((r"card (?P<secret>\S+)",), f"card {REDACTED} of a.b@shop.example, password=x1"),
        ((), text),
    ):
        (sighting,) = follow(log, redact=redact).read().sightings.values()
        assert dict(sighting.detail)["error"] == expected
        assert expected in sighting.raw


@pytest.mark.parametrize("rule", ["emial", "(?=x)", "["])
def test_a_rule_that_is_none_is_refused(rule: str) -> None:
    """A typing error must not leave secrets in."""
    with pytest.raises(ConfigError):
        Redactor((rule,))


def test_every_shipped_rule_is_found_in_a_block() -> None:
    """The one search over many lines finds what each rule finds alone."""
    redactor = Redactor(("usual", "email"))
    texts = [*PLANTED.values(), "write to a.b@shop.example", "-----BEGIN RSA PRIVATE KEY-----MIIE"]
    assert len(RULES) <= len(texts)
    for text in texts:
        assert redactor.finds([b"before", text.encode(), b"after"])
        assert REDACTED in redactor.clean(text)
    assert not redactor.finds([b"GET /orders 200", b"breaker payments opened"])


INJECTED = 'ok"\nERROR forged\r\n\x1b[31mred\x1b[0m \x00\x07\x9b2J \u2028line \u202egnp.exe \ud800'


def test_control_characters_stay_inside_their_record(tmp_path: Path, follow: Follow) -> None:
    """Line ends, colours and marks that turn a text around are escapes in all that is kept, names included."""
    escaped = (
        "ok\\u0022\\nERROR forged\\r\\n\\u001b[31mred\\u001b[0m \\u0000\\u0007\\u009b2J \\u2028line \\u202egnp.exe"
    )
    log = tmp_path / "app.log"
    log.write_bytes(
        f'{{"ts":"{T}","event":"breaker_transition","breaker":"{escaped}","service":"{escaped}","to":"open",'
        f'"reason":"{escaped}"}}\n{{"ts":"{T}","event":"breaker_transition","to":"\x1b[31m{escaped}"}}\n'.encode()
    )
    ledger = follow(log).read()
    (sighting,) = ledger.sightings.values()
    texts = [sighting.subject.breaker, sighting.subject.service, sighting.raw, *dict(sighting.detail).values()]
    texts += [text for one in ledger.rejected.values() for text in (one.reason, one.content)]
    assert len(ledger.rejected) == 1
    assert all(text.isprintable() for text in texts)
    assert sighting.subject.breaker.startswith('ok"\\nERROR forged\\r\\n\\x1b[31mred')


def test_a_forged_line_in_a_record_is_no_line(tmp_path: Path, follow: Follow) -> None:
    """What a container's or the journal's record holds behind a line end is part of the record."""
    inner = f'{{\\"ts\\":\\"{T}\\",\\"event\\":\\"breaker_transition\\",\\"breaker\\":\\"b\\",\\"to\\":\\"open\\"}}'
    log = tmp_path / "app.log"
    log.write_text(
        f'{{"__CURSOR":"1","__REALTIME_TIMESTAMP":"1795174372548123","MESSAGE":"GET /\\n{inner}"}}\n', encoding="utf-8"
    )
    ledger = follow(log, framing="journald").read()
    assert ledger.sightings == {}
    assert all(one.content.isprintable() for one in ledger.rejected.values())


def test_escapes_say_what_was_there() -> None:
    """Nothing is dropped; tabs and letters of any language stay."""
    assert harmless("a\tb é 漢 \U0001f600") == "a\tb é 漢 \U0001f600"
    assert harmless("\n\r\x1b\x7f\x85\u2029") == "\\n\\r\\x1b\\x7f\\u0085\\u2029"
    assert harmless(INJECTED).isprintable()
