"""Overview: what needs a hand now, how well we heal, and the last hours of every service."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from dashboard import charts, data, filters, frame, markup, routes, sentences
from dashboard.blocks import now, summary

if TYPE_CHECKING:
    from dashboard.filters import Selection


def render() -> None:
    """Draw the page."""
    frame.page("overview", _draw)


def _draw(selection: Selection) -> None:
    st.fragment(run_every=None if selection.recorded else filters.REFRESH_S)(_live)(selection)
    with frame.guarded():
        figures = data.figures(selection)
        _tiles(summary.tiles(figures, stale=filters.age_of(selection).stale))
        left, right = st.columns([1, 1.1], gap="medium")
        since = markup.section("Since yesterday", summary.yesterday(selection))
        left.html(markup.wrap(since, summary.since(figures, selection)))
        healing = markup.section("How well do we heal", "last 30 days")
        right.html(markup.wrap(healing, summary.healing(figures)))
    with frame.guarded(), st.container(gap="xsmall"):
        lanes = data.lanes(selection)
        st.html(summary.legend(filters.RANGES[selection.range_name], selection))
        if lanes:
            chosen = frame.chart(charts.service_lanes(lanes, frame.canvas(selection)), "lanes")
            if chosen:
                routes.go("incidents", {**selection.parameters, "service": chosen})
        else:
            st.html(markup.empty("No service yet.", "None has been seen in this environment."))
        st.html(summary.footer(figures, selection))


def _live(selection: Selection) -> None:
    with frame.guarded():
        current = filters.refreshed(selection)
        situation = data.situation(current)
        stale = filters.age_of(current).stale
        headline = sentences.overview_headline(situation, current.zone, stale=stale)
        st.html(markup.headline(headline.first, headline.rest))
        now.draw(situation, current)


def _tiles(tiles: list[markup.Markup]) -> None:
    for number, (column, tile) in enumerate(zip(st.columns(len(tiles), gap="small"), tiles, strict=True)):
        with column, st.container(border=True, height="stretch", key=f"bw-tile-{number}"):
            st.html(tile)
