"""The generated sentences: headlines, causes, and how old the picture is. Pure; calm verbs, no blame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dashboard import words

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from analysis.questions.changes import Change
    from analysis.questions.common import Edge
    from analysis.questions.incident import Incident
    from analysis.questions.now import Concern
    from analysis.questions.publication import SourceHealth
    from analysis.questions.situation import Situation

HEALERS = {
    "self": "healed by itself",
    "restart": "healed by a restart",
    "deploy": "healed by a deploy",
    "manual": "closed by hand",
}
BY_WHAT = {"restart": "by a restart", "deploy": "by a deploy", "manual": "by hand", "unknown": "unknown how"}
VERBS = {
    "deploy": "deployed",
    "restart": "restarted",
    "config": "configured",
    "scale": "scaled",
    "flag": "flagged",
    "maintenance": "in maintenance",
    "exclusion": "excluded",
}
_STALE_CYCLES = 2
_AS_GOOD_AS_FULL = 0.995
_LEAST_PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class Headline:
    """One to three sentences, the first of them bold."""

    first: str
    rest: str = ""


@dataclass(frozen=True, slots=True)
class Age:
    """How old the picture is, and whether it is too old to be trusted."""

    words: str
    behind: str
    stale: bool
    reason: str = ""
    late: str = ""
    """Sources that have not been seen for two of their cycles though the picture as a whole is fresh, and why."""


def overview_headline(situation: Situation, zone: ZoneInfo, *, stale: bool = False) -> Headline:
    """Return what matters most now, whom it hurts, and what else needs a hand; or that all is quiet.

    Stale data never read as quiet now, only as quiet until they stopped.
    """
    pressing = [concern for concern in situation.concerns if concern.severity != "S4"]
    if not pressing and stale:
        return Headline(
            "What is open now is not known.",
            f"Nothing was open or degraded when the data stopped at {words.clock(situation.as_of, zone)}.",
        )
    if not pressing:
        return _quiet(situation, zone)
    sentences = [concern_sentence(concern, situation.as_of) for concern in pressing[:2]]
    worst = pressing[0]
    breaker = next((concern for concern in pressing if concern.kind == "breaker"), None)
    rest = sentences[1:]
    if breaker is not None and (hurt := _calls_sentence(situation, breaker)):
        rest = [*rest, hurt] if breaker is not worst else [hurt, *rest]
    others = situation.services_hurt - len({c.service for c in pressing[:2] if c.kind == "level"})
    if len(pressing) > 2:  # noqa: PLR2004 (two sentences have been said)
        rest.append(f"{words.plural(len(pressing) - 2, 'more thing needs', 'more things need')} attention.")
    elif situation.services_that_say and others <= 0:
        rest.append("No other service says that it is hurt.")
    return Headline(sentences[0], " ".join(rest[:2]))


def concern_sentence(concern: Concern, as_of: datetime) -> str:
    """Return one concern as a sentence with how long it has lasted and the bounds of that."""
    lasted = _lasted(concern, as_of)
    if concern.kind == "breaker":
        where = ""
        if concern.instances_hit is not None and concern.instances_seen and concern.instances_seen > 1:
            where = f" on {concern.instances_hit} of {concern.instances_seen} instances"
        return f"{concern.service} {words.ARROW} {concern.subject} has been open{lasted}{where}."
    if concern.kind == "level":
        return f"{concern.service} has been {words.level(concern.state)}{lasted}."
    if concern.kind == "unseen":
        return f"{concern.service or concern.subject} has been unseen{lasted}: {concern.subject} is silent."
    return f"{concern.subject}, a standby of {concern.service}, has not been proved."


def incident_headline(incident: Incident, as_of: datetime) -> Headline:
    """Return what the breaker did, for how long, what became of the calls, and how it ended."""
    episode = incident.episode
    where = ""
    if episode.instances_seen and episode.instances_seen > 1:
        where = f" on {episode.instances_hit} of {episode.instances_seen} instances"
    if episode.ongoing:
        lasted_s = (as_of - episode.opened.at).total_seconds()
        doubt = _in_brackets(episode.opened)
        lasted = words.duration(lasted_s, episode.opened.half_width_s)
        first = f"{episode.service} has not been calling {episode.breaker} for {lasted}{doubt}{where}."
    else:
        lasted = words.duration(episode.duration.value, episode.duration.tolerance)
        doubt = words.plus_minus(episode.duration.low, episode.duration.high)
        first = f"{episode.service} stopped calling {episode.breaker} for {lasted} ({doubt}){where}."
    said = [
        _reopened(episode.openings, episode.instances_hit),
        "" if episode.calls_rejected is None else f"{words.plural(int(episode.calls_rejected), 'call')} rejected.",
        "Still open." if episode.ongoing else f"It {HEALERS.get(episode.healed_by or '', 'ended; how is unknown')}.",
    ]
    return Headline(first, " ".join(part for part in said if part))


def cause(change: Change | None, began: Edge | None, zone: ZoneInfo) -> tuple[str, str]:
    """Return the likely first cause and its lead time; the heading above it says that it is a guess."""
    if change is None or began is None:
        return "none seen", "no change in the 30 min before" if began else ""
    said = change.revision or ("" if change.kind == "restart" else change.detail)
    what = " ".join(part for part in (change.service, said) if part)
    lead_s = (began.at - change.occurred_at).total_seconds()
    before = f"{words.duration(lead_s, max(began.half_width_s, 1.0))} before" if lead_s > 0 else "at the same time"
    return f"{what} {VERBS.get(change.kind, change.kind)} {words.clock(change.occurred_at, zone)}", before


def age(as_of: datetime, now: datetime, zone: ZoneInfo, *, recorded: bool, sources: Sequence[SourceHealth] = ()) -> Age:
    """Return how old the picture is; after two cycles without news it is stale and says why, where that is known."""
    if recorded:
        return Age(f"{words.day(as_of, zone)} {words.clock(as_of, zone)} {zone.key}", "recorded sample", stale=False)
    behind_s = max(0.0, (now - as_of).total_seconds())
    cycles = [source.cycle_s for source in sources if source.cycle_s]
    patience_s = max(_LEAST_PATIENCE_S, _STALE_CYCLES * max(cycles, default=_LEAST_PATIENCE_S))
    failed = next((source for source in sources if source.status == "failed"), None)
    stale = behind_s > patience_s
    reason = f"{failed.source}: {failed.error}" if failed else ""
    if stale and not reason:
        reason = "nothing is collecting"
    return Age(
        words.moment_in_words(as_of, zone, now),
        f"{words.duration(float(round(behind_s)), 1.0)} behind",
        stale=stale,
        reason=reason,
        late="" if stale else "; ".join(_late(source, now) for source in sources if source.is_late(now)),
    )


def _late(source: SourceHealth, now: datetime) -> str:
    since = "never seen"
    if source.seen_at is not None:
        since = f"not seen for {words.duration(float(round((now - source.seen_at).total_seconds())), 1.0)}"
    return f"{source.source} {since}: {source.error}{' (needs a person)' if source.needs_person else ''}"


def window_note(first_seen: datetime, start: datetime, end: datetime, recorded_s: float | None = None) -> str:
    """Return how much of a window has been seen at all, where it reaches before the first sight.

    A recording never fills its window, so its own length is said instead.
    """
    seen_s, whole_s = (end - first_seen).total_seconds(), (end - start).total_seconds()
    if seen_s >= _AS_GOOD_AS_FULL * whole_s:
        return ""
    if recorded_s is not None:
        return f"recorded: {words.duration(max(0.0, recorded_s), 1.0)} in all"
    if whole_s >= 2 * 86_400:
        return f"window not yet full: {max(0.0, seen_s) / 86_400:.1f} of {whole_s / 86_400:.0f} days"
    return f"window not yet full: {words.duration(max(0.0, seen_s), 60.0)} of {words.duration(whole_s, 60.0)}"


def _quiet(situation: Situation, zone: ZoneInfo) -> Headline:
    unseen = [concern for concern in situation.concerns if concern.kind == "unseen"]
    if unseen:
        names = words.joined(sorted({concern.service or concern.subject for concern in unseen}))
        verb = "is" if len({concern.service or concern.subject for concern in unseen}) == 1 else "are"
        first = f"Nothing that we see is open or degraded, but {names} {verb} unseen."
    else:
        first = "Nothing is open or degraded."
    last = situation.last
    if last is None or last.closed is None:
        return Headline(first)
    lasted = words.duration(last.duration.value, last.duration.tolerance)
    ended = words.moment_in_words(last.closed.at, zone, situation.as_of, seconds=False)
    healed = HEALERS.get(last.healed_by or "", "closed")
    return Headline(first, f"Last: {last.name} {healed} in {lasted} at {ended}.")


def _calls_sentence(situation: Situation, breaker: Concern) -> str:
    calls = situation.calls
    parts = []
    if breaker.calls_rejected is not None:
        parts.append(f"{words.plural(int(breaker.calls_rejected), 'call')} rejected")
    if calls is not None and calls.instead:
        parts.append(f"{words.count(calls.instead)} answered by a fallback")
    if calls is not None and calls.failed is not None:
        parts.append(f"{words.count(calls.failed)} failed" if calls.failed else "none failed")
    return f"{', '.join(parts)}." if parts else ""


def _lasted(concern: Concern, as_of: datetime) -> str:
    if concern.since is None:
        return ", since when was not seen"
    lasted = words.duration((as_of - concern.since.at).total_seconds(), max(concern.since.half_width_s, 0.5))
    doubt = _in_brackets(concern.since) if concern.certain_start else " or longer"
    return f" for {lasted}{doubt}"


def _in_brackets(edge: Edge) -> str:
    doubt = words.plus_minus(0.0, 2 * edge.half_width_s)
    return f" ({doubt})" if doubt and doubt != "exact" else ""


def _reopened(openings: int, instances: int) -> str:
    again = openings - max(instances, 1)
    if again <= 0:
        return ""
    return f"Reopened {'once' if again == 1 else f'{words.count(again)} times'}."
