"""The rows of Now: at most five, worst first, each with what, since when, how sure, and where to look."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from dashboard import markup, routes, sentences, words
from dashboard.markup import Markup, bold, div, small, span

if TYPE_CHECKING:
    from analysis.questions.now import Concern
    from analysis.questions.situation import Situation
    from dashboard.filters import Selection

MOST_ROWS = 5
_SEVERITY_WORDS = {
    "S1": "users are hurt",
    "S2": "users are hurt, contained",
    "S3": "resilience at work",
    "S4": "hygiene",
}


def draw(situation: Situation, selection: Selection) -> None:
    """Draw the rows; a quiet system gets one muted line instead."""
    concerns = situation.concerns
    if not concerns:
        st.html(markup.section("Now", "nothing needs attention"))
        return
    more = f", {len(concerns) - MOST_ROWS} more below these" if len(concerns) > MOST_ROWS else ""
    needs = words.plural(len(concerns), "thing needs", "things need")
    with st.container(gap=None, key="bw-now"):
        st.html(markup.section("Now", f"{needs} attention, worst first{more}"))
        st.columns([7, 1.15], gap="small")[0].html(markup.wrap(_head(), cls="bw-wide"))
        for number, concern in enumerate(concerns[:MOST_ROWS]):
            _row(number, concern, situation, selection)


def line(concern: Concern, situation: Situation, selection: Selection) -> Markup:
    """Return one row without its buttons."""
    title, detail = what(concern, selection)
    began = words.moment_in_words(concern.since.at, selection.zone, situation.as_of) if concern.since else "not seen"
    cause, lead = sentences.cause(concern.cause, concern.since, selection.zone)
    guess = concern.kind in {"breaker", "level"}
    return div(
        span(markup.severity(concern.severity), title=_SEVERITY_WORDS[concern.severity]),
        span(title, small(detail) if detail else "", cls="what"),
        span(bold(began) if concern.since else span("not seen", cls="muted")),
        span(small(_sure(concern))),
        span(*((cause, " ", small(lead)) if guess else (small("no guess"),)), cls="cause" if guess else "cause none"),
        span(concern.owner or small("not declared"), cls="owner"),
        cls="bw-now",
    )


def what(concern: Concern, selection: Selection) -> tuple[str, str]:
    """Return what is the matter, and in smaller letters where or why."""
    if concern.kind == "breaker":
        where = ""
        if concern.instances_seen:
            where = f"{concern.instances_hit} of {words.plural(concern.instances_seen, 'instance')}"
        refused = f"{words.count(concern.calls_rejected)} rejected" if concern.calls_rejected is not None else ""
        return f"{concern.service} {words.ARROW} {concern.subject} open", " · ".join(p for p in (where, refused) if p)
    if concern.kind == "level":
        return f"{concern.service} {words.level(concern.state)}", "service level, by its own word"
    if concern.kind == "unseen":
        last = words.moment_in_words(concern.since.at, selection.zone, selection.as_of) if concern.since else ""
        return f"{concern.service or concern.subject} unseen", f"{concern.subject} silent · last sample {last}"
    served = "never served" if concern.since is None else "not served for 90 days"
    return f"{concern.service}: standby not proved", f"{concern.subject} · {served}"


def _head() -> Markup:
    heads = ("", "What", "Since", "How sure", "Likely first cause, a guess", "Owner")
    return div(*(span(head) for head in heads), cls="bw-nowhead")


def _sure(concern: Concern) -> str:
    if concern.since is None:
        return "began before we looked" if concern.kind == "breaker" else "no answer on record"
    if not concern.certain_start:
        return "or earlier"
    return words.plus_minus(0.0, 2 * concern.since.half_width_s)


def _row(number: int, concern: Concern, situation: Situation, selection: Selection) -> None:
    told, buttons = st.columns([7, 1.15], vertical_alignment="center", gap="small")
    told.html(markup.wrap(line(concern, situation, selection)))
    with buttons, st.container(horizontal=True, horizontal_alignment="right", gap="xsmall"):
        place = routes.place(concern, selection)
        if st.button("Open", key=f"open-{number}", type="primary" if number == 0 else "secondary"):
            routes.go(*place)
        if concern.runbook.startswith(("https://", "http://")):
            st.link_button("Runbook", concern.runbook, key=f"runbook-{number}")
