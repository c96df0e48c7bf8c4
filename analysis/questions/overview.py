"""The figures of the overview: how well breakers healed in a span, what happened since yesterday, who was looking."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from analysis.questions.changes import Act, acts, changes
from analysis.questions.common import Span
from analysis.questions.coverage import Doubts, SourceCoverage, coverage, doubts
from analysis.questions.episodes import Episode, Healing, episodes, healing

if TYPE_CHECKING:
    from datetime import datetime

    from store import Rows

_DAY = timedelta(days=1)
_MONTH = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Figures:
    """What the tiles and the two tables show.

    ``usual`` is the mean number of episodes a day over the 30 days before the last one, ``None`` where less was seen.
    """

    healing: Healing
    month: Healing
    recent: tuple[Episode, ...]
    recent_healing: Healing
    recent_acts: tuple[Act, ...]
    usual: float | None
    coverage: tuple[SourceCoverage, ...]
    recent_doubts: Doubts


def figures(rows: Rows, environment: str, span: Span, as_of: datetime) -> Figures:
    """Return the figures of a span, of the last 24 h, and of the last 30 days."""
    day, month = Span(as_of - _DAY, as_of), Span(as_of - _MONTH, as_of)
    in_month = episodes(rows, environment, month, as_of)
    recent = tuple(episode for episode in in_month if episode.closed is None or episode.closed.at >= day.start)
    covered = coverage(rows, environment, month)
    days_seen = max(((day.start - one.seen_from).total_seconds() / 86_400 for one in covered), default=0.0)
    before = sum(1 for episode in in_month if episode.opened.at < day.start)
    return Figures(
        healing=healing(episodes(rows, environment, span, as_of)),
        month=healing(in_month),
        recent=recent,
        recent_healing=healing(recent),
        recent_acts=acts(changes(rows, environment, day)),
        usual=before / days_seen if days_seen >= 1 else None,
        coverage=coverage(rows, environment, span),
        recent_doubts=doubts(rows, environment, day),
    )
