"""The selection: widgets ↔ a typed value ↔ the URL, as plain text (environment, range, days, zone).

The URL wins when it changes, so a link shows what it says; else the widget wins and is written back. Streamlit's own
binding is not used for the bar: it forbids handing the selection on when one page opens another.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, available_timezones

import streamlit as st

from analysis.questions.common import Span
from dashboard import data, markup, sentences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analysis.questions.publication import Environment, Publication
    from dashboard.theme import Mode

RANGES: dict[str, str] = {"24h": "24 h", "7d": "7 d", "30d": "30 d", "custom": "Custom"}
_LENGTHS = {"24h": timedelta(hours=24), "7d": timedelta(days=7), "30d": timedelta(days=30)}
BAR = ("environment", "range", "days", "zone")
"""The parameters of the URL that hold the selection."""

REFRESH_S = 5
"""How often the parts that refresh themselves look for a new publication, in seconds."""

_FIRST_ZONES = ("UTC", "Europe/Paris", "Europe/London", "America/New_York", "America/Los_Angeles", "Asia/Tokyo")


@dataclass(frozen=True, slots=True)
class Selection:
    """What a page shows: one environment over one span, told in one zone, on a light or a dark page.

    ``as_of`` is the instant up to which the environment is known; ``range_name`` is a key of ``RANGES``;
    ``recorded_s`` is how long a recording is in all, in seconds, ``None`` for live data.
    """

    environment: str
    span: Span
    as_of: datetime
    range_name: str
    zone: ZoneInfo
    mode: Mode
    recorded: bool
    generation: int
    first_seen: datetime
    recorded_s: float | None

    @property
    def parameters(self) -> dict[str, str]:
        """Return the selection as the URL says it."""
        found = {"environment": self.environment, "range": self.range_name, "zone": self.zone.key}
        if self.range_name == "custom":
            last = (self.span.end - timedelta(microseconds=1)).astimezone(self.zone).date()
            found["days"] = f"{self.span.start.astimezone(self.zone).date()},{last}"
        return found


def bar(page: str) -> Selection | None:
    """Draw the bar of a page and return what is selected; ``None`` where nothing has been collected yet."""
    publication = data.publication()
    environments = data.environments()
    if publication is None or not environments:
        return None
    names = [environment.name for environment in environments]
    all_zones = zones()
    _seed(page, "environment", names, _fullest(environments))
    _seed(page, "range", list(RANGES), "24h")
    _seed(page, "zone", all_zones, _home_zone(all_zones))
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="bw-bar"):
        name = st.selectbox("Environment", names, key=f"{page}-environment", label_visibility="collapsed", width=130)
        range_name = st.segmented_control(
            "Range",
            list(RANGES),
            required=True,
            format_func=RANGES.__getitem__,
            key=f"{page}-range",
            label_visibility="collapsed",
        )
        environment = environments[names.index(name or names[0])]
        days = _days(page, environment) if range_name == "custom" else None
        zone = st.selectbox("Time zone", all_zones, key=f"{page}-zone", label_visibility="collapsed", width=180)
        selection = selected(
            publication, environments, environment.name, range_name or "24h", zone or "UTC", days, page_mode()
        )
        _age(selection)
    for key in BAR:
        _keep(key, selection.parameters.get(key))
    return selection


def page_mode() -> Mode:
    """Return whether the page is light or dark; light until the browser has said."""
    return "dark" if st.context.theme.type == "dark" else "light"


def selected(  # noqa: PLR0917 (one argument per widget)
    publication: Publication,
    environments: Sequence[Environment],
    name: str,
    range_name: str,
    zone_name: str,
    days: tuple[date, ...] | None,
    mode: Mode = "light",
) -> Selection:
    """Return a selection from what the widgets say; recorded data end where their environment ends."""
    environment = next((one for one in environments if one.name == name), environments[0])
    as_of = environment.last_seen if publication.recorded else publication.as_of
    zone = ZoneInfo(zone_name if zone_name in available_timezones() else "UTC")
    return Selection(
        environment=environment.name,
        span=span_of(range_name, days, as_of, zone),
        as_of=as_of,
        range_name=range_name,
        zone=zone,
        mode=mode,
        recorded=publication.recorded,
        generation=publication.generation,
        first_seen=environment.first_seen,
        recorded_s=(environment.recorded_until - environment.first_seen).total_seconds()
        if publication.recorded
        else None,
    )


def span_of(range_name: str, days: Sequence[date] | None, as_of: datetime, zone: ZoneInfo) -> Span:
    """Return the span of a range that ends now, or of whole days of the reader's calendar."""
    if range_name != "custom" or not days:
        return Span(as_of - _LENGTHS.get(range_name, _LENGTHS["24h"]), as_of)
    first, last = min(days), max(days)
    start = datetime.combine(first, time(), zone).astimezone(UTC)
    end = datetime.combine(last + timedelta(days=1), time(), zone).astimezone(UTC)
    end = min(end, as_of)
    return Span(min(start, end - timedelta(minutes=1)), end)


