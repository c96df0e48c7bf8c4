"""In which state components are, those that never changed included."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.facts.steps import steps
from breakwatch.model import STATE_WORDS

if TYPE_CHECKING:
    from store import Store


def refresh_health_states(store: Store) -> None:
    """Keep the states of the components with news; call it after their changes were kept."""
    step = steps("health_states")
    stale = store.rows(step["stale"])
    if not stale:
        return
    wanted = {f"{name}s": [row[name] for row in stale] for name in ("environment", "service", "component")}
    store.replace("health_states", stale, store.rows(step["states"], wanted | {"words": list(STATE_WORDS)}))
