"""What a check is: it holds what was declared against what is kept, and says what the evidence proves to be otherwise.

What cannot be told is no finding: bounds decide, never midpoints.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from breakwatch.clock import Instant, from_us
from breakwatch.config_services import ExpectedBreaker, ServiceConfig
from breakwatch.model import stable_id

if TYPE_CHECKING:
    from store import Rows

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Subjects:
    """Whose behaviour is looked at.

    Attributes:
        rows: the store, inside the transaction that keeps the facts.
        pairs: environment and service, each as the tables hold them.
        services: what is declared, by name.
        now_us: the present.
        lines: environment, service, from and to of new lines about attempts.
        anew: everything is judged anew, because other things were declared.
    """

    rows: Rows
    pairs: Sequence[tuple[str, str]]
    services: Mapping[str, ServiceConfig]
    now_us: Instant
    lines: Sequence[tuple[str, str, Instant, Instant]] = ()
    anew: bool = False

    def has_news(self, environment: str, service: str, from_us: Instant, to_us: Instant) -> bool:
        """Say whether attempts of a service in a span of time have to be looked at anew."""
        return self.anew or any(
            (environment, service) == (line[0], line[1]) and line[2] < to_us and line[3] >= from_us
            for line in self.lines
        )

    def asked(self) -> dict[str, list[Any]]:
        """Return the services as parallel lists, for a statement."""
        return {"environments": [pair[0] for pair in self.pairs], "services": [pair[1] for pair in self.pairs]}

    def breakers(self) -> Iterator[tuple[str, str, ExpectedBreaker]]:
        """Yield the declared breakers of these services: service, breaker, settings."""
        for name in sorted({service for _, service in self.pairs}):
            if name in self.services:
                for breaker, settings in sorted(self.services[name].expected.breakers.items()):
                    yield name, breaker, settings


@dataclass(frozen=True, slots=True)
class Finding:
    """What the evidence proves to be other than it should be.

    Attributes:
        subject: the breaker, target or operation it is about.
        which: tells findings of one kind apart that begin at the same instant.
        evidence: what was seen, in words, with the numbers.
    """

    kind: str
    environment: str
    service: str
    subject: str
    first_us: Instant
    last_us: Instant
    evidence: str
    instance: str = ""
    labels: Mapping[str, str] | None = None
    which: str = ""

    def row(self) -> Row:
        """Return it as a row of ``findings``; its number stays the same while its beginning does."""
        where = (self.environment, self.service, self.subject, self.instance, repr(sorted((self.labels or {}).items())))
        return {
            "environment": self.environment,
            "finding_id": stable_id(self.kind, *where, str(self.first_us), self.which),
            "kind": self.kind,
            "service": self.service,
            "subject": self.subject,
            "first_seen": self.first_us,
            "last_seen": self.last_us,
            "evidence": f"{self.evidence}{f' on {self.instance}' if self.instance else ''}",
            "labels": self.labels or {},
        }


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that is held against what was declared.

    Attributes:
        kinds: the kinds of findings that it is the author of.
        find: what the evidence proves of some services; nothing of them that it does not yield stays.
        when: ``moved`` looks again at services whose breakers or health moved, or are not at rest; ``lines`` at those
            with new lines about attempts; ``failing`` at those that moved, and those whose calls fail; ``always`` at
            all, for the present itself is what it is about.
    """

    kinds: tuple[str, ...]
    find: Callable[[Subjects], Iterator[Finding]]
    when: Literal["moved", "lines", "failing", "always"] = "moved"


def seconds(value_s: float) -> str:
    """Return a length of time as people read it."""
    return f"{value_s:.3g} s" if value_s < 120 else f"{value_s / 60:.3g} min"  # noqa: PLR2004 (two minutes)


def clock_time(at_us: Instant) -> str:
    """Return an instant as people read it, in UTC."""
    return f"{from_us(at_us):%Y-%m-%d %H:%M:%S}"


def of_spell(kind: str, row: Mapping[str, Any], evidence: str) -> Finding:
    """Return a finding about a spell of a breaker: from when it surely lasted to when it surely still did."""
    return Finding(
        kind,
        row["environment"],
        row["service"],
        row["breaker"],
        row["from_us"],
        max(row["from_us"], row["until_us"]),
        evidence,
        row["instance"],
        row["labels"],
    )
