"""Outages as people see them: the spells that hurt a service, united with the default policy, and their story."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from analysis.counting import readings
from analysis.facts.failures import Key, edge, refresh_failures, rules
from analysis.facts.hurting import refresh_instances, refresh_levels, refresh_written
from analysis.facts.steps import steps
from analysis.incidents import same_system
from analysis.outages import HurtSpell, Outage, spell_of, united_outages
from breakwatch.clock import SECOND_US
from breakwatch.config_objectives import Policy
from breakwatch.model import Batch, ServiceLevel, pairs

if TYPE_CHECKING:
    from analysis.facts.news import News
    from breakwatch.clock import Instant
    from breakwatch.config import Config
    from store import Store

Row = dict[str, Any]

_OWN: Final = "analysis"
_RULES: Final = "outages"
"""Under this key it is remembered by which rules outages were looked for; by others all are looked for anew."""

_HANDS: Final = frozenset({"config", "flag", "scale"})
_LIMITED: Final = frozenset({ServiceLevel.LIMITED, ServiceLevel.CACHE_ONLY, ServiceLevel.UNAVAILABLE})
_FOREVER_US: Final = 4_000_000_000_000_000


def refresh_outages(store: Store, config: Config, new: News) -> None:
    """Bring what hurt services, and the outages it makes, up to date with what has news.

    Call it after counts, levels, health, changes and coverage were kept, and before the marks are cleared.
    """
    everywhere = _other_rules(store, config)
    touched: set[Key] = set()
    if new.counted or everywhere:
        touched |= refresh_failures(store, config, everywhere=everywhere)
    if "level" in new.domains:
        touched |= refresh_levels(store)
    if "health" in new.domains or everywhere:
        touched |= refresh_instances(store, config.services, everywhere=everywhere)
    if "import" in new.domains:
        refresh_written(store)
    step = steps("outages")
    names = [("going_on", True), ("explained", new.explained), ("known", everywhere)]
    for name in (name for name, wanted in names if wanted):
        touched |= {(row["environment"], row["service"]) for row in store.rows(step[name])}
    for environment, service in sorted(touched):
        scope = {"environment": environment, "service": service}
        spells = [spell_of(row) for row in store.rows(step["spells"], scope)]
        rows = list(_rows(store, config, scope, spells)) if spells else []
        store.replace("outages", scope | {"origin": "detected"}, rows)


def _other_rules(store: Store, config: Config) -> bool:
    """Say whether outages were last looked for by other rules, and remember these."""
    declared = [
        (service.name, service.instances) for service in config.services if "instances" in service.model_fields_set
    ]
    critical = sorted(service.name for service in config.services if service.critical)
    said = repr((rules(config), _settle_s(config), sorted(declared), critical))
    before = store.checkpoints(_OWN).get(_RULES)
    if before == said:
        return False
    store.append(Batch(_OWN, checkpoints={_RULES: said}))
    return before is not None


def _settle_s(config: Config) -> float | None:
    return config.policies.get("default", Policy()).settle_s


def _rows(store: Store, config: Config, scope: Row, spells: Sequence[HurtSpell]) -> Iterable[Row]:
    step = steps("outages")
    (seen,) = store.rows(step["seen"], scope)
    changes = store.rows(step["changes"], scope)
    critical = any(service.critical for service in config.services if service.name == scope["service"])
    outages = united_outages(spells, _settle_s(config), seen["seen_us"])
    failed = _failed(store, config, scope, outages)
    for outage in outages:
        yield _row(outage, failed.get(outage.outage_id), seen["seen_us"]) | {
            "severity": severity(outage, critical=critical),
            "healed_by": healed_by(outage, changes),
        }


def _failed(store: Store, config: Config, scope: Row, outages: Sequence[Outage]) -> dict[int, int]:
    """Return by outage how many requests failed in it, as its spells count them, else as minutes do."""
    found = {one.outage_id: one.failed_requests for one in outages if one.failed_requests is not None}
    others = [outage for outage in outages if outage.outage_id not in found]
    if others:
        read = readings(config.policies.get("default", Policy()))
        spans = {
            "from_us": [outage.start.earliest_us for outage in others],
            "to_us": [outage.end.latest_us if outage.end else _FOREVER_US for outage in others],
            "bad": [outcome for outcome, reading in read.items() if reading == "bad"],
        }
        for row in store.rows(steps("outages")["failed"], scope | spans):
            found[others[row["place"]].outage_id] = row["failed"]
    return found


def _row(outage: Outage, failed: int | None, seen_us: Instant | None) -> Row:
    lasted = outage.lasted
    return {
        "outage_id": outage.outage_id,
        "component": "",
        "kind": outage.kind,
        **edge("started", outage.start),
        **edge("ended", outage.end),
        "duration_s": lasted.value_s if lasted else None,
        "duration_low_s": lasted.low_s if lasted else _so_far_s(outage, seen_us),
        "duration_high_s": lasted.high_s if lasted else None,
        "failed_requests": failed,
        "cause": in_words(outage),
        "status": "resolved" if lasted else "ongoing",
        "experiment_id": "",
        "labels": outage.labels,
    }


def _so_far_s(outage: Outage, seen_us: Instant | None) -> float:
    """Return how long an outage that goes on lasted at least: until it was last seen to hurt."""
    hurting = [spell for spell in outage.spells if spell.end is None]
    ends = [spell.end.earliest_us for spell in outage.spells if spell.end is not None]
    if hurting:
        ends += [max(spell.start.latest_us for spell in hurting), seen_us or 0]
    return max(0, max(ends) - outage.start.latest_us) / SECOND_US


def severity(outage: Outage, *, critical: bool) -> str:
    """Return how bad an outage is, as far as it shows by itself: S1 to S3."""
    if outage.kind == "down":
        return "S1" if critical else "S2"
    return "S2" if any(spell.level in _LIMITED for spell in outage.spells) else "S3"


def healed_by(outage: Outage, changes: Iterable[Row]) -> str | None:
    """Say what ended an outage: a deploy or restart inside it, a hand, or nothing but itself; None while it goes on.

    Where its end fell into a time that nobody looked at, longer than the settle time, what was not told is unknown.
    """
    if outage.end is None:
        return None
    start_us, end_us = outage.start.latest_us, outage.end.latest_us
    inside = {
        change["kind"]
        for change in changes
        if start_us <= change["occurred_us"] <= end_us and same_system(pairs(change["labels"]), outage.labels)
    }
    for cause in ("deploy", "restart"):
        if cause in inside:
            return cause
    if inside & _HANDS:
        return "manual"
    unseen_us = outage.end.latest_us - outage.end.earliest_us
    return "unknown" if unseen_us > SECOND_US * max(spell.settle_s for spell in outage.spells) else "self"


def in_words(outage: Outage) -> str:
    """Say what an outage was made of, what came first first."""
    said: dict[str, str] = {}
    for spell in outage.spells:
        said.setdefault(spell.cause, spell.detail)
    counting = [spell for spell in outage.spells if spell.cause == "failures"]
    if counting:
        failed = sum(spell.failed_requests or 0 for spell in counting)
        said["failures"] = f"{failed:,} of {sum(spell.requests or 0 for spell in counting):,} requests failed"
    levels = [spell.level for spell in outage.spells if spell.level]
    if levels:
        worst = max(levels, key=[*ServiceLevel].index)
        said["level"] = f"level {worst.replace('_', ' ')}"
    return ", ".join(said.values())
