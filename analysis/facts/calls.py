"""Calls of a service around a time, from log lines and counters, by who counts them and what they are about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from typing import TYPE_CHECKING, Any, Final

from analysis.bounds import STAMP_SLACK_US
from analysis.evidence import Run, increases
from analysis.facts.failing import SLICE_US, Calls, Told
from analysis.facts.steps import steps
from breakwatch.clock import DAY_US, SECOND_US
from breakwatch.model import Outcome, Pairs, pairs

if TYPE_CHECKING:
    from breakwatch.clock import Instant
    from store import Store

Row = dict[str, Any]
Readings = Mapping[str, str]
"""Outcome → good, bad or exclude."""

LONGEST_CALL_S: Final = 60.0
"""So long a call lasts at most where only counters tell of it: the time after which proxies give up by default."""

GAP_US: Final = DAY_US
"""After a longer time without a sample a counter is not counted on: what grew meanwhile says nothing of when."""

METRICS: Final = "metrics:"

VANTAGES: Final = ("edge", "server", "client")
"""From where calls are seen, the outermost first."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Calls of one kind that one source tells of.

    Attributes:
        told: when they ended, one by one or as counters grew.
        assumed: how long they lasted at most is assumed.
        population: who counted them: log lines, or the metrics of one profile.
        vantage: from where they were seen: edge, server or client.
        part: they are counted once more as a whole.
    """

    told: Sequence[Told]
    good: bool
    population: str
    source: str
    operation: str
    target: str
    vantage: str
    part: bool = False
    assumed: bool = False


@dataclass(frozen=True, slots=True)
class Scoped:
    """The calls of one operation, of one target, or (both empty) of a service as its users made them."""

    operation: str
    target: str
    calls: Calls
    sources: tuple[str, ...]
    assumed: bool
    interval_s: float


@dataclass(frozen=True, slots=True)
class Span:
    """A service and a time, both ends inclusive."""

    environment: str
    service: str
    from_us: Instant
    to_us: Instant

    @property
    def params(self) -> Row:
        """The same as parameters of a statement."""
        subject = {"environment": self.environment, "service": self.service}
        return subject | {"from_us": self.from_us, "to_us": self.to_us}


Found = dict[Pairs, list[Evidence]]
"""Calls by the labels of the source that told them."""


def calls_in(store: Store, spans: Sequence[Span], readings: Readings, *, answered: bool = True) -> list[Found]:
    """Return for each span the good and bad calls that ended in it.

    ``answered``: calls that failed and that a fallback answered instead, which is counted beside them, are left out.
    """
    found: list[Found] = [defaultdict(list) for _ in spans]
    if spans:
        params = _params(spans)
        for place, labels, one in _by_lines(store, params, readings):
            found[place][labels].append(one)
        for place, labels, one in _by_counters(store, params, readings, answered=answered):
            found[place][labels].append(one)
    return found


def _params(spans: Sequence[Span]) -> Row:
    """Return spans as parallel lists, with the least and the most of them."""
    return {
        "place": list(range(len(spans))),
        "environment": [span.environment for span in spans],
        "service": [span.service for span in spans],
        "from_us": [span.from_us for span in spans],
        "to_us": [span.to_us for span in spans],
        "least_us": min(span.from_us for span in spans),
        "most_us": max(span.to_us for span in spans),
    }


def _by_lines(store: Store, params: Row, readings: Readings) -> Iterator[tuple[int, Pairs, Evidence]]:
    read = {"outcomes": list(readings), "readings": list(readings.values()), "slice_us": SLICE_US}
    found: dict[tuple[Any, ...], list[Told]] = defaultdict(list)
    for row in store.rows(steps("failures")["told"], params | read):
        key = (row["place"], pairs(row["labels"]), *(row[name] for name in _WHO))
        ended_us = row["ended_us"]
        told = Told(ended_us, ended_us, row["number"], 0, row["begun_earliest_us"], row["begun_latest_us"])
        found[key].append(told)
    for (place, labels, good, *who), told_of_it in found.items():
        yield place, labels, Evidence(told_of_it, good, *who)


_WHO: Final = ("good", "counted_by", "source", "operation", "target", "vantage")


def _by_counters(
    store: Store, params: Row, readings: Readings, *, answered: bool
) -> Iterator[tuple[int, Pairs, Evidence]]:
    step = steps("failures")
    sampled: dict[int, dict[int, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in store.rows(step["sampled"], params | {"gap_us": GAP_US}):
        sampled[row["place"]][row["track_id"]].append(row)
    if not sampled:
        return
    longest = {row["place"]: row["longest_s"] for row in store.rows(step["longest"], params)}
    elsewhere: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in store.rows(step["unbelieved"]):
        elsewhere[row["environment"], row["service"]].append(row)
    for place, tracks in sampled.items():
        unbelieved = elsewhere.get((params["environment"][place], params["service"][place]), [])
        counted = Counted(tracks, longest.get(place), unbelieved)
        for labels, one in counted.evidence(readings, answered=answered and readings[Outcome.FALLBACK] == "good"):
            yield place, labels, one


class Counted:
    """The counters of a service in a span, by track."""

    def __init__(self, tracks: Mapping[int, Sequence[Row]], longest_s: float | None, unbelieved: Sequence[Row]) -> None:
        self._tracks = tracks
        self._assumed = longest_s is None
        begun_before_us = round((LONGEST_CALL_S if longest_s is None else longest_s) * SECOND_US)
        self._grown = {track_id: list(_grown(rows, begun_before_us, unbelieved)) for track_id, rows in tracks.items()}

    def evidence(self, readings: Readings, *, answered: bool) -> Iterator[tuple[Pairs, Evidence]]:
        """Yield what grew as good and bad calls, with the labels of the source."""
        wholes = {(row["scrape_target"], row["whole"]) for (row, *_) in self._tracks.values() if row["whole"]}
        instead = _answered_otherwise(self._tracks, self._grown) if answered else {}
        for track_id in _of_one_replica(self._tracks, self._grown):
            row = self._tracks[track_id][0]
            reading = readings.get(row["outcome"], "exclude")
            if row["role"] or reading == "exclude":
                continue
            part = bool(row["part_of"]) and (row["scrape_target"], row["part_of"]) in wholes
            who = METRICS + row["profile"], row["source"], row["operation"], row["target"]
            told: Sequence[Told] = self._grown[track_id]
            if reading != "good" and instead:
                told = [left for one in told if (left := _left(one, instead, _place(row, one))).number]
            if told:
                yield (
                    pairs(row["labels"]),
                    Evidence(told, reading == "good", *who, vantage=row["vantage"], part=part, assumed=self._assumed),
                )


def _grown(rows: Sequence[Row], begun_before_us: int, unbelieved: Iterable[Row]) -> Iterator[Told]:
    track = rows[0]
    elsewhere = [
        (other["from_us"], other["to_us"])
        for other in unbelieved
        if other["breaker"] == track["breaker"]
        and other["vantage"] in ("", track["vantage"])
        and other["labels"] == track["labels"]
    ]
    runs = [Run(row["first_us"], row["last_us"], row["value"], row["read_s"], row["assumed"]) for row in rows]
    for one in increases(runs):
        if elsewhere and any(start <= one.until_us < end for start, end in elsewhere):
            continue
        late_us = STAMP_SLACK_US + (0 if isnan(one.read_s) else round(one.read_s * SECOND_US))
        begun_us = one.after_us - STAMP_SLACK_US - begun_before_us
        yield Told(one.after_us, one.until_us, one.grown_by, late_us, begun_us, one.until_us + late_us)


def _of_one_replica(tracks: Mapping[int, Sequence[Row]], grown: Mapping[int, Sequence[Told]]) -> list[int]:
    """Return the tracks without those that another server of the same group counts as well: the one that saw most."""
    totals: dict[tuple[str, str], int] = defaultdict(int)
    for track_id, (row, *_) in tracks.items():
        totals[row["source_group"], row["source"]] += sum(told.number for told in grown[track_id])
    best: dict[str, str] = {}
    for group, source in sorted(totals, key=lambda key: (-totals[key], key)):
        best.setdefault(group, source)
    return [
        track_id
        for track_id, (row, *_) in tracks.items()
        if not row["source_group"] or best[row["source_group"]] == row["source"]
    ]


_Place = tuple[Any, ...]


def _place(row: Row, told: Told) -> _Place:
    return row["source"], row["scrape_target"], row["operation"], row["target"], told.until_us


def _answered_otherwise(tracks: Mapping[int, Sequence[Row]], grown: Mapping[int, Sequence[Told]]) -> dict[_Place, int]:
    """Return the fallbacks that are counted beside the calls they made good, by the scrape that showed them."""
    found: dict[_Place, int] = defaultdict(int)
    for track_id, (row, *_) in tracks.items():
        if row["role"] == "besides" and row["outcome"] == Outcome.FALLBACK:
            for told in grown[track_id]:
                found[_place(row, told)] += told.number
    return found


def _left(told: Told, instead: dict[_Place, int], place: _Place) -> Told:
    """Return the failed calls of a growth that no fallback answered; what they used up is used up."""
    taken = min(told.number, instead.get(place, 0))
    if taken:
        instead[place] -= taken
    return told._replace(number=told.number - taken)


def scopes(evidence: Sequence[Evidence], sli_source: str | None = None) -> Iterator[Scoped]:
    """Yield the calls of the service as its users made them, then those of each operation and of each target.

    Who sees the users' calls is ``sli_source``, else the outermost that saw any.
    """
    seen = {one.vantage for one in evidence}
    decides = sli_source or next((vantage for vantage in VANTAGES if vantage in seen), "")
    own = [one for one in evidence if not one.part and one.vantage == decides]
    yield _scoped("", "", own)
    for operation in sorted({one.operation for one in own} - {""}):
        yield _scoped(operation, "", [one for one in own if one.operation == operation])
    for target in sorted({one.target for one in evidence} - {""}):
        yield _scoped("", target, _chosen([one for one in evidence if one.target == target]))


def _chosen(evidence: Sequence[Evidence]) -> list[Evidence]:
    """Return what the one counts who counted most: the others count the same calls, or some of them."""
    totals: dict[str, int] = defaultdict(int)
    for one in evidence:
        totals[one.population] += sum(told.number for told in one.told)
    most = min(totals, key=lambda name: (-totals[name], name), default="")
    return [one for one in evidence if one.population == most]


def _scoped(operation: str, target: str, evidence: Sequence[Evidence]) -> Scoped:
    # A call that was told by itself ended at both ends of its span.
    intervals_us = [
        told.until_us - told.after_us for one in evidence for told in one.told if told.until_us != told.after_us
    ]
    return Scoped(
        operation,
        target,
        Calls(
            (told for one in evidence if one.good for told in one.told),
            (told for one in evidence if not one.good for told in one.told),
        ),
        tuple(sorted({one.source for one in evidence})),
        assumed=any(one.assumed for one in evidence),
        interval_s=min(intervals_us, default=0) / SECOND_US,
    )
