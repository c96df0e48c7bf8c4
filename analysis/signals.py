"""Signals that something is wrong: a component's health going down, a breaker opening, a service level lowered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from analysis.asking import Ask, Ground, Measured, Scope
from analysis.bounds import Bounds
from analysis.sqlfiles import read_sql
from breakwatch.clock import Instant
from breakwatch.config import LogsSource

_WATCHED = read_sql("analysis", "watched.sql")


@dataclass(frozen=True, slots=True)
class Signal:
    """One signal, from when on it was given.

    Attributes:
        kind: ``health``, ``breaker`` or ``level``.
        name: the component or the breaker; None for the service itself.
        ended_us: when it was over at the latest; None while it is given.
    """

    kind: str
    environment: str | None
    service: str | None
    name: str | None
    instance: str | None
    began: Bounds
    ended_us: Instant | None


@dataclass(frozen=True, slots=True)
class Watched:
    """One thing whose state some source shows.

    Attributes:
        told: whether a log tells its changes one by one; samples may miss what comes and goes between them.
    """

    environment: str | None
    service: str | None
    name: str | None
    kind: str
    told: bool


def signals(ground: Ground, sql: str, from_us: Instant, to_us: Instant) -> list[Signal]:
    """Return the signals that ``sql`` (of an indicator) finds in a span, in order."""
    rows = ground.rows.rows(sql, {"from_us": from_us, "to_us": to_us})
    return [
        Signal(
            row["kind"], row["environment"], row["service"], row["name"], row["instance"],
            Bounds(row["earliest_us"], row["latest_us"]), row["ended_us"],
        )
        for row in rows
    ]  # fmt: skip


def watched(ground: Ground) -> Sequence[Watched]:
    """Return everything whose state was ever seen, looked up once."""
    found: Sequence[Watched] = ground.once("signals/watched", _watched)
    return found


def _watched(ground: Ground) -> Sequence[Watched]:
    logs = {source.name for source in ground.config.sources if isinstance(source, LogsSource)}
    found: dict[tuple[str | None, str | None, str | None, str], bool] = {}
    for row in ground.rows.rows(_WATCHED):
        key = row["environment"], row["service"], row["name"], row["kind"]
        found[key] = found.get(key, False) or not logs.isdisjoint(row["sources"])
    return tuple(Watched(*key, told) for key, told in found.items())


def asked_of(scope: Scope, one: Signal | Watched) -> bool:
    """Say whether an ask is about a signal: of its service, and where it names a breaker, of that breaker alone."""
    if scope.breaker is not None and (one.kind != "breaker" or one.name != scope.breaker):
        return False
    if isinstance(one, Signal) and scope.instance is not None and one.instance != scope.instance:
        return False
    return scope.service in (None, one.service) and scope.environment in (None, one.environment)


def first(found: Iterable[Signal]) -> Bounds | None:
    """Return when the first of several signals was given: each bound is the least of theirs; None for none."""
    edges = [one.began for one in found]
    if not edges:
        return None
    return Bounds(min(edge.earliest_us for edge in edges), min(edge.latest_us for edge in edges))


def silent(measured: Measured, found: Sequence[Watched]) -> Measured:
    """Return an answer with why a signal was not seen, by what could have shown it."""
    if not found:
        return replace(
            measured,
            ongoing=0,
            note="nothing that could signal it is watched",
            remedy="add a source of health, breaker or level",
        )
    if not any(one.told for one in found):
        return replace(
            measured,
            ongoing=0,
            note="samples saw no signal; what came and went between two of them is not known",
            remedy="add the log that tells health, breaker or level",
        )
    return replace(
        measured, ongoing=0, note="nothing was signalled", remedy="look whether health, breakers and levels notice it"
    )


def watchers(
    ground: Ground, ask: Ask, concerned: Callable[[str | None, str | None, str | None], bool]
) -> list[Watched]:
    """Return what could signal that was ever seen of what ``concerned(environment, service, name)`` says."""
    return [
        one for one in watched(ground) if asked_of(ask.scope, one) and concerned(one.environment, one.service, one.name)
    ]
