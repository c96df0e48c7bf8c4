"""One incident: its headline, everything on one clock, how long each watch ran, and the rows behind every figure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from dashboard import data, evidence, frame, incident_chart, markup, openings_chart, routes, sentences, words
from dashboard.blocks import tables

if TYPE_CHECKING:
    from analysis.questions.incident import Incident
    from dashboard.filters import Selection

_FIRST_ROWS = 8
_HOW = "blurred edge: the change lies somewhere in it · sharp edge: exact · pale stripe: half-open probe"


def draw(selection: Selection) -> None:
    """Draw the incident that the URL names."""
    episode_id = st.query_params.get("episode", "")
    found = data.incident(selection, episode_id)
    if found is None:
        st.html(markup.empty("No such incident.", f"{selection.environment} holds none of the id {episode_id}."))
        return
    _head(found, selection)
    headline = sentences.incident_headline(found, selection.as_of)
    st.html(markup.headline(headline.first, headline.rest))
    chart, facts = st.columns([2.75, 1], gap="medium")
    canvas = frame.canvas(replace(selection, span=found.span))
    with chart:
        st.html(markup.section("What happened, on one clock", _HOW))
        frame.chart(incident_chart.timeline(found, canvas), "timeline")
        st.html(evidence.request_legend(found))
        if found.comparable:
            _openings(found, selection)
    with facts:
        how_long = markup.section("How long", "and where the watch starts and stops")
        st.html(markup.wrap(how_long, tables.facts(found, selection)))
        st.html(markup.wrap(markup.section("What it did"), tables.effects(found)))
        st.html(markup.wrap(markup.section("Evidence"), evidence.sources(found)))
    _rows(found, selection)


def _head(found: Incident, selection: Selection) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.html(evidence.crumbs(found, selection), width="content")
        st.space("stretch")
        for label, target in (("Previous", found.previous_id), ("Next", found.next_id)):
            if st.button(label, disabled=not target, key=f"go-{label}"):
                routes.go("incidents", {**selection.parameters, "episode": target})
        if found.service is not None and found.service.runbook.startswith(("https://", "http://")):
            st.link_button("Runbook", found.service.runbook)


def _openings(found: Incident, selection: Selection) -> None:
    with st.container(border=True):
        told, drawn = st.columns([1, 2], gap="medium")
        note = "source by source"
        told.html(markup.wrap(markup.section("How openings are counted", note), evidence.openings(found)))
        told.html(markup.wrap(markup.small(evidence.openings_note(found))))
        with drawn:
            canvas = frame.canvas(replace(selection, span=found.span))
            frame.chart(openings_chart.openings(found, canvas), "openings")


def _rows(found: Incident, selection: Selection) -> None:
    total = len(found.transitions)
    shown = total if total <= _FIRST_ROWS or st.session_state.get("all-rows") else _FIRST_ROWS
    note = f"{shown} of {words.plural(total, 'transition')}, as stored"
    rows = tables.transitions(found, selection, shown)
    st.html(markup.wrap(markup.section("Rows behind the facts", note), rows))
    if total > _FIRST_ROWS:
        st.toggle("Show all rows", key="all-rows")
    with st.expander("The SQL behind each number"):
        for title, sql in evidence.queries(found, selection):
            st.html(markup.wrap(markup.small(title)))
            st.code(sql, language="sql")
            if st.button("Run in Data", key=f"run-{title}"):
                routes.go("data", {**selection.parameters, "sql": sql})
