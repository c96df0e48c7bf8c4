"""Dense tables: rows of a span are replaced in one go, and only where they differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.facts.steps import steps

if TYPE_CHECKING:
    from collections.abc import Mapping

    from store import Store


def renew(store: Store, relation: str, params: Mapping[str, object] | None = None) -> None:
    """Run the steps ``fresh``, ``changed``, ``delete`` and ``insert`` of a relation; unchanged rows stay untouched.

    ``params`` are for ``fresh``; where ``delete`` and ``insert`` take ``$from_us`` and ``$to_us``, they get the span
    that ``changed`` found.
    """
    step = steps(relation)
    store.execute(step["fresh"], params or {})
    (span,) = store.rows(step["changed"])
    if span["from_us"] is None:
        return
    for name in ("delete", "insert"):
        store.execute(step[name], span if "$from_us" in step[name] else {})
    store.mark_changed(relation, span["from_us"], span["to_us"])
