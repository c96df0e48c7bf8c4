"""Coverage: when each source saw which service, from the scrapes themselves and from how far logs were read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analysis.facts.steps import steps
from breakwatch.clock import from_us

if TYPE_CHECKING:
    from store import Store


def refresh_coverage(store: Store) -> None:
    """Recompute the covered spells, and the gaps between them, of the sources that were seen anew.

    What follows a source's last sight is in no row: whoever asks about a span knows its end.
    """
    step = steps("coverage")
    for scope in store.rows(step["sources"]):
        store.replace("coverage", scope, [_row(spell) for spell in store.rows(step["spells"], scope)])


def _row(spell: dict[str, Any]) -> dict[str, Any]:
    started_us, ended_us = spell.pop("first_us"), spell.pop("last_us")
    return spell | {"started_at": from_us(started_us), "ended_at": from_us(ended_us)}
