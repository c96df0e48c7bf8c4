"""Plain tables for a terminal: columns as wide as what stands in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

GAP = "  "


def text_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table; columns in which nothing stands are left out."""
    kept = [place for place in range(len(heads)) if any(row[place] for row in rows)]
    wide = [max(len(heads[place]), *(len(row[place]) for row in rows)) if rows else 0 for place in range(len(heads))]
    for line in (heads, *rows):
        yield GAP.join(line[place].ljust(wide[place]) for place in kept).rstrip()
