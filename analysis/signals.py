"""Signals that something is wrong: a component's health going down, a breaker opening, a service level lowered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from analysis.asking import Ask, Ground, Scope
from analysis.bounds import Bounds
from analysis.sqlfiles import read_sql
from breakwatch.clock import Instant

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
    """One thing whose state some source shows."""

    environment: str | None
    service: str | None
    name: str | None
    kind: str


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
    return tuple(Watched(**row) for row in ground.rows.rows(_WATCHED))


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


def is_watched(ground: Ground, ask: Ask, concerned: Callable[[str | None, str | None, str | None], bool]) -> bool:
    """Say whether anything that could signal was ever seen of what ``concerned(environment, service, name)`` says."""
    return any(
        asked_of(ask.scope, one) and concerned(one.environment, one.service, one.name) for one in watched(ground)
    )
