"""``breakwatch init``: a commented configuration to start from, filled from what a Prometheus holds."""

from __future__ import annotations

import json
import tempfile
from importlib.resources import files
from pathlib import Path
from string import Template

from pydantic import ValidationError

from breakwatch.clock import Clock, system_clock
from breakwatch.config import Config, PrometheusSource, load
from breakwatch.errors import ConfigError, UsageError
from collectors.discover import Discovery, discover

LARGEST_SERVICES = 50


def write(path: Path, prometheus: str | None, *, force: bool, clock: Clock = system_clock) -> Path:
    """Write a starter configuration and return its path.

    Raises:
        UsageError: the file exists and ``force`` was not given.
        SourceError: the Prometheus named cannot be asked.
    """
    if path.exists() and not force:
        raise UsageError(f"{path}: exists already", "add --force to overwrite it, or name another file with --config")
    text = _blank() if prometheus is None else _filled(prometheus, clock)
    _check(text)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}", "choose another file with --config") from error
    return path


def _template(name: str) -> Template:
    return Template((files("service") / "templates" / name).read_text(encoding="utf-8"))


def _blank() -> str:
    return _template("breakwatch.yaml").substitute(source=_template("source-example.yaml").template, services="")


def _filled(url: str, clock: Clock) -> str:
    try:
        source = PrometheusSource(name="prometheus", url=url, labels={"environment": "default"})
    except ValidationError as error:
        (first, *_) = error.errors()
        raise UsageError(f"--prometheus: {first['msg']}", str(first["ctx"]["remedy"])) from None
    found = discover(source, Config(sources=(source,)), clock)
    lines = [
        f"  - name: {_quoted(source.name)}",
        "    kind: prometheus",
        f"    url: {_quoted(source.url)}",
        "    labels: {environment: default}   # what its own answers do not say; name your environment and cluster",
        f"    profiles: [{', '.join(_quoted(name) for name in sorted(found.profiles))}]   # {_series(found)}",
    ]
    if found.scrape_interval_s is not None:
        half_s = found.scrape_interval_s / 2
        lines.append(f"    # scraped every {found.scrape_interval_s:g} s: edges are known to about ± {half_s:g} s")
    services = "".join(_service(name) for name in sorted(found.services)[:LARGEST_SERVICES])
    return _template("breakwatch.yaml").substitute(source="\n".join(lines) + "\n", services=services)


def _series(found: Discovery) -> str:
    if not found.profiles:
        return "no known library was found; empty looks for all"
    return ", ".join(f"{name}: {count} series" for name, count in sorted(found.profiles.items()))


def _service(name: str) -> str:
    return (
        f"  - name: {_quoted(name)}\n"
        "    # owner: {team: , email: , chat: }\n"
        "    # runbook: https://\n"
        "    # critical: true\n"
        "    # depends_on: [{service: , kind: hard}]\n"
    )


def _quoted(text: str) -> str:
    """Return a text as a YAML scalar: JSON's quoting is valid YAML, and $ must not start a variable."""
    return json.dumps(text, ensure_ascii=False).replace("${", "$${")


def _check(text: str) -> None:
    """Load what we are about to write: a starter file that does not load would be our bug."""
    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder) / "breakwatch.yaml"
        trial.write_text(text, encoding="utf-8")
        try:
            load(trial)
        except ConfigError as error:
            raise AssertionError(f"the starter configuration is not valid: {error.problem}") from error
