"""Dense tables: rows of a span are replaced in one go, and only where they differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.facts.steps import steps

if TYPE_CHECKING:
    from collections.abc import Mapping

    from store import Store


def renew(store: Store, relation: str, params: Mapping[str, object] | None = None) -> None:
    """Make the rows of a relation in its stale spans what its script says they are; unchanged rows stay untouched.

    The script has a step ``spans``, which makes the temporary table ``fresh_spans``, and a step ``rows``, which makes
    ``fresh_rows`` and may take ``params``.
    """
    step = steps(relation)
    store.execute(step["spans"])
    store.execute(step["rows"], params or {})
    store.renew(relation)
