"""Where a thing is shown in full, and how to get there with the selection kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamlit.navigation.page import StreamlitPage

    from analysis.questions.now import Concern
    from dashboard.filters import Selection

_KEY = "breakwatch-pages"


def place(concern: Concern, selection: Selection) -> tuple[str, dict[str, str]]:
    """Return the page that shows a concern in full, and its parameters."""
    kept = selection.parameters
    if concern.episode_id:
        return "incidents", {**kept, "episode": concern.episode_id}
    if concern.kind == "breaker":
        return "breakers", {**kept, "breaker": f"{concern.service} → {concern.subject}"}
    if concern.kind == "level":
        return "incidents", {**kept, "service": concern.service}
    view = "targets" if concern.kind == "standby" else "coverage"
    return "data", {**kept, "view": view}


def register(pages: Mapping[str, StreamlitPage]) -> None:
    """Remember the pages of this run by name, so that a part of one page can open another without importing it."""
    st.session_state[_KEY] = dict(pages)


def go(page: str, parameters: Mapping[str, str]) -> None:
    """Open another page with a selection."""
    st.switch_page(st.session_state[_KEY][page], query_params=dict(parameters))
