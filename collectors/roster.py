"""What is known of series before any sample is looked at: who claims them, who carries them, which go together.

A steady system offers the same series in every cycle, and finding out about thousands of them takes longer than reading
a few minutes of their samples. So the encoder remembers the last few rosters (``Encoder.roster``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from breakwatch.model import Track
from collectors.claims import Claim
from collectors.decode import Plan

Labels = Sequence[Mapping[str, str]]
Claimed = Sequence[tuple[Track, Claim]]


@dataclass(frozen=True, slots=True)
class Roster:
    """Some series.

    Attributes:
        labels: of each series.
        claims: of each series, the tracks it takes part in, with what each claims.
        targets: of each series, the name of the scrape that carries it.
        plan: how values are read; to be copied before use.
        tracks: those of one target stand together, so that each target's stamps are looked up once.
        rank: of each track of the plan, its place in ``tracks``.
        family: of each series, which family it belongs to: series that share a track, directly or through others.
        family_of_track: the same for ``tracks``.
        claimed: of each series, whether anybody wants it.
    """

    labels: Labels
    claims: Sequence[Claimed]
    targets: Sequence[str]
    plan: Plan
    tracks: Sequence[Track]
    rank: NDArray[np.int32]
    family: NDArray[np.int64]
    family_of_track: NDArray[np.int64]
    claimed: NDArray[np.bool_]

    @classmethod
    def of(cls, source: str, labels: Labels, claims: Sequence[Claimed], targets: Sequence[str]) -> Roster:
        """Return what is known of series, given their claims and targets."""
        plan = Plan(source)
        for series, (own, claimed) in enumerate(zip(labels, claims, strict=True)):
            for layer, (track, claim) in enumerate(claimed):
                plan.add(layer, series, track, claim, own)
        order = sorted(
            range(len(plan.tracks)), key=lambda one: (plan.tracks[one].scrape_target, plan.tracks[one].track_id)
        )
        rank = np.empty(len(order), np.int32)
        rank[order] = np.arange(len(order), dtype=np.int32)
        tracks = [plan.tracks[one] for one in order]
        family, of_track = _families(claims)
        return cls(
            labels,
            claims,
            targets,
            plan,
            tracks,
            rank,
            family,
            np.array([of_track[track] for track in tracks], np.int64),
            np.array([bool(claimed) for claimed in claims], np.bool_),
        )


def _families(claims: Sequence[Claimed]) -> tuple[NDArray[np.int64], Mapping[Track, int]]:
    """Return the family of each series and of each track; a family is named by one of its series."""
    parent = list(range(len(claims)))

    def root(one: int) -> int:
        while parent[one] != one:
            parent[one] = parent[parent[one]]
            one = parent[one]
        return one

    first: dict[Track, int] = {}
    for series, claimed in enumerate(claims):
        for track, _ in claimed:
            parent[root(series)] = root(first.setdefault(track, series))
    return np.array([root(series) for series in range(len(claims))], np.int64), {
        track: root(series) for track, series in first.items()
    }
