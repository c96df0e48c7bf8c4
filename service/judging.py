"""Judging by command and by the clock: where the evaluator meets stores, exit codes and people."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import analysis
from analysis.questions.publication import publication
from analysis.regressions.own import remember_own
from analysis.verdicts import history
from analysis.verdicts.judge import evaluate
from analysis.verdicts.standing import standing
from analysis.verdicts.verdict import Verdict
from breakwatch.clock import Clock, Instant, system_clock, to_us
from breakwatch.config import Config
from breakwatch.errors import ExitCode, StoreError, StoreOwnedError, UsageError
from breakwatch.model import Window
from service import collecting, console
from service.forms import CheckFormat
from service.verdict_forms import written
from store import Reader, Rows, Store

CannotTell = Literal["fail", "warn"]

FRESH_WITHIN_S = 60.0
"""How long to wait for the process that owns the store to publish what it collects."""

_LOOK_EVERY_S = 0.5


@dataclass(frozen=True, slots=True)
class Asked:
    """What a check is asked: the options of the command line, as they were written."""

    since: str | None = None
    until: str | None = None
    experiment: str | None = None
    fresh: bool = False
    cannot_tell: CannotTell = "fail"
    form: CheckFormat = CheckFormat.TABLE
    data: Path | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found."""

    verdicts: Sequence[Verdict]
    regressions: Sequence[dict[str, Any]]

    def code(self, cannot_tell: CannotTell) -> ExitCode:
        """Return the exit code: missed before cannot_tell; what is only reported has no say."""
        words = {one.verdict for one in self.verdicts if one.counts}
        if "missed" in words or any(one["status"] == "confirmed" for one in self.regressions):
            return ExitCode.MISSED
        if "cannot_tell" in words and cannot_tell == "fail":
            return ExitCode.CANNOT_TELL
        return ExitCode.OK


def check(config: Config, asked: Asked, clock: Clock = system_clock) -> int:
    """Judge every objective, print the verdicts in the form that was asked for, and return the exit code.

    Raises:
        UsageError: a time that is none, an experiment that is not recorded, or nothing to judge.
        StoreError: there is no store, or it is damaged.
    """
    if asked.experiment is not None and (asked.since or asked.until):
        raise UsageError("an experiment has a time of its own", "leave --since and --until out")
    if asked.since or asked.until:
        collecting.window(asked.since, asked.until, clock())
    collected = _collected(config, clock) if asked.fresh else ExitCode.OK
    with _looked_into(config, asked, clock) as rows:
        now_us = present(rows, clock)
        if isinstance(rows, Store) and remember_own(rows, config, now_us):
            analysis.refresh(rows, config)
        found = checked(config, rows, asked, now_us)
        if isinstance(rows, Store):
            told = history.keep(rows, config, found.verdicts)
            seen = publication(rows)
            rows.publish(now_us, recorded=seen is not None and seen.recorded)
            found = Checked(told, found.regressions)
    print(written(found.verdicts, found.regressions, asked.form, asked.cannot_tell))  # noqa: T201 - the answer
    if asked.form == CheckFormat.TABLE:
        console.say(summary(found))
    code = found.code(asked.cannot_tell)
    return int(code if code == ExitCode.MISSED or collected == ExitCode.OK else collected)


def checked(config: Config, rows: Rows, asked: Asked, now_us: Instant) -> Checked:
    """Return the verdicts and regressions of what was asked."""
    since_us = collecting.moment(asked.since, now_us) if asked.since else None
    until_us = collecting.moment(asked.until, now_us) if asked.until else None
    verdicts = evaluate(rows, config, now_us, since_us=since_us, until_us=until_us, experiment_id=asked.experiment)
    if asked.experiment is not None:
        return Checked(verdicts, [])
    return Checked(verdicts, standing(rows, since_us, until_us))


def keep_current(store: Store, config: Config, now_us: Instant) -> list[Verdict]:
    """Judge as of now, calendar windows that ended last included, and keep the verdicts.

    Figures of days or releases that are over are remembered as well, for regressions.
    """
    remember_own(store, config, now_us)
    current = history.keep(store, config, evaluate(store, config, now_us))
    return current + history.keep(store, config, evaluate(store, config, now_us, finished=True))


def summary(found: Checked) -> str:
    """Return how many verdicts there are of each kind, in a line."""
    words = {"met": "met", "missed": "missed", "cannot_tell": "cannot be told", "not_applicable": "not applicable"}
    counted = {word: sum(one.verdict == word for one in found.verdicts) for word in words}
    parts = [f"{counted[word]} {said}" for word, said in words.items() if counted[word]]
    if found.regressions:
        parts.append(f"{len(found.regressions)} regression{'' if len(found.regressions) == 1 else 's'}")
    return ", ".join(parts) or "no objective is configured"


def _collected(config: Config, clock: Clock) -> ExitCode:
    """Bring the store up to date; where another process owns it, wait until that has done so."""
    asked_us = clock()
    try:
        with redirect_stdout(sys.stderr):  # stdout is for the verdicts
            return ExitCode(collecting.collect(config, config.sources, Window(None, asked_us), clock))
    except StoreOwnedError:
        console.say("breakwatch run is collecting: waiting for what it publishes next")
    until_s = time.monotonic() + FRESH_WITHIN_S
    while time.monotonic() < until_s:
        with Reader.open(config.store.path) as reader:
            found = publication(reader)
        if found is not None and to_us(found.published_at) > asked_us:
            return ExitCode.OK
        time.sleep(_LOOK_EVERY_S)
    raise StoreError(
        f"nothing was published for {FRESH_WITHIN_S:.0f} s", "look at what breakwatch run says, or leave --fresh out"
    )


@contextmanager
def _looked_into(config: Config, asked: Asked, clock: Clock) -> Iterator[Rows]:
    """Yield the store where we can own it, so that verdicts are kept; else the published file."""
    if asked.data is None and config.store.path.exists():
        try:
            store = collecting.open_store(config, clock)
        except StoreOwnedError:
            store = None
        if store is not None:
            with store:
                yield store
            return
    with Reader.open(asked.data or config.store.path) as reader:
        yield reader


def present(rows: Rows, clock: Clock = system_clock) -> Instant:
    """Return the instant as of which rows are to be judged: the present, or the end of a recording."""
    found = publication(rows)
    return to_us(found.as_of) if found is not None and found.recorded else clock()
