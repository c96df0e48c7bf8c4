"""Breakers: how each stands, and its spells away from closed with the doubt about every edge."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from analysis.questions.episodes import EpisodeFilter
from analysis.questions.incident import surroundings
from dashboard import charts, data, frame, markup, words
from dashboard.blocks import tables

if TYPE_CHECKING:
    from dashboard.filters import Selection

ALL = "All breakers"


def render() -> None:
    """Draw the page."""
    frame.page("breakers", _draw)


def _draw(selection: Selection) -> None:
    found = data.breakers(selection)
    if not found:
        st.html(
            markup.empty(
                "No breaker yet.", "None has been seen in this environment. Look what is seen:", "breakwatch doctor"
            )
        )
        return
    openly = sum(1 for one in found if one.instances_hit)
    standing = f"{words.plural(openly, 'breaker is', 'breakers are')} open" if openly else "all closed"
    title = markup.section("Breakers", f"{words.count(len(found))} seen, {standing}")
    st.html(markup.wrap(title, tables.breakers(found, selection)))
    _lanes(selection, [one.name for one in found])


def _lanes(selection: Selection, names: list[str]) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.html(markup.section("States over time", "blurred edge: the change lies somewhere in it · sharp: exact"))
        st.space("stretch")
        chosen = st.selectbox(
            "Breaker", [ALL, *names], key="breaker", bind="query-params", label_visibility="collapsed", width=260
        )
    service, breaker = (chosen or ALL).split(f" {words.ARROW} ", 1) if chosen and chosen != ALL else (None, None)
    shown = _zoomed(selection)
    with frame.guarded():
        lanes = data.state_lanes(shown, service, breaker)
        if not lanes:
            st.html(markup.empty("Nothing opened.", "Every breaker that was seen stayed closed over this range."))
            return
        frame.chart(charts.state_lanes(lanes, frame.canvas(shown)), f"states-{chosen}")
        merged = sum(lane.merged for lane in lanes)
        if merged:
            st.html(
                markup.wrap(markup.small(f"{words.count(merged)} spells are joined with a neighbour at this scale."))
            )
        _episodes(selection, service, breaker)


def _episodes(selection: Selection, service: str | None, breaker: str | None) -> None:
    found = data.episodes(selection, EpisodeFilter(service=service, breaker=breaker))
    if breaker is not None and found:
        title = markup.section("Episodes", f"n = {len(found)}")
        st.html(markup.wrap(title, tables.episodes(found[:40], selection)))


def _zoomed(selection: Selection) -> Selection:
    wanted = st.query_params.get("episode")
    if not wanted:
        return selection
    found = data.episodes(selection, EpisodeFilter(episode_id=wanted))
    return replace(selection, span=surroundings(found[0], selection.as_of)) if found else selection
