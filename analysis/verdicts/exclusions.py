"""Time that a policy takes out: maintenance and exclusions, declared in advance or after the fact.

They stand in the configuration, or were recorded as changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from analysis.asking import Ground
from analysis.spans import Spans, common, united
from analysis.sqlfiles import read_sql
from breakwatch.clock import Instant, from_us, to_us
from breakwatch.config import Config

_DECLARED = read_sql("analysis.verdicts", "exclusions.sql")


@dataclass(frozen=True, slots=True, order=True)
class Exclusion:
    """A span that was declared not to count, by whom and why.

    Attributes:
        service, environment: whose time; None is everyone's.
        end_us: until when; of one that goes on, the present.
    """

    start_us: Instant
    end_us: Instant
    kind: str
    service: str | None = None
    environment: str | None = None
    actor: str = ""
    why: str = ""

    def about(self, environment: str | None, service: str | None) -> bool:
        """Say whether it takes out time of a service; of all services together only what is everyone's does."""
        mine = self.service is None or self.service == service
        return mine and (self.environment is None or environment is None or self.environment == environment)

    @property
    def words(self) -> str:
        """One line for people: what, when, who and why."""
        who = f" by {self.actor}" if self.actor else ""
        why = f": {self.why}" if self.why else ""
        return f"{self.kind} {self.span_words}{who}{why}"

    @property
    def span_words(self) -> str:
        """From when to when."""
        return f"{_stamp(self.start_us)} to {_stamp(self.end_us)}"


def _stamp(instant_us: Instant) -> str:
    return from_us(instant_us).strftime("%Y-%m-%d %H:%M:%SZ")


def exclusions(ground: Ground) -> Sequence[Exclusion]:
    """Return everything that was declared, in order; looked up once."""
    found: Sequence[Exclusion] = ground.once("exclusions", _look)
    return found


def of_configuration(config: Config) -> list[Exclusion]:
    """Return the maintenance that stands in the configuration."""
    return [
        Exclusion(
            to_us(one.start), to_us(one.end), "maintenance", one.service, one.environment, "configuration",
            one.reason or one.name,
        )
        for one in config.maintenance
    ]  # fmt: skip


def _look(ground: Ground) -> Sequence[Exclusion]:
    found = set(of_configuration(ground.config))
    for row in ground.rows.rows(_DECLARED):
        end_us = row["ended_us"] or ground.now_us
        found.add(
            Exclusion(
                row["started_us"],
                end_us,
                row["kind"],
                row["service"],
                row["environment"],
                row["actor"] or "",
                row["detail"] or "",
            )
        )
    return sorted(found, key=lambda one: tuple(str(part) for part in (one.start_us, one.end_us, one)))


def taken_out(
    ground: Ground, environment: str | None, service: str | None, within: Spans
) -> tuple[Spans, tuple[Exclusion, ...]]:
    """Return the time of a service that does not count, inside of ``within``, and what was declared about it."""
    about = tuple(
        one
        for one in exclusions(ground)
        if one.about(environment, service) and common(within, ((one.start_us, one.end_us),))
    )
    return spans_of(about), about


def spans_of(declared: Iterable[Exclusion]) -> Spans:
    """Return the time that any of them takes out."""
    return united((one.start_us, one.end_us) for one in declared)
