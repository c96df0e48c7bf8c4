"""Fused histories of breakers, and what follows from them: transitions first, then incidents, episodes and findings."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from analysis import keep, promql
from analysis.evidence import increases, restarted
from analysis.fusion import History, Oddity, Rules, fuse
from analysis.gather import BREAKER, Domain, Gathered, InstanceEvidence, Name
from analysis.incidents import Episode, InstanceKey, episodes, incidents, same_system
from analysis.machine import MANUAL, OPEN
from analysis.sqlfiles import read_sql
from breakwatch.clock import MINUTE_US
from breakwatch.model import Pairs, TrackKind, pairs

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from analysis.bounds import Bounds
    from analysis.incidents import Incident
    from breakwatch.clock import Instant
    from store import Store

_CHANGES = read_sql("analysis.sql", "evidence_changes.sql")

FUSION_FINDINGS = ("unlawful_transition", "state_lost_on_restart", "sources_disagree", "instance_not_named")
"""The kinds of findings that fusion is the author of."""

_Healing = dict[str, list[tuple[int, str, Pairs]]]

Histories = dict[Name, list[tuple[InstanceEvidence, History]]]
"""Of each breaker its instances, with what each of them did."""


def history(evidence: InstanceEvidence, domain: Domain) -> History:
    """Return the fused history of one instance."""
    kind = str(domain.state_kind)
    restarts = tuple(replace(r, state_after=evidence.state_after(kind, r.bounds.latest_us)) for r in evidence.restarts)
    rules = Rules(domain is BREAKER, half_open_visible=evidence.half_open_visible, restarts=restarts)
    witnesses = evidence.sighted(kind)
    starts = [changes[0].bounds.latest_us for changes in witnesses if changes]
    return fuse(witnesses, rules, evidence.initial_state(kind, min(starts) if starts else None))


def keep_transitions(store: Store, gathered: dict[Name, Gathered]) -> Histories:
    """Fuse what the witnesses of some breakers saw, and keep the transitions; return the histories."""
    histories = {
        name: [(evidence, history(evidence, BREAKER)) for evidence in subject.instances.values()]
        for name, subject in gathered.items()
    }
    rows = [
        row
        for name, instances in histories.items()
        for evidence, fused in instances
        for row in keep.transition_rows(name, evidence, fused.changes)
    ]
    store.replace("breaker_transitions", [scope_of(name, breaker="name") for name in gathered], rows)
    return histories


def keep_consequences(store: Store, gathered: dict[Name, Gathered], histories: Histories) -> None:
    """Keep what follows from histories: who saw what, incidents, episodes and findings."""
    healing = _healing(store, sorted({text for name in gathered for text in (name.service, name.name)}))
    sightings: list[keep.Row] = []
    kept_incidents: list[keep.Row] = []
    kept_episodes: list[keep.Row] = []
    findings: list[keep.Row] = []
    for name, subject in gathered.items():
        found = []
        for evidence, fused in histories[name]:
            sightings.extend(keep.sighting_rows(name, evidence, fused.witnesses))
            findings.extend(keep.finding_row(name, evidence.labels, evidence.instance, odd) for odd in fused.oddities)
            key = InstanceKey(name.environment, name.service, name.name, evidence.instance, evidence.labels)
            found.extend(incidents(key, evidence.operation, fused.changes))
        findings.extend(_unnamed(name, subject))
        for episode in episodes(found):
            episode_id = episode.episode_id
            kept_incidents.extend(
                keep.incident_row(incident, episode_id, _seen_open_s(subject, [incident], incident.opened.bounds))
                for incident in episode.incidents
            )
            kept_episodes.append(keep.episode_row(episode, episode_id, _circumstances(episode, subject, healing)))
    breakers = [scope_of(name, breaker="name") for name in gathered]
    store.replace("breaker_sightings", breakers, sightings)
    store.replace("breaker_incidents", breakers, kept_incidents)
    store.replace("breaker_episodes", breakers, kept_episodes)
    judged = [{**scope_of(name, subject="name"), "kind": kind} for name in gathered for kind in FUSION_FINDINGS]
    store.replace("findings", judged, findings)


def scope_of(name: Name, **columns: str) -> dict[str, str]:
    """Return the columns that tell a subject's rows from others'; ``columns`` maps one to the subject's name."""
    own = dict.fromkeys(columns, name.name)
    return {"environment": name.environment, "service": name.service, **own}


def _unnamed(name: Name, subject: Gathered) -> list[keep.Row]:
    if not subject.unnamed:
        return []
    text = f"{len(subject.unnamed)} log sightings name no instance, and several were seen: kept apart"
    return [keep.finding_row(name, (), "", Oddity("instance_not_named", min(subject.unnamed), text))]


def _healing(store: Store, services: Sequence[str]) -> _Healing:
    """Return by service the deploys, restarts and manual acts that may have healed something, in order of time."""
    found: _Healing = defaultdict(list)
    for row in store.rows(_CHANGES, {"services": list(services)}):
        found[row["service"]].append((row["occurred_us"], row["change"] or "", pairs(row["labels"])))
    return found