def refreshed(selection: Selection) -> Selection:
    """Return the same selection on the newest generation, for the parts of a page that refresh themselves."""
    publication = data.publication()
    environments = data.environments()
    if publication is None or not environments or publication.generation == selection.generation:
        return selection
    environment = next((one for one in environments if one.name == selection.environment), None)
    if environment is None:
        return selection
    as_of = environment.last_seen if publication.recorded else publication.as_of
    span = selection.span
    if selection.range_name != "custom":
        span = Span(as_of - _LENGTHS[selection.range_name], as_of)
    return replace(selection, generation=publication.generation, as_of=as_of, span=span)


def zones() -> list[str]:
    """Return the zones to choose from: the usual ones first, then all of IANA's."""
    rest = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "SystemV/")))
    return [*_FIRST_ZONES, *(zone for zone in rest if zone not in _FIRST_ZONES)]


def _days(page: str, environment: Environment) -> tuple[date, ...] | None:
    last = environment.last_seen.date()
    week = (max(environment.first_seen.date(), last - timedelta(days=6)), last)
    said, key = st.query_params.get("days"), f"{page}-days"
    if key not in st.session_state or said != st.session_state.get("bar-days"):
        st.session_state[key] = _parsed_days(said or st.session_state.get("bar-days")) or week
    found: object = st.date_input("Days", key=key, format="YYYY-MM-DD", label_visibility="collapsed", width=210)
    days = found if isinstance(found, tuple) else (found,)
    return tuple(day for day in days if isinstance(day, date)) or None


def _parsed_days(text: str | None) -> tuple[date, ...] | None:
    try:
        days = tuple(date.fromisoformat(part) for part in (text or "").split(","))
    except ValueError:
        return None
    return (min(days), max(days))


def _seed(page: str, name: str, options: Sequence[str], default: str) -> None:
    """Give a widget its value before it is drawn: what a changed URL says, else what was chosen last, else ours."""
    said, kept = st.query_params.get(name), st.session_state.get(f"bar-{name}")
    key = f"{page}-{name}"
    if key in st.session_state and said in {None, kept}:
        return
    st.session_state[key] = next((value for value in (said, kept) if value in options), default)


def _keep(name: str, value: str | None) -> None:
    """Write a choice back to the URL, and remember it for the next page."""
    if value is not None or name != "days":
        st.session_state[f"bar-{name}"] = value
    if value is None:
        st.query_params.pop(name, None)
    elif st.query_params.get(name) != value:
        st.query_params[name] = value


def _age(selection: Selection) -> None:
    st.fragment(run_every=None if selection.recorded else REFRESH_S)(draw_age)(selection)


def draw_age(selection: Selection) -> None:
    """Draw how old the picture is; recorded data do not age."""
    current = refreshed(selection)
    st.html(markup.age(age_of(current), recorded=current.recorded))


def age_of(selection: Selection) -> sentences.Age:
    """Return how old what is selected is, and whether it is stale."""
    return sentences.age(
        selection.as_of,
        datetime.now(UTC),
        selection.zone,
        recorded=selection.recorded,
        sources=() if selection.recorded else data.sources(),
    )


def _fullest(environments: Sequence[Environment]) -> str:
    return max(environments, key=lambda one: one.last_seen - one.first_seen).name


def _home_zone(known: Sequence[str]) -> str:
    home = st.context.timezone
    return home if home is not None and home in known else "UTC"
