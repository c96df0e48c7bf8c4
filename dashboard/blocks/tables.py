"""The tables of the breakers, of the incidents and of one incident, as snippets; and the safe CSV of any rows."""

from __future__ import annotations

import csv
import io
import math
from datetime import datetime
from typing import TYPE_CHECKING

from dashboard import markup, words
from dashboard.blocks import summary
from dashboard.markup import Markup, bold, join, small, span, tag
from dashboard.sentences import HEALERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from analysis.questions.breakers import Breaker
    from analysis.questions.common import Bounded, Edge
    from analysis.questions.episodes import Episode, Healing
    from analysis.questions.incident import Incident
    from dashboard.filters import Selection

_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\0")


def breakers(found: Sequence[Breaker], selection: Selection) -> Markup:
    """Return the breakers: state, since when with bounds, episodes, median recovery, instances."""
    heads = [
        ("Breaker", ""),
        ("State", ""),
        ("Since", "bw-wide"),
        ("How sure", "bw-wide"),
        ("Episodes", "num"),
        ("Recovery, median", "num"),
        ("Instances", "num bw-wide"),
    ]
    lines = []
    for one in found:
        url = markup.page_url("breakers", {**selection.parameters, "breaker": one.name})
        hit = f"{one.instances_hit} of {one.instances_seen} open" if one.instances_hit else f"{one.instances_seen}"
        healing = one.healing
        ongoing = f" ({healing.ongoing} ongoing)" if healing.ongoing else ""
        n = f"n = {healing.resolved}" + (", too few" if healing.too_few else "")
        lines.append(
            (
                bold(markup.link(one.name, url)),
                markup.state_chip(one.state, words.level(one.state)),
                join((_moment(one.since, selection), " ", small(_reopened(one, selection)))),
                small(_sure(one.since)),
                join((words.count(healing.episodes), small(ongoing))),
                join((bounded(one.median, "bw-wide"), " ", span(small(n), cls="bw-wide")))
                if healing.resolved
                else small("nothing recovered"),
                hit,
            )
        )
    return markup.table(heads, lines)


def recovery(healing: Healing) -> Markup:
    """Return how long the episodes of one breaker lasted: each figure with its bounds, the mean with its interval."""
    figures = (("Median", healing.median), ("p90", healing.p90), ("Worst", healing.worst))
    lines = [(span(name, cls="k"), span(bounded(number), cls="v")) for name, number in figures]
    if healing.mean.value is not None:
        note = small(summary.mean_note(healing))
        lines.append((span("Mean", cls="k"), span(bounded(healing.mean), " ", note, cls="v")))
    return markup.rows(lines, "bw-recovery")


def episodes(found: Sequence[Episode], selection: Selection) -> Markup:
    """Return a list of episodes with a link to each."""
    heads = [
        ("Opened", ""),
        ("Breaker", ""),
        ("Status", ""),
        ("Duration", "num"),
        ("Bounds", "bw-wide"),
        ("Openings", "num bw-wide"),
        ("Instances", "num bw-wide"),
        ("Rejected", "num bw-wide"),
        ("How it ended", "bw-wide"),
    ]
    lines = []
    for one in found:
        url = markup.page_url("incidents", {**selection.parameters, "episode": one.episode_id})
        status = markup.chip("ongoing", "hurt", "open") if one.ongoing else markup.chip("over", "ok", "check")
        seen = f" of {one.instances_seen}" if one.instances_seen else ""
        lines.append(
            (
                join((_moment(one.opened, selection), " ", small(_sure(one.opened)))),
                bold(markup.link(one.name, url)),
                status,
                bold(words.duration(one.duration.value, one.duration.tolerance)),
                small(words.bounds(one.duration.low, one.duration.high)),
                words.count(one.openings),
                f"{one.instances_hit}{seen}",
                words.count(one.calls_rejected) if one.calls_rejected is not None else small("not counted"),
                "still open" if one.ongoing else HEALERS.get(one.healed_by or "", "unknown"),
            )
        )
    return markup.table(heads, lines)


def zoomed(one: Episode, selection: Selection) -> Markup:
    """Return what a zoomed chart shows, with the way to the incident and back to the whole range."""
    incident = markup.link(
        "Open the incident", markup.page_url("incidents", {**selection.parameters, "episode": one.episode_id})
    )
    back = markup.link("Show the whole range", markup.page_url("breakers", selection.parameters))
    when = words.moment_in_words(one.opened.at, selection.zone, selection.as_of)
    return markup.wrap(small(f"Zoomed to {one.name}, opened {when}."), " ", small(incident), small(" · "), small(back))


def facts(incident: Incident, selection: Selection) -> Markup:
    """Return how long things took, each with its bounds and from which marker to which the watch runs."""
    episode = incident.episode
    so_far = " so far" if episode.ongoing else ""
    lines = [_fact(f"Breaker open{so_far}", "1 → 2" if not episode.ongoing else "1 → now", episode.duration)]
    idle = [one.idle_open_s for one in incident.incidents if one.idle_open_s is not None]
    longest = max(
        (one for one in incident.incidents if one.duration.value is not None),
        key=lambda one: one.duration.value or 0.0,
        default=None,
    )
    if longest is not None and len(incident.incidents) > 1:
        lines.append(_fact("Longest on one instance", longest.instance, longest.duration))
    if idle:
        lines.append(
            (span("Idle open", small("no call was attempted"), cls="k"), span(words.duration(max(idle)), cls="v"))
        )
    if incident.cause is not None:
        lead_s = (episode.opened.at - incident.cause.occurred_at).total_seconds()
        told = words.duration(lead_s, max(1.0, episode.opened.half_width_s))
        lines.append(
            (
                span(
                    "Last change before it",
                    small(f"a guess: {incident.cause.service} {incident.cause.revision or incident.cause.kind}"),
                    cls="k",
                ),
                span(told, small(words.clock(incident.cause.occurred_at, selection.zone)), cls="v"),
            )
        )
    return markup.rows(lines, "bw-facts")


