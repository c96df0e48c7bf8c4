"""What can be said about a configuration offline."""

from __future__ import annotations

from pathlib import Path

from breakwatch.config import Config, LogsSource, load
from breakwatch.errors import ConfigError


def validated(path: Path) -> str:
    """Return one line about a valid configuration; ConfigError for one that is not, unknown profiles included."""
    config = load(path)
    for problem in unknown_profiles(config):
        raise ConfigError(f"{path}: {problem.problem}", problem.remedy)
    counted = {
        "source": len(config.sources),
        "service": len(config.services),
        "objective": len(config.objectives),
        "report": len(config.reports),
    }
    words = [f"{count} {word}{'' if count == 1 else 's'}" for word, count in counted.items()]
    return f"{path}: valid: {', '.join(words)}"


def unknown_profiles(config: Config) -> list[ConfigError]:
    """Return what is wrong with the profiles that sources name.

    Not part of loading: which profiles there are is known to collectors, and one bad name must not stop the other
    sources of a running service.
    """
    from collectors import profiles

    problems = []
    for source in config.sources:
        named = [source.profile] if isinstance(source, LogsSource) else list(getattr(source, "profiles", ()))
        for name in filter(None, named):
            try:
                profiles.load([name])
            except ConfigError as error:
                problems.append(ConfigError(f"sources: {source.name}: {error.problem}", error.remedy))
    return problems
