"""The configuration: ``breakwatch.yaml`` as frozen values. The only reader of the environment in the house.

``load`` validates a file as a whole; what is wrong is a ConfigError naming file, line, key and the nearest known key.
Durations are seconds in attributes that end in ``_s``, percentages are ratios, relative paths are relative to the file
they stand in.
"""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import Field, ValidationError

from breakwatch.config_burning import never_fires
from breakwatch.config_objectives import (
    AlertRule,
    CalendarWindow,
    EmailChannel,
    Maintenance,
    Notify,
    Objective,
    Policy,
    ReportConfig,
    RollingWindow,
    Where,
)
from breakwatch.config_reading import Located, Reader, problem_of
from breakwatch.config_regressions import Regressions
from breakwatch.config_services import (
    Dependency,
    Expected,
    ExpectedBreaker,
    ExpectedRetries,
    Fallback,
    InstancesRule,
    Operation,
    Owner,
    ServiceConfig,
)
from breakwatch.config_sources import (
    ActuatorSource,
    BasicAuth,
    LogsSource,
    OpenMetricsSource,
    PrometheusSource,
    Source,
    clashes,
)
from breakwatch.config_units import RelativePath, Seconds, Strict, Target, nearest
from breakwatch.errors import ConfigError

__all__ = [
    "ActuatorSource",
    "AlertRule",
    "BasicAuth",
    "CalendarWindow",
    "Config",
    "Dependency",
    "EmailChannel",
    "Expected",
    "ExpectedBreaker",
    "ExpectedRetries",
    "Fallback",
    "InstancesRule",
    "LogsSource",
    "Maintenance",
    "Notify",
    "Objective",
    "OpenMetricsSource",
    "Operation",
    "Owner",
    "Policy",
    "PrometheusSource",
    "ReportConfig",
    "Retention",
    "RollingWindow",
    "ServiceConfig",
    "Source",
    "StoreConfig",
    "Target",
    "Where",
    "config_path",
    "data_home",
    "fingerprint",
    "has_desktop",
    "load",
    "published_path",
    "read_secret",
]

DEFAULT_FILE = Path("breakwatch.yaml")
PUBLISHED_VARIABLE = "BREAKWATCH_PUBLISHED"
DAY_S = 86400.0


class Retention(Strict):
    """How long what is kept."""

    samples_s: Seconds = Field(default=90 * DAY_S, gt=0, validation_alias="samples")
    events_s: Seconds = Field(default=3 * 365 * DAY_S, gt=0, validation_alias="events")
    raw_log_text_s: Seconds = Field(default=14 * DAY_S, gt=0, validation_alias="raw_log_text")


class StoreConfig(Strict):
    """Where the published file lies and how long things are kept.

    Attributes:
        path: the published file, the one that people open.
        public_base: the folder's name as readers elsewhere see it, where that differs.
        grace_s: how long a reader may hold a connection open and still be answered.
    """

    path: RelativePath = Path("breakwatch.duckdb")
    retention: Retention = Retention()
    public_base: str | None = None
    grace_s: Seconds = Field(default=DAY_S, ge=0, validation_alias="grace")


class Config(Strict):
    """Everything a person can set; ``warnings`` are things worth saying that do not stop us."""

    store: StoreConfig = StoreConfig()
    sources: tuple[Source, ...] = ()
    services: tuple[ServiceConfig, ...] = ()
    objectives: tuple[Objective, ...] = ()
    policies: Mapping[str, Policy] = {"default": Policy()}
    maintenance: tuple[Maintenance, ...] = ()
    alerts: tuple[AlertRule, ...] = ()
    notify: Notify = Notify()
    reports: tuple[ReportConfig, ...] = ()
    regressions: Regressions = Regressions()

    def source(self, name: str) -> Source:
        """Return the source of a name; ConfigError names the nearest."""
        for source in self.sources:
            if source.name == name:
                return source
        raise ConfigError(f"no source is named {name!r}", nearest(name, [source.name for source in self.sources]))


def load(path: Path) -> Config:
    """Return the configuration of a file with all it includes; ConfigError when anything in it is wrong."""
    top = _read(path)
    try:
        config = Config.model_validate(top.plain(), context={"written": True}, by_alias=True, by_name=False)
    except ValidationError as error:
        problems = [problem_of(dict(one), top) for one in error.errors(include_url=False)]
        problem, remedy = problems[0]
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise ConfigError(problem + more, remedy) from None
    for problem, remedy in _disagreements(config, top):
        raise ConfigError(problem, remedy)
    return config


def warnings(path: Path) -> tuple[str, ...]:
    """Return what is worth saying about a valid configuration: secrets that others on the machine can read."""
    said = []
    for secret in _read(path).secrets():
        mode = stat.S_IMODE(secret.file.stat().st_mode)
        if mode & 0o077:
            said.append(f"{secret.file}:{secret.line}: holds a secret and is readable by others (mode {mode:04o})")
    return tuple(dict.fromkeys(said))


