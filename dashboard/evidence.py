"""What stands behind an incident's figures: sources, the count of openings, and the SQL that anyone can run."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from dashboard import markup, words
from dashboard.markup import Markup, bold, div, small, span

if TYPE_CHECKING:
    from analysis.questions.incident import Incident
    from dashboard.filters import Selection


def crumbs(incident: Incident, selection: Selection) -> Markup:
    """Return where we are: the list, the breaker, when, and whether it is over."""
    episode = incident.episode
    when = f"{words.day(episode.opened.at, selection.zone)} {words.clock(episode.opened.at, selection.zone)}"
    back = markup.link("Incidents", markup.page_url("incidents", selection.parameters))
    status = markup.chip("still open", "hurt", "open") if episode.ongoing else markup.chip("over", "ok", "check")
    return markup.wrap(back, " / ", bold(f"{episode.name}, {when}"), "\u2002", status)


def request_legend(incident: Incident) -> Markup:
    """Return the meaning of the bars, in words; what was not counted is said."""
    if not incident.requests:
        return markup.wrap(small("No requests were counted for this service."))
    if not incident.drawable_requests:
        slices = "whole minutes" if incident.slice_s == 60 else f"slices of {words.duration(incident.slice_s, 1.0)}"  # noqa: PLR2004
        return markup.wrap(small(f"Calls were counted in {slices}: too coarse to draw their course here."))
    keys = (
        ("good", "answered"),
        ("instead", "answered by a fallback"),
        ("failed", "failed, or refused without a fallback: below the line"),
    )
    return markup.wrap(div(*(span(span(cls=f"bw-key {kind}"), word) for kind, word in keys), cls="bw-legend"))


PROMQL_DIFFERS = 0.3
"""How far PromQL's count must be off to be shown beside ours: less is its ordinary extrapolation."""


def sources(incident: Incident) -> Markup:
    """Return which sources saw it and how many of the edges are exact."""
    exact = sum(1 for row in incident.transitions if row.exact)
    total = len(incident.transitions)
    named = ", ".join(incident.sources) or "not said"
    lines = [
        ("Seen by", named),
        ("Transitions", f"{words.count(total)}, {words.count(exact)} of them exact"),
        ("Instances", words.plural(len({one.instance for one in incident.incidents}), "instance")),
    ]
    return markup.rows([(span(name, cls="k"), span(value, cls="v")) for name, value in lines], "bw-facts")


def openings(incident: Incident) -> Markup:
    """Return the count of openings beside the one episode they belong to, with its length."""
    episode = incident.episode
    value = words.duration(episode.duration.value, episode.duration.tolerance)
    doubt = words.plus_minus(episode.duration.low, episode.duration.high)
    naive = episode.promql_openings
    # Shown only where the two differ by more than a rounding: elsewhere it would be a riddle without a point.
    differs = naive is not None and abs(naive - episode.openings) >= PROMQL_DIFFERS
    by_promql = (
        span(span(f"{naive:.2f}", cls="big pale"), " openings by PromQL ", markup.tag("code", "increase()"))
        if differs
        else ""
    )
    return markup.wrap(
        div(
            by_promql,
            span(span(words.count(episode.openings), cls="big"), " openings"),
            span(span("1", cls="big"), f" episode of {value} ({doubt})"),
            cls="bw-or4",
        )
    )


def openings_note(incident: Incident) -> str:
    """Return what the lanes of the sources show, in a sentence or two, from the sightings themselves."""
    told = ["Upright lines: the fused edges" + (", inside the blurred ones." if _narrowed(incident) else ".")]
    probes = _probes(incident)
    if probes:
        told.append(f"{lasted(probes)}{_who_saw(incident)}.")
    else:
        told.append("Half-open does not end an episode; each return to open is a reopening.")
    return " ".join(told)


def _narrowed(incident: Incident) -> bool:
    """Return whether fusion knows the first edge better than some source did by itself."""
    opened = incident.witnessed[0].occurred if incident.witnessed else incident.episode.opened
    return any(one.sightings[0].occurred.half_width_s > opened.half_width_s for one in incident.witnesses)


def _probes(incident: Incident) -> list[float]:
    """Return how long each half-open lasted, in seconds, where both its ends are exact."""
    return [
        (after.occurred.at - row.occurred.at).total_seconds()
        for row, after in pairwise(incident.witnessed)
        if row.to_state == "half_open" and row.exact and after.exact
    ]


def lasted(probes: list[float]) -> str:
    """Return how long half-open lasted, from a length in seconds of each."""
    least, most = words.stopped(min(probes)), words.stopped(max(probes))
    if least == most:
        return f"{'Each' if len(probes) > 1 else 'The'} half-open lasted {most}"
    unit = least.rsplit(words.NBSP, 1)[-1]
    short = least.removesuffix(f"{words.NBSP}{unit}") if most.endswith(unit) else least
    return f"Each half-open lasted {short} to {most}"


def _who_saw(incident: Incident) -> str:
    """Return who saw the half-open times: a scrape, only the counters it read, or a log."""
    halves = [one for witness in incident.witnesses for one in witness.sightings if one.to_state == "half_open"]
    scraped = any(not one.inferred and one.occurred.half_width_s > 0 for one in halves)
    counted = any(one.inferred for one in halves)
    written = any(one.occurred.half_width_s == 0 for one in halves)
    by = words.joined([name for name, true in (("the counters", counted), ("the log", written)) if true])
    if scraped or not by:
        return ""
    return f": no scrape saw it, {by} did"


def queries(incident: Incident, selection: Selection) -> list[tuple[str, str]]:
    """Return the SQL behind the figures with the values filled in as literals, to be read and run by a person."""
    where = f"environment = {_literal(selection.environment)}"
    episode = incident.episode
    breaker = f"service = {_literal(episode.service)} and breaker = {_literal(episode.breaker)}"
    end = episode.closed.latest if episode.closed else selection.as_of
    span_sql = (
        f"occurred_latest >= {_literal(episode.opened.earliest.isoformat())}\n"
        f"    and occurred_earliest <= {_literal(end.isoformat())}"
    )
    since = f"date_trunc('minute', timestamptz {_literal(episode.opened.earliest.isoformat())})"
    return [  # each a title and its statement
        (
            "Duration, openings, instances, calls rejected",
            (
                "select opened_at, closed_at, duration_s, duration_low_s, duration_high_s,\n"
                "    openings, promql_openings, instances_hit, instances_seen, calls_rejected, healed_by\n"
                f"from breaker_episodes\nwhere {where} and episode_id = {int(episode.episode_id)}"
            ),
        ),
        (
            "Per instance",
            (
                "select instance, opened_at, closed_at, duration_s, duration_low_s, duration_high_s, reopenings\n"
                f"from breaker_incidents\nwhere {where} and episode_id = {int(episode.episode_id)}\norder by opened_at"
            ),
        ),
        (
            "Transitions",
            (
                "select instance, from_state, to_state, occurred_at, occurred_earliest, occurred_latest, sources\n"
                f"from breaker_transitions\nwhere {where}\n    and {breaker}\n    and {span_sql}\norder by occurred_at"
            ),
        ),
        (
            "Calls by outcome",
            (
                "select outcome, sum(count) as calls\nfrom request_counts\n"
                f"where {where} and service = {_literal(episode.service)}\n"
                f"    and bucket_start >= {since}\n"
                f"    and bucket_start <= {_literal(end.isoformat())}\ngroup by outcome"
            ),
        ),
    ]


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
