"""``breakwatch init``: a commented configuration to start from, filled from what a Prometheus holds."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

from pydantic import ValidationError

from analysis.questions.starters import Starters
from breakwatch.clock import Clock, system_clock
from breakwatch.config import Config, LogsSource, PrometheusSource, load
from breakwatch.config_units import parse_duration_s
from breakwatch.errors import ConfigError, UsageError
from collectors.discover import Discovery, discover
from collectors.logs.trial import Guess, guessed
from service.observing import LOOK_S, look
from service.suggesting import expected, objectives

LARGEST_SERVICES = 50
MOST_TARGETS = 10
NOTHING = Discovery({}, [], [], None, [], None, {}, 0, {}, {}, {}, [], [], {})
PROOFS = {
    "run": "proved against the running program",
    "recorded": "recorded from the running program",
    "own": "our own names",
    "source": "read in the library's source, not proved by a run",
    "no": "not proved: check what it says",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """Which server to ask, how to get in, and for how many seconds to look at what it holds (0: not at all)."""

    url: str
    headers: Sequence[str] = ()
    bearer_token_file: Path | None = None
    username: str = ""
    password_file: Path | None = None
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    within_s: float = LOOK_S

    def source(self) -> PrometheusSource:
        """Return it as a source; UsageError where it is no address, or half of a credential."""
        settings: dict[str, Any] = {"headers": self._headers()} | self._credentials()
        try:
            return PrometheusSource(name="prometheus", url=self.url, labels={"environment": "default"}, **settings)
        except ValidationError as error:
            (first, *_) = error.errors()
            option = str(first["loc"][0]) if first["loc"] else "prometheus"
            remedy = first.get("ctx", {}).get("remedy", "breakwatch init --help")
            raise UsageError(f"--{'prometheus' if option == 'url' else option}: {first['msg']}", str(remedy)) from None

    def _headers(self) -> dict[str, str]:
        split = [header.partition(":") for header in self.headers]
        for name, colon, _ in split:
            if not colon or not name.strip():
                raise UsageError(f"--header: {name!r} is no header", 'write --header "X-Scope-OrgID: team-a"')
        return {name.strip(): value.strip() for name, _, value in split}

    def _credentials(self) -> dict[str, Any]:
        given: dict[str, Any] = dict(self._files())
        if bool(self.username) != (self.password_file is not None):
            raise UsageError("--username and --password-file belong together", "give both, or neither")
        if self.key_file is not None and self.cert_file is None:
            raise UsageError("--key-file is only for a certificate", "name the certificate with --cert-file")
        if self.username:
            given["basic_auth"] = {"username": self.username, "password_file": self.password_file}
        return given

    def _files(self) -> Iterator[tuple[str, Path]]:
        """Yield the files that let us in, by the name of their setting."""
        for name in ("bearer_token_file", "ca_file", "cert_file", "key_file"):
            file = getattr(self, name)
            if file is not None:
                yield name, file

    def written(self) -> Iterator[str]:
        """Yield the lines of the configuration that say the same; paths are made absolute, for it may move."""
        if self.headers:
            told = ", ".join(f"{_quoted(name)}: {_quoted(value)}" for name, value in self._headers().items())
            yield f"headers: {{{told}}}"
        for name, file in self._files():
            yield f"{name}: {_quoted(str(file.absolute()))}"
        if self.username and self.password_file is not None:
            password = _quoted(str(self.password_file.absolute()))
            yield f"basic_auth: {{username: {_quoted(self.username)}, password_file: {password}}}"


def write(
    path: Path, asked: Asked | None, logs: Sequence[str] = (), *, force: bool, clock: Clock = system_clock
) -> Path:
    """Write a starter configuration and return its path; without a server or logs to look at it is a blank one.

    Args:
        path: of the file to write.
        asked: the Prometheus to ask, and for how long to look at what it and the logs hold.
        logs: patterns of log files.
        force: overwrite a file that is there.
        clock: where the present comes from.

    Raises:
        UsageError: the file exists and ``force`` was not given, or what was asked is no server's address, or no lines
            of some log files are understood.
        SourceError: the Prometheus named cannot be asked.
    """
    if path.exists() and not force:
        raise UsageError(f"{path}: exists already", "add --force to overwrite it, or name another file with --config")
    text = _filled(asked, logs, clock) if asked is not None or logs else _blank()
    _check(text)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}", "choose another file with --config") from error
    return path


def length_s(text: str) -> float:
    """Return a written length of time in seconds; UsageError for another text."""
    try:
        return parse_duration_s(text)
    except ValueError as error:
        raise UsageError(f"--look: {error}", "write 30s, 5m, or 0s for not at all") from error


def _template(name: str) -> Template:
    return Template((files("service") / "templates" / name).read_text(encoding="utf-8"))


def _blank() -> str:
    source = _template("source-example.yaml").template
    return _template("breakwatch.yaml").substitute(source=source, services="", objectives=" []\n")


def _filled(asked: Asked | None, logs: Sequence[str], clock: Clock) -> str:
    followed = list(_followed(logs, clock))
    server = None if asked is None else asked.source()
    config = Config(sources=(*([server] if server else []), *(source for source, _ in followed)))
    found = NOTHING if server is None else discover(server, config, clock)
    within_s = LOOK_S if asked is None else asked.within_s
    seen = Starters({}, (), ()) if within_s <= 0 else look(config, clock, within_s).starters
    services = sorted({*found.services, *seen.covered_s})[:LARGEST_SERVICES]
    guarded = {one.service for one in found.breakers} | {one.service for one in seen.open_times}
    lines = [
        line
        for name in services
        for line in objectives(name, seen, found.intervals_s.get(name), breakers=name in guarded)
    ]
    named = any(not line.lstrip().startswith("#") for line in lines)
    asks = "" if asked is None or server is None else "".join(_source(asked, server, found))
    return _template("breakwatch.yaml").substitute(
        source=asks + "".join(line for source, guess in followed for line in _log(source, guess)),
        services="".join(line for name in services for line in _service(name, found, seen)),
        objectives=("\n" if named else " []\n") + "".join(lines),
    )


def _followed(logs: Sequence[str], clock: Clock) -> Iterator[tuple[LogsSource, Guess]]:
    """Yield a source for each pattern of log files, read in the way by which most of it is understood."""
    for number, pattern in enumerate(logs):
        guess = guessed([Path(pattern)], Config(), clock)
        if guess is None:
            raise UsageError(
                f"--logs {pattern}: no line of such files is understood by any profile",
                "check the path, or describe the lines with pattern: in the configuration",
            )
        settings = {"name": f"logs-{number + 1}", "paths": [Path(pattern).absolute()], "format": guess.format}
        labels = {"environment": "default"}
        yield LogsSource.model_validate({**settings, "profile": guess.profile, "labels": labels}), guess


def _log(source: LogsSource, guess: Guess) -> Iterator[str]:
    yield f"  - name: {_quoted(source.name)}\n    kind: logs\n"
    yield f"    paths: [{', '.join(_quoted(str(path)) for path in source.paths)}]\n"
    trial = guess.trial
    whose = (
        "whose these lines are they do not say: add application: NAME" if trial.nameless else "name your environment"
    )
    yield f"    labels: {{environment: default}}   # {whose}\n"
    told = f"of the last {trial.lines:,} lines {trial.understood:,} events were understood, {trial.rejected:,} rejected"
    yield f"    format: {guess.format}\n    profile: {guess.profile}   # {told}\n"


def _source(asked: Asked, source: PrometheusSource, found: Discovery) -> Iterator[str]:
    yield f"  - name: {_quoted(source.name)}\n    kind: prometheus\n    url: {_quoted(source.url)}\n"
    yield "    labels: {environment: default}   # what its own answers do not say; name your environment and cluster\n"
    yield from (f"    {line}\n" for line in asked.written())
    if found.profiles:
        yield "    # Found here; without this line every known library is looked for, also those that come later:\n"
        yield f"    # profiles: [{', '.join(_quoted(name) for name in sorted(found.profiles))}]\n"
    for name, count in sorted(found.profiles.items()):
        yield f"    #   {name}: {count} series; {PROOFS[found.verified[name]]}\n"
    if not found.profiles:
        yield "    # no known library was found; breakwatch doctor says what comes near\n"
    for job in found.jobs:
        if job.interval_s is not None:
            about = f"edges are known to about ± {job.interval_s / 2:g} s"
            yield f"    # job {_quoted(job.job)} is scraped every {job.interval_s:g} s: {about}\n"
    if found.scrape_interval_s is None:
        yield "    # scrape_interval: 15s   # the server does not tell; say it where you know it\n"


def _service(name: str, found: Discovery, seen: Starters) -> Iterator[str]:
    yield f"  - name: {_quoted(name)}\n"
    for breaker in found.breakers:
        if breaker.service == name:
            where = f"{breaker.instances} instance{'' if breaker.instances == 1 else 's'}"
            yield f"    # breaker {_quoted(breaker.breaker)} on {where}, by {breaker.profile}\n"
    if found.targets.get(name):
        shown = ", ".join(_quoted(target) for target in found.targets[name][:MOST_TARGETS])
        more = ", …" if len(found.targets[name]) > MOST_TARGETS else ""
        yield f"    # calls go to {shown}{more}\n"
    yield "    # owner: {team: , email: , chat: }\n"
    yield "    # runbook: https://\n"
    yield "    # critical: true\n"
    yield "    # depends_on: [{service: , kind: hard}]\n"
    yield from expected([one for one in seen.open_times if one.service == name])


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
