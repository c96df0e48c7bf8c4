"""Regressions: levels that got worse, against the runs before, a pinned baseline or a limit."""
