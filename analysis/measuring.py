"""Measurements that were imported, by name, as asks want them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from analysis.asking import Ask, Ground, along, asked
from analysis.sqlfiles import read_sql

_SQL = read_sql("analysis.indicators", "measured.sql")


def measurements(ground: Ground, asks: Sequence[Ask], name: str | None = None) -> list[list[float]]:
    """Return for each ask the values of its measurement, or of the one with ``name``, in the order of their times."""
    params = asked(asks, _SQL) | {"name": along(asks, lambda ask: name or ask.scope.name)}
    found: dict[int, list[float]] = defaultdict(list)
    for row in ground.rows.rows(_SQL, params) if params["ask"] else ():
        found[row["ask"]].append(row["value"])
    return [found[place] for place in range(len(asks))]