def effects(incident: Incident) -> Markup:
    """Return what it did: how it ended, what became of the calls, how often it reopened."""
    episode, calls = incident.episode, incident.calls
    ended = "still open" if episode.ongoing else HEALERS.get(episode.healed_by or "", "unknown")
    lines = [
        ("How it ended", ended),
        (
            "Rejected",
            "not counted" if episode.calls_rejected is None else words.plural(int(episode.calls_rejected), "call"),
        ),
        (
            "Failed meanwhile",
            "not counted"
            if calls.failed is None
            else f"{words.count(calls.failed)} of {words.count(calls.total)} calls, in whole minutes",
        ),
        ("Answered by a fallback", "not counted" if calls.instead is None else words.plural(calls.instead, "call")),
        ("Openings", f"{words.count(episode.openings)} on {words.plural(episode.instances_hit, 'instance')}"),
    ]
    if incident.service is not None and incident.service.owner:
        lines.append(("Owner", incident.service.owner))
    return markup.rows([(span(name, cls="k"), span(value, cls="v")) for name, value in lines], "bw-facts")


def transitions(incident: Incident, selection: Selection, most: int) -> Markup:
    """Return the rows behind the facts: every transition with its bounds and the sources that saw it."""
    heads = [
        ("When", ""),
        ("Bounds", "bw-wide"),
        ("Instance", ""),
        ("Move", ""),
        ("Seen by", "bw-wide"),
        ("Notes", "bw-wide"),
    ]
    lines = []
    for row in incident.transitions[:most]:
        notes = [word for word, true in (("inferred", row.inferred), ("clock skew", row.clock_skew)) if true]
        move = join((words.level(row.from_state) if row.from_state else "?", " → ", bold(words.level(row.to_state))))
        lines.append(
            (
                tag("code", words.clock(row.occurred.at, selection.zone, millis=row.exact)),
                small(words.plus_minus(0.0, 2 * row.occurred.half_width_s)),
                tag("code", row.instance or "not said"),
                move,
                small(", ".join(row.sources) or "not said"),
                small(", ".join(notes)),
            )
        )
    return markup.table(heads, lines)


def bounded(number: Bounded, cls: str = "") -> Markup:
    """Return a duration with its bounds beside it, smaller and, where asked, in a class of their own."""
    if number.value is None:
        return small(words.bounds(number.low, number.high))
    value = words.duration(number.value, number.tolerance)
    open_ended = number.high is not None and math.isinf(number.high)
    told = words.bounds(number.low, number.high) if open_ended else words.plus_minus(number.low, number.high)
    return join((bold(value), " ", span(small(told if told == "exact" else f"({told})"), cls=cls)))


def csv_text(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return rows as CSV in which no cell is run as a formula by a spreadsheet; numbers stay numbers."""
    out = io.StringIO()
    writer = csv.writer(out)  # CR LF between rows, so that a CR inside a cell is quoted
    writer.writerow([_cell(head) for head in heads])
    writer.writerows([_cell(cell) for cell in row] for row in rows)
    return out.getvalue()


def episodes_csv(found: Sequence[Episode]) -> str:
    """Return episodes as CSV, times in UTC, durations in seconds."""
    heads = "episode_id service breaker opened_at opened_earliest opened_latest closed_at duration_s duration_low_s duration_high_s openings instances_hit instances_seen calls_rejected healed_by status"  # noqa: E501
    return csv_text(
        heads.split(),
        (
            (
                one.episode_id,
                one.service,
                one.breaker,
                one.opened.at,
                one.opened.earliest,
                one.opened.latest,
                one.closed.at if one.closed else None,
                None if one.ongoing else one.duration.value,
                one.duration.low,
                one.duration.high if one.duration.high is not None and math.isfinite(one.duration.high) else None,
                one.openings,
                one.instances_hit,
                one.instances_seen,
                one.calls_rejected,
                one.healed_by,
                "ongoing" if one.ongoing else "resolved",
            )
            for one in found
        ),
    )


def _cell(value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    return f"'{text}" if text.startswith(_DANGEROUS) else text


def _fact(name: str, watch: str, number: Bounded) -> tuple[Markup, ...]:
    value = words.duration(number.value, number.tolerance)
    return span(name, small(watch), cls="k"), span(value, small(words.bounds(number.low, number.high)), cls="v")


def _moment(edge: Edge | None, selection: Selection) -> Markup:
    if edge is None:
        return small("not seen")
    return span(words.moment_in_words(edge.at, selection.zone, selection.as_of))


def _reopened(one: Breaker, selection: Selection) -> str:
    if not one.reopenings or one.last_reopened is None:
        return ""
    often = "once" if one.reopenings == 1 else f"{words.count(one.reopenings)} times"
    last = words.moment_in_words(one.last_reopened.at, selection.zone, selection.as_of)
    return f"reopened {often}, last {last}"


def _sure(edge: Edge | None) -> str:
    return "" if edge is None else words.plus_minus(0.0, 2 * edge.half_width_s)
