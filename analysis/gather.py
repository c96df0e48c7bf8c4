"""Fetching what a set of subjects' witnesses saw, and sorting it by instance."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from math import isnan
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from analysis.bounds import STAMP_SLACK_US, Bounds
from analysis.evidence import Change, Run, SampledTrack, Span, Witness, falls, sighted_changes
from analysis.fusion import Restart
from analysis.incidents import same_system
from analysis.machine import CLOSED, OPEN
from analysis.sqlfiles import read_sql
from breakwatch.model import COUNTERS, STATE_WORDS, SightingKind, TrackKind, pairs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from breakwatch.clock import Instant
    from breakwatch.model import Pairs
    from store import Rows

_TRACKS = read_sql("analysis.sql", "evidence_tracks.sql")
_PRESENT = read_sql("analysis.sql", "evidence_present.sql")
_KINDS = read_sql("analysis.sql", "evidence_kinds.sql")
_RUNS = read_sql("analysis.sql", "evidence_runs.sql")
_PLAIN_RUNS = read_sql("analysis.sql", "evidence_plain_runs.sql")
_STARTS = read_sql("analysis.sql", "evidence_process_starts.sql")
_FALLS = read_sql("analysis.sql", "evidence_falls.sql")
_RESTARTS = read_sql("analysis.sql", "evidence_restarts.sql")
_SIGHTINGS = read_sql("analysis.sql", "evidence_sightings.sql")

MOST_SUBJECTS = 20_000
"""So many subjects' tracks are remembered."""

UNNAMED_WINDOW_US = 300_000_000
"""An unnamed instance is looked for among those seen within this of the sighting."""


@dataclass(frozen=True, slots=True)
class Domain:
    """One kind of state that is fused: which tracks and sightings speak of it."""

    name: str
    state_kind: TrackKind
    sighting_kind: SightingKind


BREAKER = Domain("breaker", TrackKind.BREAKER_STATE, SightingKind.BREAKER_TRANSITION)
HEALTH = Domain("health", TrackKind.HEALTH_STATE, SightingKind.HEALTH_CHANGE)
LEVEL = Domain("level", TrackKind.LEVEL_STATE, SightingKind.LEVEL_CHANGE)


@dataclass(frozen=True, slots=True, order=True)
class Name:
    """A subject as a domain names it: a breaker, a component, or (level) the service itself."""

    environment: str
    service: str
    name: str


@dataclass(slots=True)
class InstanceEvidence:
    """All that bears on one instance of a subject."""

    instance: str
    labels: Pairs
    operation: str = ""
    witnesses: list[Witness] = field(default_factory=list)
    logged: dict[str, list[Change]] = field(default_factory=dict)
    restarts: list[Restart] = field(default_factory=list)
    first_seen_us: Instant | None = None
    last_seen_us: Instant | None = None

    def sighted(self, state_kind: str) -> list[list[Change]]:
        """Return for each witness the changes it saw, in order."""
        return [*self.logged.values(), *(sighted_changes(witness, state_kind) for witness in self.witnesses)]

    def initial_state(self, state_kind: str, before_us: Instant | None) -> str | None:
        """Return the state before anything changed, where a sample not after ``before_us`` shows it.

        A counter of openings that was seen at 0, or seen to be born, says so too: nothing had opened yet. It counts
        where no state was sampled before it: some libraries export neither before the first opening.
        """
        runs = [run for w in self.witnesses for t in w.tracks if t.kind == state_kind for run in t.runs]
        first = min(runs, default=None)
        openings = [
            track.runs[0]
            for witness in self.witnesses
            for track in witness.tracks
            if track.kind == TrackKind.TRANSITIONS and track.detail.get("to_state") == OPEN and track.runs
        ]
        unopened_us = [run.first_us for run in openings if run.value == 0 or isnan(run.value)]
        if openings and len(unopened_us) == len(openings) and (first is None or min(unopened_us) < first.first_us):
            return CLOSED if before_us is None or min(unopened_us) <= before_us else None
        if first is None:
            return None
        return STATE_WORDS[int(first.value)] if before_us is None or first.first_us <= before_us else None

    def state_after(self, state_kind: str, at_us: Instant) -> str | None:
        """Return the state at the first sample at or after an instant; None where none was taken."""
        runs = [run for w in self.witnesses for t in w.tracks if t.kind == state_kind for run in t.runs]
        later = [run for run in runs if run.last_us >= at_us]
        return STATE_WORDS[int(min(later, key=lambda run: max(run.first_us, at_us)).value)] if later else None

    @property
    def half_open_visible(self) -> bool:
        """False where every witness is one that can never show half-open."""
        marks = [
            t.detail.get("binary") == "true" for w in self.witnesses for t in w.tracks if t.kind != TrackKind.REQUESTS
        ]
        return bool(self.logged) or not marks or not all(marks)

    def saw(self, first_us: Instant, last_us: Instant) -> None:
        """Note that the instance was seen in this span."""
        self.first_seen_us = first_us if self.first_seen_us is None else min(self.first_seen_us, first_us)
        self.last_seen_us = last_us if self.last_seen_us is None else max(self.last_seen_us, last_us)


