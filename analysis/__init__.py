"""Analysis: evidence becomes transitions, incidents, figures and answers. Reads and writes only through the store."""

from analysis.refresh import refresh

__all__ = ["refresh"]