def _seen_open_s(subject: Gathered, incidents_of_it: Iterable[Incident], opened: Bounds) -> float:
    """Return for how long what is ongoing was seen open at least, as far as its own samples tell.

    ``_keep_states`` says it exactly, logs that were read further included; that it is right in most cases by then saves
    writing it twice.
    """
    seen_us = [
        evidence.last_seen_us
        for incident in incidents_of_it
        if incident.closed is None
        and (evidence := subject.instances[incident.key.instance, incident.key.labels]).last_seen_us is not None
    ]
    return max(0, max(seen_us, default=0) - opened.latest_us) / 1e6


def _circumstances(episode: Episode, subject: Gathered, healing: _Healing) -> keep.Circumstances:
    start_us = episode.opened.earliest_us
    end_us = episode.closed.latest_us if episode.closed else None
    own = [
        evidence
        for evidence in subject.instances.values()
        if all(same_system(evidence.labels, incident.key.labels) for incident in episode.incidents)
    ]
    seen = [
        evidence
        for evidence in own
        if evidence.first_seen_us is not None
        and evidence.last_seen_us is not None
        and evidence.last_seen_us >= start_us
        and (end_us is None or evidence.first_seen_us <= end_us)
    ]
    return keep.Circumstances(
        instances_seen=max(len(seen), episode.instances_hit),
        calls_rejected=_rejected_calls(own, start_us, end_us),
        promql_openings=_promql_openings(own, start_us, end_us),
        healed_by=_healed_by(episode, subject, healing) if end_us is not None else None,
        seen_open_s=_seen_open_s(subject, episode.incidents, episode.opened) if end_us is None else 0.0,
    )


def _promql_openings(instances: Sequence[InstanceEvidence], start_us: Instant, end_us: Instant | None) -> float | None:
    """Return what ``sum(increase(…))`` says of the counters of openings, from a minute before to a minute after."""
    said: list[float] = []
    for evidence in instances:
        by_source: dict[str, float] = {}  # replicas see the same openings: the one that saw most is believed
        for witness in evidence.witnesses:
            counters = [t for t in witness.tracks if t.kind == TrackKind.TRANSITIONS and t.detail["to_state"] == OPEN]
            distances = [d for t in counters if (d := promql.scrape_distance_us(t.runs)) is not None]
            for track in counters if distances else ():
                until_us = (track.runs[-1].last_us if end_us is None else end_us) + MINUTE_US
                increase = promql.increase(track.runs, min(distances), start_us - MINUTE_US, until_us)
                if increase is not None:
                    by_source[witness.source] = by_source.get(witness.source, 0.0) + increase
        if by_source:
            said.append(max(by_source.values()))
    return sum(said) if said else None


def _rejected_calls(instances: Sequence[InstanceEvidence], start_us: Instant, end_us: Instant | None) -> int | None:
    """Return the calls that the breaker rejected in the span; None where no source counts them.

    Replicas count the same calls. What grew while a server was away may lie outside the span, so the least count is
    taken that no other server contradicts.
    """
    rejected: list[int] = []
    for evidence in instances:
        by_source: dict[str, _Counted] = {}
        for witness in evidence.witnesses:
            for track in witness.tracks:
                if track.kind == TrackKind.REQUESTS:
                    told = by_source.setdefault(witness.source, _Counted())
                    for grown in increases(track.runs, witness.restarts):
                        if start_us < grown.until_us and (end_us is None or grown.after_us < end_us):
                            within = start_us <= grown.after_us and (end_us is None or grown.until_us <= end_us)
                            told.add(grown.grown_by, sure=within)
        if by_source:
            surely = max(told.sure for told in by_source.values())
            rejected.append(min((t.count for t in by_source.values() if t.count >= max(surely, 1)), default=0))
    return sum(rejected) if rejected else None


@dataclass(slots=True)
class _Counted:
    """What one source counted in a span, and how much of it surely lies inside."""

    count: int = 0
    sure: int = 0

    def add(self, count: int, *, sure: bool) -> None:
        """Count more."""
        self.count += count
        self.sure += count if sure else 0


def _healed_by(episode: Episode, subject: Gathered, healing: _Healing) -> str:
    """Say what ended an episode: a restart or deploy seen inside it, a hand, or nobody but itself."""
    start_us, end = episode.opened.latest_us, episode.closed
    end_us = end.latest_us if end else start_us
    if any(incident.closed and incident.closed.from_state in MANUAL for incident in episode.incidents):
        return "manual"
    key = episode.incidents[0].key
    inside = {
        change
        for service in (key.service, key.breaker)
        for at_us, change, labels in healing.get(service, ())
        if start_us <= at_us <= end_us and same_system(labels, key.labels)
    }
    for cause in ("deploy", "restart"):
        if cause in inside:
            return cause
    hit = {(incident.key.instance, incident.key.labels) for incident in episode.incidents}
    for instance in hit & subject.instances.keys():
        for witness in subject.instances[instance].witnesses:
            if restarted(witness.restarts, start_us, end_us):
                return "restart"
    return "manual" if inside & {"config", "flag", "scale"} else "self"