@dataclass(slots=True)
class Gathered:
    """The evidence on one subject, by instance; ``unnamed`` counts sightings whose instance stayed unknown."""

    instances: dict[tuple[str, Pairs], InstanceEvidence] = field(default_factory=dict)
    unnamed: list[Instant] = field(default_factory=list)


@dataclass(slots=True)
class Known:
    """The tracks of subjects, as they were looked up; right as long as there are no other tracks.

    Attributes:
        tracks: which tracks there are, as a fingerprint.
        sampled: of which kinds they are.
        told: whether anything was told, by logs or imports.
    """

    tracks: str
    sampled: frozenset[str]
    told: bool = False
    _of: dict[tuple[str, Name], list[Mapping[str, Any]]] = field(default_factory=dict)

    def of(self, rows: Rows, domain: Domain, names: Sequence[Name]) -> list[Mapping[str, Any]]:
        """Return the tracks that bear witness to subjects."""
        unknown = [name for name in names if (domain.name, name) not in self._of]
        if unknown:
            if len(self._of) + len(unknown) > MOST_SUBJECTS:
                self._of.clear()
                unknown = list(names)
            self._of.update({(domain.name, name): [] for name in unknown})
            for row in rows.rows(_TRACKS, {**_wanted(domain, unknown), "state_kind": str(domain.state_kind)}):
                name = Name(row["environment"], row["service"], row["name"])
                self._of[domain.name, name].append(row)
        rows_of = (row for name in names for row in self._of[domain.name, name])
        return sorted(rows_of, key=lambda row: row["track_id"])


_KNOWN: WeakKeyDictionary[Rows, Known] = WeakKeyDictionary()


def known_of(rows: Rows) -> Known:
    """Return which tracks there are; ask once where no others can come in between."""
    (present,) = rows.rows(_PRESENT)
    known = _KNOWN.get(rows)
    if known is None or known.tracks != present["tracks"]:
        known = _KNOWN[rows] = Known(present["tracks"], frozenset(one["kind"] for one in rows.rows(_KINDS)))
    known.told = present["told"]
    return known


def _wanted(domain: Domain, names: Sequence[Name]) -> dict[str, Any]:
    return {
        "environments": [name.environment for name in names],
        "services": [name.service for name in names],
        "names": [name.name for name in names],
        "domain": domain.name,
    }


def gather(rows: Rows, domain: Domain, names: Sequence[Name], known: Known | None = None) -> dict[Name, Gathered]:
    """Return what every witness saw of the named subjects of one domain."""
    gathered = {name: Gathered() for name in names}
    known = known or known_of(rows)
    tracks = known.of(rows, domain, names)
    sampled, told = known.sampled, known.told
    targets = {(track["source"], track["scrape_target"]) for track in tracks}
    starts = _process_starts(rows, targets) if TrackKind.PROCESS_START in sampled else {}
    # A restart loses the state of a breaker; of health and levels it says nothing.
    falling = domain is BREAKER and sampled & {TrackKind.TRANSITIONS, TrackKind.REQUESTS}
    _add_samples(gathered, tracks, _runs(rows, tracks), starts, _counters_fell(rows, targets) if falling else {})
    if told:
        wanted = {**_wanted(domain, names), "sighting_kind": str(domain.sighting_kind)}
        _add_sightings(gathered, rows.rows(_SIGHTINGS, wanted))
    if told or TrackKind.PROCESS_START in sampled:
        _add_restarts(gathered, rows.rows(_RESTARTS, {"services": sorted({name.service for name in names})}))
    return gathered


