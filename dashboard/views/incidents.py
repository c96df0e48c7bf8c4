"""Incidents: the list of episodes, and one of them in full once the URL names it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from analysis.questions.episodes import EpisodeFilter
from dashboard import data, frame, markup, words
from dashboard.blocks import tables
from dashboard.views import incident

if TYPE_CHECKING:
    from analysis.questions.episodes import Episode
    from dashboard.filters import Selection

ANY = "any"
_STATUS = {ANY: "Any status", "ongoing": "Ongoing", "resolved": "Over"}
_LEAST = {"0": "Any length", "10": "≥ 10 s", "60": "≥ 1 min", "600": "≥ 10 min"}
_PAGE = 40


def render() -> None:
    """Draw the list, or the incident that the URL names."""
    frame.page("incidents", incident.draw if st.query_params.get("episode") else _draw)


def _draw(selection: Selection) -> None:
    everything = data.episodes(selection, EpisodeFilter())
    with frame.guarded():
        found = data.episodes(selection, _filters(everything))
        ongoing = sum(1 for one in found if one.ongoing)
        shown = f"n = {words.count(len(found))} of {words.count(len(everything))}"
        note = f"{shown}, {words.count(ongoing)} ongoing, newest first"
        with st.container(horizontal=True, vertical_alignment="center"):
            st.html(markup.section("Incidents", note))
            st.space("stretch")
            st.download_button(
                "Download CSV",
                tables.episodes_csv(found),
                f"incidents-{selection.environment}.csv",
                "text/csv",
                disabled=not found,
            )
        if not found:
            why = "No breaker opened in this range." if not everything else "None passes these filters."
            st.html(markup.empty("No incident.", why))
            return
        st.html(tables.episodes(found[: _shown(len(found))], selection))


def _filters(everything: tuple[Episode, ...]) -> EpisodeFilter:
    services = sorted({one.service for one in everything})
    names = sorted({one.breaker for one in everything})
    with st.container(horizontal=True, gap="small", key="bw-filters"):
        service = _choice("Service", "service", {ANY: "Any service", **{name: name for name in services}})
        breaker = _choice("Breaker", "on", {ANY: "Any breaker", **{name: name for name in names}})
        status = _choice("Status", "status", _STATUS)
        least = _choice("Least duration", "least", _LEAST)
        text = st.text_input(
            "Search", key="text", bind="query-params", placeholder="Search", label_visibility="collapsed", width=200
        )
    return EpisodeFilter(
        service=None if service == ANY else service,
        breaker=None if breaker == ANY else breaker,
        status=None if status == ANY else status,
        least_s=float(least) or None,
        words=text or None,
    )


def _choice(label: str, key: str, options: dict[str, str]) -> str:
    chosen = st.selectbox(
        label,
        list(options),
        format_func=lambda name: options.get(name, name),
        key=key,
        bind="query-params",
        label_visibility="collapsed",
        width=150,
    )
    return chosen or next(iter(options))


def _shown(count: int) -> int:
    if count <= _PAGE:
        return count
    pages = -(-count // _PAGE)
    page = st.number_input("Page", 1, pages, 1, key="page", width=150, help=f"{_PAGE} incidents a page")
    return int(page) * _PAGE
