"""Spells of failing calls, and what of them hurt users, of the services whose calls have news.

Only minutes in which many calls failed are looked at, with what lies around them: services that are well cost one
look at their counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from analysis.counting import readings
from analysis.facts.calls import Found, Scoped, Span, calls_in, scopes
from analysis.facts.failing import FailureSpell, HurtStretch, hurt_stretches, telling
from analysis.facts.steps import steps
from analysis.outages import SETTLE_S, SETTLE_SCRAPES
from breakwatch.clock import MINUTE_US
from breakwatch.config_objectives import Policy, Where

if TYPE_CHECKING:
    from analysis.bounds import Bounds
    from breakwatch.clock import Instant
    from breakwatch.config import Config
    from breakwatch.model import Pairs
    from store import Store

Row = dict[str, Any]
Key = tuple[str, str]
"""Environment and service."""

Told = tuple[list[Row], list[Row]]
"""Failure spells and outage spells, as rows."""

LOOKS_AT_ONCE: Final = 50
"""Of how many hurt stretches the calls are held in memory at a time."""

REACH_US: Final = 30 * MINUTE_US
"""So far around hurt minutes calls are looked at: failing ones in a row, and the good answer that ends them."""

USUAL_SHARE: Final = 0.99
"""The share of good calls that is expected of a service that promises none."""

_FOREVER_US: Final = 4_000_000_000_000_000
_ALL_CALLS: Final = Where()
_SHARES: Final = frozenset({"success_ratio", "availability_requests"})


@dataclass(frozen=True, slots=True)
class Reading:
    """What is to be renewed of a service, how outcomes are read, what share of good calls it owes, and who counts."""

    span: Span
    outcomes: Mapping[str, str]
    least_good: float
    sli_source: str | None


def promised_shares(config: Config) -> dict[str, float]:
    """Return by service the strictest share of good calls that is promised of all its calls."""
    found: dict[str, float] = {}
    for objective in config.objectives:
        limit = objective.limit
        if limit is None or objective.service is None or objective.indicator not in _SHARES:
            continue
        word, target = limit
        plain = target.relative_to is None and target.value <= 1 and objective.where == _ALL_CALLS
        if word in ("at_least", "above") and plain:
            found[objective.service] = max(found.get(objective.service, 0.0), target.value)
    return found


def rules(config: Config) -> str:
    """Return what of a configuration decides which calls hurt, as a text: another one, and all is looked at anew."""
    return repr(
        [sorted(one.items()) for one in (readings(_policy(config)), promised_shares(config), _deciding(config))]
    )


def _deciding(config: Config) -> dict[str, str]:
    """Return by service who is declared to see the calls of its users."""
    return {service.name: service.sli_source for service in config.services if service.sli_source is not None}


def _policy(config: Config) -> Policy:
    return config.policies.get("default", Policy())


def refresh_failures(store: Store, config: Config, *, everywhere: bool) -> set[Key]:
    """Bring failure spells, and the outage spells they make, up to date; return the services looked at anew.

    ``everywhere``: not only where counts are new.
    """
    step = steps("failures")
    read, promised, deciding = readings(_policy(config)), promised_shares(config), _deciding(config)
    known = {
        "reach_us": REACH_US,
        "outcomes": list(read),
        "readings": list(read.values()),
        "services": list(promised),
        "least_good": list(promised.values()),
        "usual": USUAL_SHARE,
    }
    store.execute(
        step["scope_everywhere"] if everywhere else step["scope"], {} if everywhere else {"reach_us": REACH_US}
    )
    (whole,) = store.rows(step["span"])
    if whole["from_us"] is None:
        return set()
    for name in ("kept", "islands"):
        store.execute(step[name], _named(step[name], known | whole))
    renewed = {
        key: Reading(
            Span(*key, row["from_us"], row["to_us"]), read, promised.get(key[1], USUAL_SHARE), deciding.get(key[1])
        )
        for row in store.rows(step["touched"])
        for key in [(row["environment"], row["service"])]
    }
    looks = [
        Span(row["environment"], row["service"], row["from_us"] - REACH_US, row["to_us"] + REACH_US)
        for row in store.rows(step["looks"])
    ]
    found: dict[Key, Told] = {key: ([], []) for key in renewed}
    for key, told in _looked(store, looks, renewed):
        for place in (0, 1):
            found[key][place].extend(told[place])
    for key, (failures, hurt) in found.items():
        span = renewed[key].span
        scope = {"environment": key[0], "service": key[1]}
        kept = [store.rows(step[name], span.params) for name in ("kept_failures", "kept_spells")]
        store.replace("failure_spells", scope, kept[0] + failures)
        store.replace("outage_spells", scope | {"cause": "failures"}, kept[1] + hurt)
    return set(found)


def _named(sql: str, values: Mapping[str, Any]) -> Row:
    return {name: value for name, value in values.items() if f"${name}" in sql}


def _looked(store: Store, looks: Sequence[Span], renewed: Mapping[Key, Reading]) -> Iterator[tuple[Key, Told]]:
    """Yield by service what the looks at its calls found of what is to be renewed."""
    ended_us: dict[Key, Instant] = {}
    for chunk in (looks[start : start + LOOKS_AT_ONCE] for start in range(0, len(looks), LOOKS_AT_ONCE)):
        outcomes = renewed[chunk[0].environment, chunk[0].service].outcomes
        for span, calls in zip(chunk, calls_in(store, chunk, outcomes), strict=True):
            key = span.environment, span.service
            reading = renewed[key]
            if span.from_us >= ended_us.get(key, span.from_us + 1):
                continue  # it was looked at already, when the end of an earlier one was looked for
            told, ended = _rows(calls, reading)
            if not ended and _goes_on(store, span):  # the good answer may be later than what was looked at
                ended_us[key] = span.from_us
                (later,) = calls_in(store, [replace(span, to_us=_FOREVER_US)], outcomes)
                told, _ = _rows(later, reading)
            new = reading.span
            yield (
                key,
                (
                    [row for row in told[0] if _renewed(new, row)],
                    [row for row in told[1] if _touches(new, row["started_earliest"], row["ended_latest"])],
                ),
            )


def _goes_on(store: Store, span: Span) -> bool:
    scope = {"environment": span.environment, "service": span.service, "to_us": span.to_us}
    (row,) = store.rows(steps("failures")["later"], scope)
    return bool(row["later"])


def _renewed(span: Span, row: Row) -> bool:
    end_us = row["served_latest"]
    if end_us is None and (row["operation"] or row["target"]):
        end_us = row["last_failed_latest"]
    return _touches(span, row["failed_earliest"], end_us)


def _touches(span: Span, start_us: Instant, end_us: Instant | None) -> bool:
    return start_us <= span.to_us and (end_us is None or end_us >= span.from_us)


def _rows(calls: Found, reading: Reading) -> tuple[Told, bool]:
    """Return failure spells and outage spells, and whether those of the service ended in what was looked at."""
    failures: list[Row] = []
    hurt: list[Row] = []
    ended = True
    for labels, evidence in calls.items():
        for scoped in scopes(evidence, reading.sli_source):
            stretches = list(hurt_stretches(scoped.calls, reading.least_good))
            failures += [_failure_row(one, scoped, labels) for one in _told_once(stretches)]
            if not scoped.operation and not scoped.target:
                ended = ended and all(stretch.served is not None for stretch in stretches)
                hurt += [_hurt_row(stretch, scoped, labels) for stretch in stretches]
    return (failures, hurt), ended


def _told_once(stretches: list[HurtStretch]) -> Iterator[FailureSpell]:
    known: set[FailureSpell] = set()
    for stretch in stretches:
        for spell in telling(stretch.spells):
            if spell not in known:
                known.add(spell)
                yield spell


def _failure_row(spell: FailureSpell, scoped: Scoped, labels: Pairs) -> Row:
    return {
        "operation": scoped.operation,
        "target": scoped.target,
        **edge("failed", spell.begun),
        **edge("served", spell.served),
        "last_failed_latest": spell.last_until_us + spell.late_us,
        "failed_requests": spell.failed,
        "requests": spell.requests,
        "sources": list(scoped.sources),
        "assumed": scoped.assumed,
        "experiment_id": "",
        "labels": labels,
    }


def _hurt_row(stretch: HurtStretch, scoped: Scoped, labels: Pairs) -> Row:
    return {
        "component": "",
        "origin": "detected",
        "kind": "down" if stretch.down else "degraded",
        "level": "",
        "detail": f"{stretch.failed:,} of {stretch.requests:,} requests failed",
        **edge("started", stretch.begun),
        **edge("ended", stretch.served),
        "failed_requests": stretch.failed,
        "requests": stretch.requests,
        "settle_s": max(SETTLE_S, SETTLE_SCRAPES * scoped.interval_s),
        "experiment_id": "",
        "labels": labels,
    }


def edge(prefix: str, bounds: Bounds | None) -> Row:
    """Return an edge as the three columns of a kept table, in microseconds."""
    names = f"{prefix}_at", f"{prefix}_earliest", f"{prefix}_latest"
    if bounds is None:
        return dict.fromkeys(names)
    return dict(zip(names, (bounds.middle_us, bounds.earliest_us, bounds.latest_us), strict=True))
