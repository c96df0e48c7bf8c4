"""``breakwatch experiment``: say while it happens that a fault is put in on purpose, and list what was said.

Each command is one statement that is only ever added to; together they are the experiment. So they may come from
several hands, out of order, or while ``breakwatch run`` owns the store.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from analysis.questions.experiments import SQL, experiments
from breakwatch.clock import Clock, Instant, system_clock
from breakwatch.config import Config
from breakwatch.errors import UsageError
from breakwatch.model import Batch, pairs
from breakwatch.records import Record, RecordKind
from service import collecting, console, inbox, query
from service.forms import Format
from store import Reader

SOURCE = "experiment"


@dataclass(frozen=True, slots=True)
class Told:
    """What the command line says of an experiment; times as they were written, empty for now."""

    experiment_id: str
    environment: str = ""
    service: str = ""
    scenario: str = ""
    target: str = ""
    expected: str = ""
    name: str = ""
    intensity: str = ""
    outcome: str = ""
    begun: str = ""
    ended: str = ""


def start(config: Config, told: Told, clock: Clock = system_clock) -> str:
    """Say that an experiment begins; UsageError where one of that name is known already."""
    known = _known(config, told)
    if known is not None:
        raise UsageError(
            f"experiment {told.experiment_id!r} began at {known['started_at']:%Y-%m-%d %H:%M:%S} UTC already",
            "choose another name, such as one with the date",
        )
    detail = {"scenario": told.scenario, "target": told.target, "expected": told.expected}
    return _say(config, RecordKind.EXPERIMENT, told, detail, clock)


def phase(config: Config, told: Told, clock: Clock = system_clock) -> str:
    """Say that a phase of an experiment begins; it lasts until the next one, or the end of the experiment."""
    return _say(config, RecordKind.PHASE, told, {"name": told.name, "intensity": told.intensity}, clock)


def end(config: Config, told: Told, clock: Clock = system_clock) -> str:
    """Say that an experiment has ended, and how."""
    return _say(config, RecordKind.END, told, {"outcome": told.outcome}, clock)


def listed(config: Config, form: Format) -> None:
    """Print every experiment, the newest first."""
    query.answer(config.store.path, SQL, form, None)


def _known(config: Config, told: Told) -> dict[str, Any] | None:
    """Return the experiment of that name as it is published; None where there is none."""
    if not config.store.path.exists():
        return None
    with Reader.open(config.store.path) as reader:
        return next((one for one in experiments(reader) if _name(one) == (told.experiment_id, told.environment)), None)


def _name(experiment: dict[str, Any]) -> tuple[str, str]:
    return experiment["experiment_id"], experiment["environment"] or ""


def _say(config: Config, kind: RecordKind, told: Told, detail: dict[str, str], clock: Clock) -> str:
    now_us = clock()
    began_us = _moment(told.begun, now_us)
    ended_us = _moment(told.ended, now_us) if told.ended else None
    if ended_us is not None and ended_us <= began_us:
        raise UsageError(f"{told.experiment_id}: {told.ended} is not after {told.begun or 'now'}", "swap the times")
    words = pairs({name: text for name, text in ({"experiment_id": told.experiment_id} | detail).items() if text})
    record = Record(SOURCE, kind, began_us, ended_us, environment=told.environment, service=told.service, detail=words)
    done = inbox.deliver(config, Batch(SOURCE, records=[record]), clock)
    if done.waiting is not None:
        console.say("the store is in use: the running service takes it in within seconds")
    return "known already" if done.known else "recorded"


def _moment(text: str, now_us: Instant) -> Instant:
    return collecting.moment(text, now_us) if text else now_us
