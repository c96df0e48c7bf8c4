"""Coverage: when each source saw which service, from the scrapes themselves and from how far logs were read."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from analysis.facts.steps import steps
from breakwatch.model import pairs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from breakwatch.clock import Instant
    from store import Store

Row = dict[str, Any]

MISSED_INTERVALS = 2.5
"""A single failed scrape between two good ones that are no more intervals apart than this is bridged."""

_WHO = ("environment", "service", "instance", "labels")


class Scrapes(NamedTuple):
    """A span of time in which a scrape target was seen, or was tried in vain."""

    first_us: Instant
    last_us: Instant
    seen: bool


def refresh_coverage(store: Store) -> None:
    """Recompute the covered spells, and the gaps between them, of the sources that were seen anew.

    What follows a source's last sight is in no row: whoever asks about a span knows its end.
    """
    step = steps("coverage")
    for scope in store.rows(step["sources"]):
        targets = store.rows(step["targets"], scope)
        watched = _watched(targets, store.rows(step["carried"], scope))
        columns = store.columns(step["scrapes"], scope)
        runs: dict[int, list[tuple[Instant, Instant, float]]] = defaultdict(list)
        names = ("track_id", "first_us", "last_us", "value")
        for track_id, *run in zip(*(columns[name].tolist() for name in names), strict=True):
            runs[track_id].append((run[0], run[1], run[2]))
        scrapes = {track_id: bridged(of_track) for track_id, of_track in runs.items()}
        # One target often carries many services: those with the same targets have the same spells.
        known: dict[frozenset[int], list[Row]] = {}
        rows = []
        for who, tracks in watched.items():
            key = frozenset(tracks)
            if key not in known:
                known[key] = list(spells(span for track_id in key for span in scrapes.get(track_id, ())))
            rows += [dict(zip(_WHO, who, strict=True)) | spell for spell in known[key]]
        store.replace("coverage", scope, rows)


def _watched(targets: Sequence[Row], carried: Iterable[Row]) -> dict[tuple[Any, ...], set[int]]:
    """Return who was watched by which scrapes; a target that carried nothing stands for itself."""
    by_target: dict[str, set[tuple[Any, ...]]] = defaultdict(set)
    for row in carried:
        by_target[row["scrape_target"]].add(_who(row))
    found: dict[tuple[Any, ...], set[int]] = defaultdict(set)
    for target in targets:
        for who in by_target.get(target["scrape_target"]) or {_who(target)}:
            found[who].add(target["track_id"])
    return found


def _who(row: Row) -> tuple[Any, ...]:
    return row["environment"], row["service"], row["instance"], pairs(row["labels"])


def bridged(runs: Sequence[tuple[Instant, Instant, float]]) -> list[Scrapes]:
    """Return the runs of a target (first, last, 1 seen or 0 tried), single failed scrapes bridged by their neighbours.

    Runs end where the target was not seen for 2.5 intervals.
    """
    found = []
    for place, (first_us, last_us, value) in enumerate(runs):
        before, after = runs[place - 1 : place], runs[place + 1 : place + 2]
        if value == 0 and first_us == last_us and before and after and before[0][2] == after[0][2] == 1:
            before_us, after_us = before[0][1], after[0][0]
            if after_us - before_us <= MISSED_INTERVALS * min(first_us - before_us, after_us - last_us):
                found.append(Scrapes(before_us, after_us, seen=True))
                continue
        found.append(Scrapes(first_us, last_us, value == 1))
    return found


def spells(scrapes: Iterable[Scrapes]) -> Iterator[Row]:
    """Yield what several scrape targets of one instance cover together, and the gaps between that."""
    spans = sorted(scrapes)
    if not spans:
        return
    covered: list[list[Instant]] = []
    for first_us, last_us, seen in spans:
        if not seen:
            continue
        if covered and first_us <= covered[-1][1]:
            covered[-1][1] = max(covered[-1][1], last_us)
        else:
            covered.append([first_us, last_us])
    until_us = spans[0].first_us
    for first_us, last_us in [*covered, [max(span.last_us for span in spans)] * 2]:
        if first_us > until_us:
            yield {"started_at": until_us, "ended_at": first_us, "covered": False}
        until_us = max(until_us, last_us)
    for first_us, last_us in covered:
        yield {"started_at": first_us, "ended_at": last_us, "covered": True}
