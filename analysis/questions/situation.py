"""The situation now in one value: what needs a hand, whom it hurts, and what healed last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from analysis.questions.calls import Calls, calls
from analysis.questions.common import Span, load
from analysis.questions.episodes import Episode, EpisodeFilter, episodes
from analysis.questions.now import Concern, concerns

if TYPE_CHECKING:
    from datetime import datetime

    from store import Rows

_SITUATION = load("situation")
_LOOK_BACK = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Situation:
    """What the top of the overview says.

    ``calls`` are those of the worst open breaker's service since it opened; ``last`` is the episode that ended last.
    """

    as_of: datetime
    concerns: tuple[Concern, ...]
    calls: Calls | None
    last: Episode | None
    services_that_say: int
    services_hurt: int


def situation(rows: Rows, environment: str, as_of: datetime) -> Situation:
    """Return the situation as of an instant."""
    found = concerns(rows, environment, as_of)
    levels = rows.rows(_SITUATION, {"environment": environment})[0]
    breaker = next((concern for concern in found if concern.kind == "breaker" and concern.since), None)
    ended = episodes(rows, environment, Span(as_of - _LOOK_BACK, as_of), as_of, EpisodeFilter(status="resolved"))
    return Situation(
        as_of=as_of,
        concerns=found,
        calls=calls(rows, environment, breaker.service, Span(breaker.since.earliest, as_of))
        if breaker and breaker.since
        else None,
        last=max(ended, key=lambda episode: episode.closed.at if episode.closed else episode.opened.at, default=None),
        services_that_say=levels["services_that_say"],
        services_hurt=levels["services_hurt"],
    )
