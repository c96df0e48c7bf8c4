"""What can be said about a configuration offline."""

from __future__ import annotations

from pathlib import Path

from breakwatch.config import load


def validated(path: Path) -> str:
    """Return one line about a valid configuration; ConfigError for one that is not."""
    config = load(path)
    counted = {
        "source": len(config.sources),
        "service": len(config.services),
        "objective": len(config.objectives),
        "report": len(config.reports),
    }
    words = [f"{count} {word}{'' if count == 1 else 's'}" for word, count in counted.items()]
    return f"{path}: valid: {', '.join(words)}"