def _add_samples(
    gathered: dict[Name, Gathered],
    tracks: Sequence[Mapping[str, Any]],
    runs: Mapping[int, Sequence[Run]],
    starts: Mapping[tuple[str, str], Sequence[Span]],
    fallen: Mapping[tuple[str, str], Sequence[Span]],
) -> None:
    grouped: dict[tuple[Name, str, str, Pairs, str], list[SampledTrack]] = defaultdict(list)
    operations: dict[tuple[Name, str, Pairs], str] = {}
    for track in tracks:
        name = Name(track["environment"], track["service"], track["name"])
        labels = pairs(track["labels"])
        sampled = SampledTrack(
            track["track_id"],
            track["kind"],
            track["source"],
            track["instance"],
            labels,
            track["scrape_target"],
            track["detail"],
            runs.get(track["track_id"], ()),
        )
        grouped[name, track["source"], track["instance"], labels, track["scrape_target"]].append(sampled)
        if track["operation"]:
            operations[name, track["instance"], labels] = track["operation"]
    for (name, source, instance, labels, target), members in grouped.items():
        evidence = gathered[name].instances.setdefault((instance, labels), InstanceEvidence(instance, labels))
        evidence.operation = operations.get((name, instance, labels), "")
        fell = [span for member in members if member.kind in COUNTERS for span in falls(member.runs)]
        told = fallen.get((source, target), ())
        restarts = _narrowest({*starts.get((source, target), ()), *told, *fell})
        evidence.restarts += [_restart(span, source) for span in told]
        evidence.witnesses.append(Witness(source, instance, labels, members, restarts))
        for member in members:
            if member.runs:
                evidence.saw(member.runs[0].first_us, member.runs[-1].last_us)


def _runs(rows: Rows, tracks: Sequence[Mapping[str, Any]]) -> dict[int, list[Run]]:
    if not tracks:
        return {}
    proofs = any(track["kind"] == TrackKind.TRANSITIONS and track["detail"].get("each") == "proof" for track in tracks)
    columns = rows.columns(_RUNS if proofs else _PLAIN_RUNS, {"track_ids": [track["track_id"] for track in tracks]})
    found: dict[int, list[Run]] = defaultdict(list)
    names = ("track_id", "first_us", "last_us", "value", "read_s", "assumed")
    for track_id, *run in zip(*(columns[name].tolist() for name in names), strict=True):
        found[track_id].append(Run(*run))
    return found


def _process_starts(rows: Rows, targets: Iterable[tuple[str, str]]) -> dict[tuple[str, str], list[Span]]:
    ordered = sorted(targets)
    if not ordered:
        return {}
    found = rows.rows(_STARTS, {"sources": [s for s, _ in ordered], "scrape_targets": [t for _, t in ordered]})
    spans: dict[tuple[str, str], list[Span]] = defaultdict(list)
    before: Mapping[str, Any] | None = None
    for row in found:
        key = row["source"], row["scrape_target"]
        if before and (before["source"], before["scrape_target"]) == key and _began_anew(before, row):
            spans[key].append(Span(before["last_us"], row["first_us"]))
        before = row
    return spans


def _counters_fell(rows: Rows, targets: Iterable[tuple[str, str]]) -> dict[tuple[str, str], list[Span]]:
    """Return the restarts of targets without a start time: a counter of a target tells for all its breakers."""
    ordered = sorted(targets)
    if not ordered:
        return {}
    found = rows.rows(_FALLS, {"sources": [s for s, _ in ordered], "scrape_targets": [t for _, t in ordered]})
    spans: dict[tuple[str, str], list[Span]] = defaultdict(list)
    for row in found:
        spans[row["source"], row["scrape_target"]].append(Span(row["after_us"], row["until_us"]))
    return spans


