"""Histories and incidents as rows of the tables that are kept ready."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from breakwatch.model import stable_id

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from analysis.evidence import Change
    from analysis.fusion import Oddity
    from analysis.gather import InstanceEvidence, Name
    from analysis.incidents import Episode, Incident
    from breakwatch.model import Pairs

Row = dict[str, Any]


def transition_rows(name: Name, evidence: InstanceEvidence, changes: Sequence[Change]) -> list[Row]:
    """Return one breaker instance's changes as rows of ``breaker_transitions``."""
    where = (name.environment, name.service, name.name, evidence.instance, repr(evidence.labels))
    common = {**_subject(name, evidence), "operation": evidence.operation, "breaker": name.name}
    return [
        {
            **common,
            "from_state": change.from_state,
            "to_state": change.to_state,
            "occurred_at": (change.bounds.earliest_us + change.bounds.latest_us) // 2,
            "occurred_earliest": change.bounds.earliest_us,
            "occurred_latest": change.bounds.latest_us,
            "sources": sorted(change.sources),
            "inferred": change.inferred,
            "clock_skew": change.clock_skew,
            "assumed": change.assumed,
            "transition_id": stable_id("transition", *where, str(place), str(change.bounds.earliest_us)),
            "position": place,
        }
        for place, change in enumerate(changes)
    ]


def sighting_rows(name: Name, evidence: InstanceEvidence, witnesses: Sequence[Sequence[Change]]) -> list[Row]:
    """Return what each source saw of one breaker instance by itself as rows of ``breaker_sightings``."""
    common = {**_subject(name, evidence), "breaker": name.name}
    return [
        {
            **common,
            "source": ", ".join(sorted(change.sources)),
            "from_state": change.from_state,
            "to_state": change.to_state,
            "occurred_at": (change.bounds.earliest_us + change.bounds.latest_us) // 2,
            "occurred_earliest": change.bounds.earliest_us,
            "occurred_latest": change.bounds.latest_us,
            "inferred": change.inferred,
            "assumed": change.assumed,
            "position": place,
        }
        for changes in witnesses
        for place, change in enumerate(changes)
    ]


def health_rows(name: Name, evidence: InstanceEvidence, changes: Sequence[Change]) -> list[Row]:
    """Return one component instance's changes as rows of ``health_changes``."""
    return [
        {
            **_subject(name, evidence),
            "component": name.name,
            "from_state": change.from_state,
            "to_state": change.to_state,
            **_edge("occurred", change),
            **_provenance(change),
        }
        for change in changes
    ]


def level_rows(name: Name, evidence: InstanceEvidence, changes: Sequence[Change]) -> list[Row]:
    """Return one service instance's changes as rows of ``service_level_changes``."""
    return [
        {
            **_subject(name, evidence),
            "from_level": change.from_state,
            "to_level": change.to_state,
            **_edge("occurred", change),
            **_provenance(change),
        }
        for change in changes
    ]


def incident_row(incident: Incident, episode_id: int, seen_open_s: float) -> Row:
    """Return an incident as a row of ``breaker_incidents``; an ongoing one was seen open for ``seen_open_s``."""
    key, lasted = incident.key, incident.lasted
    return {
        "environment": key.environment,
        "incident_id": incident.incident_id,
        "episode_id": episode_id,
        "service": key.service,
        "operation": incident.operation,
        "breaker": key.breaker,
        "instance": key.instance,
        **_edge("opened", incident.opened),
        **_edge("closed", incident.closed),
        "duration_s": lasted.value_s if lasted else None,
        "duration_low_s": lasted.low_s if lasted else seen_open_s,
        "duration_high_s": lasted.high_s if lasted else None,
        "idle_open_s": None,
        "reopenings": incident.reopenings,
        "status": "resolved" if lasted else "ongoing",
        "experiment_id": "",
        "opened_sources": sorted(incident.opened.sources),
        "closed_sources": sorted(incident.closed.sources) if incident.closed else [],
        "opened_inferred": incident.opened.inferred,
        "labels": key.labels,
    }


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What else is known of an episode; None where no source tells. ``seen_open_s`` is how long an ongoing one was."""

    instances_seen: int
    calls_rejected: int | None
    promql_openings: float | None
    healed_by: str | None
    seen_open_s: float = 0.0


def episode_row(episode: Episode, episode_id: int, around: Circumstances) -> Row:
    """Return an episode as a row of ``breaker_episodes``."""
    key, lasted = episode.incidents[0].key, episode.lasted
    labels = set(key.labels)
    for incident in episode.incidents[1:]:
        labels &= set(incident.key.labels)
    opened, closed = episode.opened, episode.closed
    return {
        "environment": key.environment,
        "episode_id": episode_id,
        "service": key.service,
        "breaker": key.breaker,
        "opened_at": opened.middle_us,
        "opened_earliest": opened.earliest_us,
        "opened_latest": opened.latest_us,
        "closed_at": closed.middle_us if closed else None,
        "closed_earliest": closed.earliest_us if closed else None,
        "closed_latest": closed.latest_us if closed else None,
        "duration_s": lasted.value_s if lasted else None,
        "duration_low_s": lasted.low_s if lasted else around.seen_open_s,
        "duration_high_s": lasted.high_s if lasted else None,
        "idle_open_s": None,
        "openings": episode.openings,
        "instances_hit": episode.instances_hit,
        "instances_seen": around.instances_seen,
        "calls_rejected": around.calls_rejected,
        "promql_openings": around.promql_openings,
        "healed_by": around.healed_by,
        "status": "resolved" if lasted else "ongoing",
        "experiment_id": "",
        "labels": sorted(labels),
    }


def finding_row(name: Name, evidence_labels: Pairs, instance: str, oddity: Oddity) -> Row:
    """Return an oddity as a row of ``findings``."""
    where = f" on {instance}" if instance else ""
    return {
        "environment": name.environment,
        "finding_id": stable_id(
            oddity.kind, name.environment, name.service, name.name, instance, str(oddity.at_us), oddity.evidence
        ),
        "kind": oddity.kind,
        "service": name.service,
        "subject": name.name,
        "first_seen": oddity.at_us,
        "last_seen": oddity.at_us,
        "evidence": f"{oddity.evidence}{where}",
        "labels": evidence_labels,
    }


def _subject(name: Name, evidence: InstanceEvidence) -> Row:
    return {
        "environment": name.environment,
        "service": name.service,
        "instance": evidence.instance,
        "labels": evidence.labels,
    }


def _edge(prefix: str, change: Change | None) -> Mapping[str, Any]:
    """Return when it was, in microseconds: nobody reads these rows but the store."""
    at, earliest, latest = _EDGES[prefix]
    if change is None:
        return {at: None, earliest: None, latest: None}
    bounds = change.bounds
    return {at: bounds.middle_us, earliest: bounds.earliest_us, latest: bounds.latest_us}


_EDGES = {
    prefix: (f"{prefix}_at", f"{prefix}_earliest", f"{prefix}_latest") for prefix in ("occurred", "opened", "closed")
}


def _provenance(change: Change) -> Mapping[str, Any]:
    return {
        "sources": sorted(change.sources),
        "inferred": change.inferred,
        "clock_skew": change.clock_skew,
        "assumed": change.assumed,
    }
