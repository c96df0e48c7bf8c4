"""Keeping the answers ready: what new evidence made stale is fused again, and only that."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from analysis import keep, promql
from analysis.evidence import increases, restarted
from analysis.facts import News, news, refresh_facts
from analysis.fusion import History, Oddity, Rules, fuse
from analysis.gather import BREAKER, HEALTH, LEVEL, Domain, Gathered, InstanceEvidence, Name, gather
from analysis.incidents import Episode, InstanceKey, episodes, incidents, same_system
from analysis.machine import MANUAL, OPEN
from analysis.sqlfiles import read_sql
from breakwatch.clock import MINUTE_US
from breakwatch.model import STATE_WORDS, Batch, Pairs, TrackKind, pairs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from analysis.bounds import Bounds
    from analysis.incidents import Incident
    from breakwatch.clock import Instant
    from breakwatch.config import Config
    from store import Store

_STALE = read_sql("analysis.sql", "stale_subjects.sql")
_MARKED = read_sql("analysis.sql", "marked_subjects.sql")
_STALE_EVERYTHING = (
    read_sql("analysis.sql", "stale_everything.sql"),
    read_sql("analysis.sql", "stale_counters_everywhere.sql"),
    read_sql("analysis.sql", "stale_sightings_everywhere.sql"),
)
_CLEAR = read_sql("analysis.sql", "clear_stale_subjects.sql")
_CHANGES = read_sql("analysis.sql", "evidence_changes.sql")
_STATES = read_sql("analysis.sql", "breaker_states.sql")
_ONGOING = read_sql("analysis.sql", "ongoing.sql")
_ONGOING_EPISODES = read_sql("analysis.sql", "ongoing_episodes.sql")

ANALYSIS_VERSION = "5"
"""Raise it when the same evidence would be fused otherwise: what older versions kept is then made anew, once."""

SUBJECTS_AT_ONCE = 400
"""How many subjects' evidence is held in memory at a time."""

FUSION_FINDINGS = ("unlawful_transition", "state_lost_on_restart", "sources_disagree", "instance_not_named")
"""The kinds of findings that fusion is the author of."""

_OWN = "analysis"
"""Under this name the analysis remembers its version among the checkpoints of sources."""

_Healing = dict[str, list[tuple[int, str, Pairs]]]


def refresh(store: Store, config: Config) -> None:
    """Bring everything that is kept ready up to date with what was appended, in one transaction.

    Running it again without new evidence changes nothing; a crash before it leaves the stale marks in place.
    """
    with store.transaction():
        _forget_older_versions(store)
        new = news(store)
        stale = _stale(store, new)
        for domain in (LEVEL, HEALTH, BREAKER):
            for names in _chunks(stale[domain.name], SUBJECTS_AT_ONCE):
                gathered = gather(store, domain, names)
                if domain is BREAKER:
                    _keep_breakers(store, gathered)
                else:
                    _keep_changes(store, domain, gathered)
        refresh_facts(store, config, new)
        _keep_states(store)
        store.execute(_CLEAR)


def _forget_older_versions(store: Store) -> None:
    if store.checkpoints(_OWN).get("version") != ANALYSIS_VERSION:
        for statement in _STALE_EVERYTHING:
            store.execute(statement)
        store.append(Batch(_OWN, checkpoints={"version": ANALYSIS_VERSION}))


def _stale(store: Store, new: News) -> dict[str, list[Name]]:
    found: dict[str, list[Name]] = defaultdict(list)
    for row in store.rows(_STALE if new.explained or TrackKind.REQUESTS in new.sampled else _MARKED):
        found[row["domain"]].append(Name(row["environment"], row["service"], row["name"]))
    return found


def _chunks(names: Sequence[Name], size: int) -> Iterator[Sequence[Name]]:
    for start in range(0, len(names), size):
        yield names[start : start + size]


def history(evidence: InstanceEvidence, domain: Domain) -> History:
    """Return the fused history of one instance."""
    kind = str(domain.state_kind)
    restarts = tuple(replace(r, state_after=evidence.state_after(kind, r.bounds.latest_us)) for r in evidence.restarts)
    rules = Rules(domain is BREAKER, half_open_visible=evidence.half_open_visible, restarts=restarts)
    witnesses = evidence.sighted(kind)
    starts = [changes[0].bounds.latest_us for changes in witnesses if changes]
    return fuse(witnesses, rules, evidence.initial_state(kind, min(starts) if starts else None))


def _keep_changes(store: Store, domain: Domain, gathered: dict[Name, Gathered]) -> None:
    """Keep the changes of health and service levels, which know no unlawful moves."""
    table, to_rows = {
        HEALTH.name: ("health_changes", keep.health_rows),
        LEVEL.name: ("service_level_changes", keep.level_rows),
    }[domain.name]
    rows = [
        row
        for name, subject in gathered.items()
        for evidence in subject.instances.values()
        for row in to_rows(name, evidence, history(evidence, domain).changes)
    ]
    named = {"component": "name"} if domain is HEALTH else {}
    store.replace(table, [_scope(name, **named) for name in gathered], rows)


def _scope(name: Name, **columns: str) -> dict[str, str]:
    """Return the columns that tell a subject's rows from others'; ``columns`` maps one to the subject's name."""
    own = dict.fromkeys(columns, name.name)
    return {"environment": name.environment, "service": name.service, **own}


def _keep_breakers(store: Store, gathered: dict[Name, Gathered]) -> None:
    healing = _healing(store, sorted({text for name in gathered for text in (name.service, name.name)}))
    sightings: list[keep.Row] = []
    transitions: list[keep.Row] = []
    kept_incidents: list[keep.Row] = []
    kept_episodes: list[keep.Row] = []
    findings: list[keep.Row] = []
    for name, subject in gathered.items():
        found = []
        for evidence in subject.instances.values():
            fused = history(evidence, BREAKER)
            sightings.extend(keep.sighting_rows(name, evidence, fused.witnesses))
            transitions.extend(keep.transition_rows(name, evidence, fused.changes))
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
    breakers = [_scope(name, breaker="name") for name in gathered]
    store.replace("breaker_sightings", breakers, sightings)
    store.replace("breaker_transitions", breakers, transitions)
    store.replace("breaker_incidents", breakers, kept_incidents)
    store.replace("breaker_episodes", breakers, kept_episodes)
    judged = [{**_scope(name, subject="name"), "kind": kind} for name in gathered for kind in FUSION_FINDINGS]
    store.replace("findings", judged, findings)


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


def _keep_states(store: Store) -> None:
    """Keep the present state of every breaker, and the lengths of what is still open as far as it was seen."""
    store.replace("breaker_states", {}, store.rows(_STATES, {"words": list(STATE_WORDS)}))
    for table, sql, key in (
        ("breaker_incidents", _ONGOING, "incident_id"),
        ("breaker_episodes", _ONGOING_EPISODES, "episode_id"),
    ):
        grown = [{**row, "duration_low_s": row["elapsed_s"]} for row in store.rows(sql)]
        rows = [{name: value for name, value in row.items() if name not in _NOT_COLUMNS} for row in grown]
        store.replace(table, [{key: row[key]} for row in rows], rows)


_NOT_COLUMNS = frozenset({"row_id", "elapsed_s"})