def _narrowest(spans: Iterable[Span]) -> list[Span]:
    """Return spans without those that hold another: a counter seldom used tells late of what others told before."""
    found: list[Span] = []
    for span in sorted(spans, key=lambda one: (-one.after_us, one.until_us)):
        if not found or span.until_us < found[-1].until_us:
            found.append(span)
    return found[::-1]


def _restart(span: Span, source: str, slack_us: int = STAMP_SLACK_US) -> Restart:
    return Restart(Bounds(span.after_us - slack_us, span.until_us + slack_us), source)


def _began_anew(before: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    """Some programs compute their start anew at every scrape: less than a second apart it is the same one."""
    apart_s: float = abs(row["value"] - before["value"])
    return apart_s > 1.0


def _add_sightings(gathered: dict[Name, Gathered], sightings: Sequence[Mapping[str, Any]]) -> None:
    known = {name: list(subject.instances.values()) for name, subject in gathered.items()}
    for row in sorted(sightings, key=_sighting_order):
        name = Name(row["environment"], row["service"], row["name"])
        subject = gathered[name]
        labels = pairs(row["labels"])
        evidence, ambiguous = _instance_of(known[name], subject, row["instance"], labels, row["occurred_us"])
        if ambiguous:
            subject.unnamed.append(row["occurred_us"])
        evidence.operation = evidence.operation or row["operation"]
        logged = evidence.logged.setdefault(row["source"], [])
        at_us = row["occurred_us"]
        change = Change(
            row["from_state"],
            row["to_state"],
            Bounds(at_us, at_us),
            frozenset({row["source"]}),
            certain=bool(row["from_state"]),
            rank=len(logged),
        )
        twice = logged and (logged[-1].to_state, logged[-1].bounds) == (change.to_state, change.bounds)
        if not twice or (logged[-1].from_state and logged[-1].from_state != change.from_state):
            logged.append(change)
        if row["instance"]:
            evidence.saw(at_us, at_us)


def _add_restarts(gathered: dict[Name, Gathered], restarts: Sequence[Mapping[str, Any]]) -> None:
    known: dict[tuple[str, str, str], list[tuple[Pairs, Restart]]] = defaultdict(list)
    for row in restarts:
        logged = row["after_us"] == row["until_us"]
        restart = _restart(Span(row["after_us"], row["until_us"]), row["source"], 0 if logged else STAMP_SLACK_US)
        known[row["environment"], row["service"], row["instance"]].append((pairs(row["labels"]), restart))
    for name, subject in gathered.items():
        for evidence in subject.instances.values():
            told = known.get((name.environment, name.service, evidence.instance), ())
            evidence.restarts += [restart for labels, restart in told if same_system(evidence.labels, labels)]


def _sighting_order(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """Time, then the place in the file: two lines of one instant keep their order."""
    file, _, rest = str(row["position"]).partition(":")
    offset = rest.partition(":")[0]
    return row["occurred_us"], row["source"], file, int(offset) if offset.isdigit() else 0, rest


def _instance_of(
    sampled: Sequence[InstanceEvidence], subject: Gathered, instance: str, labels: Pairs, at_us: Instant
) -> tuple[InstanceEvidence, bool]:
    """Return whose sighting this is, and whether that had to stay open.

    A sighting without an instance belongs to the only one seen around it; labels that contradict keep instances apart.
    """
    fitting = [known for known in sampled if same_system(known.labels, labels)]
    if instance:
        same = [known for known in fitting if known.instance == instance]
        if len(same) == 1:
            return same[0], False
    else:
        near = [known for known in fitting if _near(known, at_us)] or fitting
        if len(near) == 1:
            return near[0], False
    own = subject.instances.setdefault((instance, labels), InstanceEvidence(instance, labels))
    return own, not instance and len(fitting) > 1


def _near(known: InstanceEvidence, at_us: Instant) -> bool:
    if known.first_seen_us is None or known.last_seen_us is None:
        return False
    return known.first_seen_us - UNNAMED_WINDOW_US <= at_us <= known.last_seen_us + UNNAMED_WINDOW_US
