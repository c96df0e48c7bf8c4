"""How much of a time outages took: spans with what they cost, overlapping ones counted once, by the worst of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Self

from analysis.bounds import Bounds
from analysis.outages import HurtSpell, Outage
from analysis.spans import Span, Spans, common, length_us, united, without
from breakwatch.clock import Instant
from breakwatch.model import ServiceLevel

Layers = tuple[tuple[float, Spans], ...]
"""Which share of an instant is lost, the worst first, and when."""


@dataclass(frozen=True, slots=True)
class Hurt:
    """When a service was hurt, and by how much.

    Attributes:
        certain: from the latest start to the earliest end; likely: between the midpoints; perhaps: at the most.
        first_us: when it may first have been hurt; None for never.
    """

    certain: Layers
    likely: Layers
    perhaps: Layers
    outages: tuple[Span, ...]

    @classmethod
    def of(cls, outages: Iterable[Outage], weights: Mapping[str, float], now_us: Instant) -> Self:
        """Return the time that outages took, by the weights of service levels; what goes on lasts until now."""
        layers: tuple[dict[float, list[Span]], ...] = (defaultdict(list), defaultdict(list), defaultdict(list))
        whole: list[Span] = []
        for outage in outages:
            for loss, start, end in _parts(outage, weights):
                for place, span in enumerate(_spans(start, end, now_us)):
                    layers[place][loss].append(span)
            whole.append(_spans(outage.start, outage.end, now_us)[1])
        certain, likely, perhaps = (
            tuple((loss, united(spans)) for loss, spans in sorted(layer.items(), reverse=True)) for layer in layers
        )
        return cls(certain, likely, perhaps, tuple(whole))

    @property
    def surely(self) -> Iterator[Span]:
        """All time in which it was surely hurt, by however much."""
        return (span for _, spans in self.certain for span in spans)

    @property
    def first_us(self) -> Instant | None:
        """When it may first have been hurt."""
        return min((spans[0][0] for _, spans in self.perhaps if spans), default=None)

    def count_in(self, time: Spans) -> int:
        """Return how many outages lie in a time, at least in part."""
        return sum(bool(common(time, (span,))) for span in self.outages if span[1] > span[0])


def hurt_time(layers: Layers, time: Spans) -> float:
    """Return how much of a time was lost, in microseconds: of overlapping outages the worst counts."""
    lost = 0.0
    taken: Spans = ()
    for loss, spans in layers:
        own = without(common(time, spans), taken)
        lost += loss * length_us(own)
        taken = united((*taken, *own))
    return lost


def _parts(outage: Outage, weights: Mapping[str, float]) -> Iterator[tuple[float, Bounds, Bounds | None]]:
    """Yield the spells of an outage, and the whole of it: the quiet between them is as its mildest spell."""
    losses = [_loss(spell, weights) for spell in outage.spells]
    for spell, loss in zip(outage.spells, losses, strict=True):
        yield loss, spell.start, spell.end
    yield min(losses), outage.start, outage.end


def _loss(spell: HurtSpell, weights: Mapping[str, float]) -> float:
    if spell.kind == "down":
        return 1.0
    return 1 - weights[spell.level if spell.level in weights else ServiceLevel.DEGRADED]


def _spans(start: Bounds, end: Bounds | None, now_us: Instant) -> tuple[Span, Span, Span]:
    """Return the spans between two edges: the certain one, that of the midpoints, and the widest."""
    if end is None:
        end = Bounds(now_us, now_us)
    certain = (start.latest_us, max(start.latest_us, end.earliest_us))
    likely = (start.middle_us, max(start.middle_us, end.middle_us))
    return certain, likely, (start.earliest_us, end.latest_us)
