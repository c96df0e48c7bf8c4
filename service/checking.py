"""What can be said about a configuration offline."""

from __future__ import annotations

from pathlib import Path

import collectors
from analysis.provable import Doubt, doubts
from breakwatch.clock import system_clock
from breakwatch.config import Config, LogsSource, load
from breakwatch.errors import ConfigError
from collectors import profiles


def validated(path: Path) -> str:
    """Return one line about a valid configuration; ConfigError for one that is not, or that would be refused."""
    config = load(path)
    for problem in refused(config).values():
        raise ConfigError(f"{path}: {problem.problem}", problem.remedy)
    counted = {
        "source": len(config.sources),
        "service": len(config.services),
        "objective": len(config.objectives),
        "report": len(config.reports),
    }
    words = [f"{count} {word}{'' if count == 1 else 's'}" for word, count in counted.items()]
    return f"{path}: valid: {', '.join(words)}"


def flagged(config: Config) -> list[Doubt]:
    """Return what stands against objectives by what the configuration alone declares."""
    return list(doubts(config, {}, ()))


def refused(config: Config) -> dict[str, ConfigError]:
    """Return, by source, what its collector would refuse: profiles, formats, patterns, rules of redaction.

    Not part of loading: what can be read is known to collectors, and one bad name must not stop the other sources of a
    running service. Nothing is opened and nobody is asked.
    """
    problems = {}
    for source in config.sources:
        try:
            if isinstance(source, LogsSource):
                collectors.make(source, config, system_clock).close()
            elif named_profiles := getattr(source, "profiles", ()):
                profiles.load(named_profiles)
        except ConfigError as error:
            named = f"source {source.name}: "
            problems[source.name] = ConfigError(named + error.problem.removeprefix(named), error.remedy)
    return problems
