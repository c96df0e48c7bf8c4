"""``breakwatch baseline``: pin a version as reference, accept a new level with a reason, and see what was said.

Each command is a statement that is only ever added to, so that it may be made while ``breakwatch run`` owns the store,
and so that the log of what people did is complete.
"""

from __future__ import annotations

import getpass
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from analysis.questions.baselines import LISTED, compared, matching, named, numbered, regressed_before
from analysis.regressions.twosample import ENOUGH_FOR_RANKS
from breakwatch.clock import SECOND_US, Clock, Instant, system_clock, to_us
from breakwatch.config import Config
from breakwatch.config_units import parse_duration_s
from breakwatch.errors import UsageError
from breakwatch.model import Batch, pairs
from breakwatch.records import Record, RecordKind
from service import collecting, console, inbox, query
from service.forms import Format
from service.tables import text_table
from store import Reader

SOURCE = "baseline"
NEVER = "never"
LIST_THEM = "breakwatch baseline list"
HEADS = ("suite", "benchmark", "metric", "run environment", "revision", "before", "after", "change", "n", "judged")


@dataclass(frozen=True, slots=True)
class About:
    """Which series; names may hold ``*``, empty is every one."""

    environment: str = ""
    suite: str = ""
    benchmark: str = ""
    metric: str = ""
    run_environment: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """Why, until when, and by whom; ``expires`` as it was written: a length, a time, or never."""

    reason: str
    expires: str = NEVER
    actor: str = ""


def pin(
    config: Config, name: str, revision: str, about: About, said: Said, *, clock: Clock = system_clock
) -> list[str]:
    """Make the runs of a version the reference of series; return lines about it.

    Raises:
        UsageError: no run of that version, no reason, or a run on a level that has regressed and that nobody accepted.
    """
    with _published(config) as reader:
        found = matching(reader, revision, asdict(about))
        worse = regressed_before(reader, revision, asdict(about))
    if not found:
        ask = 'breakwatch sql "SELECT DISTINCT suite, benchmark, revision FROM benchmark_runs"'
        raise UsageError(f"no benchmark run of revision {revision!r} fits", ask)
    if worse:
        more = f" (and {len(worse) - 1} more)" if len(worse) > 1 else ""
        raise UsageError(
            f"{revision} is on a level that regressed: {_told(worse[0])}{more}",
            "pin an earlier revision, or breakwatch baseline accept "
            f'{worse[0]["regression_id"]} --reason "…" where that is the new normal',
        )
    words = {"name": name, "kind": "pinned", "revision": revision} | asdict(about)
    _say(config, [_record(words, said, clock())], clock)
    lines = [f"{name}: {len(found):,} series are compared with {revision} from now on"]
    fewest = min(row["repetitions"] for row in found)
    if fewest < ENOUGH_FOR_RANKS:
        lines.append(
            f"it has {fewest} repetitions: to see a change of 10 % takes about {ENOUGH_FOR_RANKS} on each side"
        )
    return lines


def accept(config: Config, number: int, said: Said, clock: Clock = system_clock) -> list[str]:
    """Accept the level of a regression, or of all regressions of a release, as the new normal; return lines about it.

    Raises:
        UsageError: no such regression stands, or there is no reason.
    """
    with _published(config) as reader:
        found = numbered(reader, number)
    if not found:
        raise UsageError(
            f"no regression {number} stands",
            'breakwatch sql "SELECT regression_id, event_id, suite, benchmark, effect, status FROM regressions"',
        )
    records = []
    for row in found:
        words = {"name": str(row["regression_id"]), "kind": "accepted", "revision": row["revision"] or ""}
        words |= {key: row[key] or "" for key in asdict(About())}
        words["changed_us"] = str(to_us(row["changed_at"]))
        records.append(_record(words, said, clock(), level=row["after"]))
    _say(config, records, clock)
    return [f"accepted: {_told(row)}" for row in found]


def drop(config: Config, name: str, said: Said, clock: Clock = system_clock) -> list[str]:
    """Take back a baseline, or an acceptance; UsageError where there is none of that name."""
    with _published(config) as reader:
        known = named(reader, name)
    if known is None:
        raise UsageError(f"no baseline is named {name!r}", LIST_THEM)
    words = {"name": name, "kind": "dropped", "environment": known["environment"] or ""}
    _say(config, [_record(words, said, clock())], clock)
    return [f"{name}: dropped"]


def listed(config: Config, form: Format) -> None:
    """Print every baseline and acceptance, the newest first."""
    query.answer(config.store.path, LISTED, form, None)


def show(config: Config, name: str) -> Iterator[str]:
    """Yield the lines of how each series stands against a pinned baseline; UsageError where there is none."""
    with _published(config) as reader:
        known = named(reader, name)
        rows = compared(reader, name) if known is not None else []
    if known is None:
        raise UsageError(f"no baseline is named {name!r}", LIST_THEM)
    until = f", until {known['expires_at']:%Y-%m-%d %H:%M} UTC" if known["expires_at"] else ""
    yield f"{name}: {known['kind']}, {known['revision'] or 'no revision'}{until}; {known['reason'] or 'no reason'}"
    if known["kind"] == "pinned":
        yield from text_table(HEADS, [_line(row) for row in rows])


def _line(row: Mapping[str, Any]) -> list[str]:
    change = "" if row["change"] is None else f"{row['change']:+.1%}"
    return [
        row["suite"], row["benchmark"], row["metric"], row["run_environment"], row["revision"],
        f"{row['before']:.4g} {row['unit']}".strip(), f"{row['after']:.4g} {row['unit']}".strip(), change,
        f"{row['n_before']}+{row['n_after']}", row["judged"],
    ]  # fmt: skip


def _told(row: Mapping[str, Any]) -> str:
    where = f" on {row['run_environment']}" if row["run_environment"] else ""
    when = row["revision"] or f"{row['changed_at']:%Y-%m-%d %H:%M}"
    worse = "worse" if row["effect"] is None else f"{row['effect']:.0%} worse"
    return f"{row['suite']} {row['benchmark']} {row['metric']}{where} {worse} since {when}"


@contextmanager
def _published(config: Config) -> Iterator[Reader]:
    with Reader.open(config.store.path) as reader:
        yield reader


def _record(words: Mapping[str, str], said: Said, now_us: Instant, level: float | None = None) -> Record:
    if not said.reason.strip():
        raise UsageError("a baseline needs a reason", 'add --reason "why this is the reference"')
    told = {**words, "reason": said.reason.strip(), "actor": said.actor or getpass.getuser()}
    environment = told.pop("environment", "")
    detail = pairs({name: text for name, text in told.items() if text})
    until = _until(said.expires, now_us)
    return Record(SOURCE, RecordKind.BASELINE, now_us, until, value=level, environment=environment, detail=detail)


def _until(written: str, now_us: Instant) -> Instant | None:
    """Return when it ends: ``90d`` from now on, a time, or never."""
    if written == NEVER:
        return None
    try:
        return now_us + round(parse_duration_s(written) * SECOND_US)
    except ValueError:
        at_us = collecting.moment(written, now_us)
    if at_us <= now_us:
        raise UsageError(f"--expires {written} is over", "give a time to come, a length such as 90d, or never")
    return at_us


def _say(config: Config, records: Sequence[Record], clock: Clock) -> None:
    done = inbox.deliver(config, Batch(SOURCE, records=records), clock)
    if done.waiting is not None:
        console.say("the store is in use: the running service takes it in within seconds")
