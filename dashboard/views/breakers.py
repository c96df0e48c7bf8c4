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
    from collections.abc import Sequence

    from analysis.questions.breakers import Breaker
    from analysis.questions.episodes import Episode
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
    _lanes(selection, found)


def _lanes(selection: Selection, found: Sequence[Breaker]) -> None:
    shown, zoomed = _zoomed(selection)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.html(markup.section("States over time", "blurred edge: the change lies somewhere in it · sharp: exact"))
        st.space("stretch")
        names = [ALL, *(one.name for one in found)]
        chosen = st.selectbox(
            "Breaker", names, key="breaker", bind="query-params", label_visibility="collapsed", width=260
        )
    breaker = next((one for one in found if one.name == chosen), None)
    scope = (breaker.service, breaker.breaker) if breaker else (None, None)
    with frame.guarded():
        _chart(shown, scope, zoomed)
        if zoomed is not None:
            st.html(tables.zoomed(zoomed, selection))
        if breaker is not None:
            _detail(selection, breaker)


def _chart(shown: Selection, scope: tuple[str | None, str | None], zoomed: Episode | None) -> None:
    lanes = data.state_lanes(shown, *scope)
    if not lanes:
        st.html(markup.empty("Nothing opened.", "Every breaker that was seen stayed closed over this range."))
        return
    at = zoomed.episode_id if zoomed else ""
    clicked = frame.chart(charts.state_lanes(lanes, frame.canvas(shown)), f"states-{scope}-{at}")
    merged = sum(lane.merged for lane in lanes)
    if merged:
        st.html(markup.wrap(markup.small(f"{words.count(merged)} spells are joined with a neighbour at this scale.")))
    if clicked and clicked != at:
        st.query_params["episode"] = clicked
        st.rerun()


def _detail(selection: Selection, breaker: Breaker) -> None:
    found = data.episodes(selection, EpisodeFilter(service=breaker.service, breaker=breaker.breaker))
    if not found:
        return
    few = ", too few to compare" if breaker.healing.too_few else ""
    title = markup.section("Time to recover", f"n = {breaker.healing.resolved}{few}")
    st.html(markup.wrap(title, tables.recovery(breaker.healing)))
    title = markup.section("Episodes", f"n = {len(found)}")
    st.html(markup.wrap(title, tables.episodes(found[:40], selection)))


def _zoomed(selection: Selection) -> tuple[Selection, Episode | None]:
    wanted = st.query_params.get("episode")
    found = data.episodes(selection, EpisodeFilter(episode_id=wanted)) if wanted else ()
    if not found:
        return selection, None
    return replace(selection, span=surroundings(found[0], selection.as_of)), found[0]