def fingerprint(path: Path) -> tuple[tuple[str, int, int], ...]:
    """Return what changes when a configuration does: its files, included ones too, with times and sizes.

    A file that cannot be read or understood counts as it is; what is wrong with it is for ``load`` to say.
    """
    reader = Reader(os.environ)
    with contextlib.suppress(ConfigError):
        reader.read(path)
    found = []
    for file in reader.files:
        with contextlib.suppress(OSError):
            status = file.stat()
            found.append((str(file), status.st_mtime_ns, status.st_size))
    return tuple(found)


def _read(path: Path) -> Located:
    top = Reader(os.environ).read(path)
    top.value = {key: section for key, section in top.value.items() if section.value is not None}
    store = top.value.setdefault("store", Located({}, path, 1))
    if isinstance(store.value, dict) and "path" not in store.value:
        store.value["path"] = Located(path.parent / StoreConfig().path, path, store.line)
    policies = top.value.get("policies")
    if policies is not None and isinstance(policies.value, dict):
        policies.value.setdefault("default", Located({}, path, policies.line))
    return top


def _disagreements(config: Config, top: Located) -> Iterator[tuple[str, str]]:
    """Yield what is wrong between the parts of a configuration, each part being right by itself."""
    named = {
        "sources": config.sources,
        "services": config.services,
        "objectives": config.objectives,
        "alerts": config.alerts,
        "reports": config.reports,
    }
    for section, things in named.items():
        names = [thing.name for thing in things]
        for name in (name for name, count in Counter(names).items() if count > 1):
            first = names.index(name)
            place, words = top.find((section, names.index(name, first + 1), "name"))
            earlier, _ = top.find((section, first, "name"))
            yield (
                f"{place.file}:{place.line}: {words}: {name!r} is taken (first at {earlier.file}:{earlier.line})",
                "give each its own name",
            )
    for index, problem, remedy in clashes(config.sources):
        place, words = top.find(("sources", index))
        yield f"{place.file}:{place.line}: {words}: {problem}", remedy
    for index, objective in enumerate(config.objectives):
        for key, problem, remedy in _disagreements_of(objective, config):
            place, words = top.find(("objectives", index, key))
            yield f"{place.file}:{place.line}: {words}: {problem}", remedy


def _disagreements_of(objective: Objective, config: Config) -> Iterator[tuple[str, str, str]]:
    """Yield key, problem and remedy of what an objective says of things that are not, or that cannot be."""
    for name in objective.policies:
        if name not in config.policies:
            yield "policy", f"no policy is named {name!r}", nearest(name, sorted(config.policies))
    names = sorted(one.name for one in config.objectives if one.name != objective.name)
    if objective.of is not None and objective.of not in names:
        yield "of", f"no other objective is named {objective.of!r}", nearest(objective.of, names)
    for member in objective.composite.members if objective.composite else ():
        if member.objective not in names:
            yield "composite", f"no other objective is named {member.objective!r}", nearest(member.objective, names)
    for problem, remedy in never_fires(objective):
        yield "burn_rates", problem, remedy


def config_path(explicit: Path | None) -> Path:
    """Return which configuration to use: the one named, else ./breakwatch.yaml, else $BREAKWATCH_CONFIG."""
    if explicit is not None:
        return explicit
    variable = os.environ.get("BREAKWATCH_CONFIG")
    if not DEFAULT_FILE.exists() and variable:
        return Path(variable)
    return DEFAULT_FILE


def published_path() -> Path | None:
    """Return the published file the dashboard is to show (``BREAKWATCH_PUBLISHED``), or None when none is named."""
    value = os.environ.get(PUBLISHED_VARIABLE)
    return Path(value) if value else None


def child_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Return our environment with ``extra`` over it, for a process we start."""
    return {**os.environ, **extra}


def has_desktop() -> bool:
    """Return whether somebody sits before a screen: without one, a text browser would take over the terminal."""
    return sys.platform in {"darwin", "win32"} or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


def data_home() -> Path:
    """Return the folder for data that belongs to the user but to no project; works without a home directory."""
    data = os.environ.get("XDG_DATA_HOME")
    if data:
        return Path(data) / "breakwatch"
    home = os.environ.get("HOME")
    if home and Path(home).is_dir():
        return Path(home) / ".local" / "share" / "breakwatch"
    return Path.cwd() / "demo-data"


def read_secret(path: Path) -> str:
    """Return the secret a file holds, without the line end; ConfigError when it cannot be read or is empty."""
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{path}: the secret cannot be read: {error}", "check the path and its permissions"
        ) from error
    if not text:
        raise ConfigError(f"{path}: the secret is empty", "write the secret into the file")
    return text
