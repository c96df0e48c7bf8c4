"""Where observations come from: the ``sources`` of the configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, model_validator
from pydantic_core import PydanticCustomError

from breakwatch.config_units import RelativePath, Seconds, Strict, Timezone

Labels = Mapping[str, str]
STANDARD_INPUT = Path("-")


def _http_url(url: str) -> str:
    parts = urlsplit(url)
    # First: the next message shows the whole URL.
    if parts.username or parts.password:
        raise PydanticCustomError(
            "bad_value",
            "{message}",
            {"message": "a URL must not hold a password", "remedy": "use basic_auth or bearer_token_file"},
        )
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise PydanticCustomError(
            "bad_value",
            "{message}",
            {"message": f"{url!r} is not an http(s) address", "remedy": "write it like http://prometheus:9090"},
        )
    return url.rstrip("/")


HttpUrl = Annotated[str, AfterValidator(_http_url)]


class BasicAuth(Strict):
    """User name and password; the password directly, or better in a file that is read at each use."""

    username: str
    password: SecretStr | None = None
    password_file: RelativePath | None = None

    @model_validator(mode="after")
    def _one_password(self) -> BasicAuth:
        if (self.password is None) == (self.password_file is None):
            raise PydanticCustomError(
                "bad_value",
                "basic_auth needs one of password and password_file",
                {"remedy": "keep the password in a file and name it in password_file"},
            )
        return self


class PrometheusSource(Strict):
    """A server that speaks Prometheus' HTTP API.

    Attributes:
        labels: what its own answers do not say (environment, cluster ...); keeps apart two servers.
        replica_group: servers of one name scrape the same targets; what they saw is fused.
        profiles: names of the profiles to look for; empty looks for all that match.
        header_files: header → the file that holds its value, read at each use (a tenant, an API key).
        ca_file: who may vouch for the server, instead of the usual authorities.
        cert_file, key_file: who we are, where the server wants to know (mTLS); the key may be in cert_file as well.
        timeout_s: for one request in all, retries included.
        scrape_interval_s, scrape_timeout_s: only where the server's own settings cannot be read.
        max_series: more than this is refused, visibly.
    """

    name: str = Field(min_length=1)
    kind: Literal["prometheus"] = "prometheus"
    url: HttpUrl
    labels: Labels = Field(default_factory=dict)
    replica_group: str = ""
    profiles: tuple[str, ...] = ()
    headers: Mapping[str, str] = {}
    header_files: Mapping[str, RelativePath] = {}
    bearer_token_file: RelativePath | None = None
    basic_auth: BasicAuth | None = None
    ca_file: RelativePath | None = None
    cert_file: RelativePath | None = None
    key_file: RelativePath | None = None
    timeout_s: Seconds = Field(default=10.0, gt=0, validation_alias="timeout")
    scrape_interval_s: Seconds | None = Field(default=None, gt=0, validation_alias="scrape_interval")
    scrape_timeout_s: Seconds | None = Field(default=None, gt=0, validation_alias="scrape_timeout")
    max_series: int = Field(default=10_000, gt=0)

    @model_validator(mode="after")
    def _key_with_certificate(self) -> PrometheusSource:
        if self.key_file is not None and self.cert_file is None:
            raise PydanticCustomError(
                "bad_value", "key_file is only for a cert_file", {"remedy": "name the certificate in cert_file"}
            )
        return self


class LogsSource(Strict):
    """Log files that are followed.

    Attributes:
        fields: our name → theirs, over what the profile says.
        pattern: with ``format: regex``, a regular expression (RE2) with named groups.
        timezone: for stamps that name no zone themselves.
        framing: what a logging system puts around each line; ``auto`` looks at each file's first lines.
        redact: what is cut out of the text that is kept of a line: names of rules (``usual`` for most of them,
            ``email`` ...) and RE2 patterns of one's own; empty keeps lines as they are.
    """

    name: str = Field(min_length=1)
    kind: Literal["logs"] = "logs"
    paths: tuple[RelativePath, ...] = Field(min_length=1)
    format: Literal["json", "logfmt", "regex"] = "json"
    profile: str = ""
    labels: Labels = Field(default_factory=dict)
    fields: Mapping[str, str] = {}
    pattern: str = Field(default="", max_length=1000)
    timezone: Timezone = "UTC"
    framing: Literal["auto", "none", "rfc5424", "rfc3164", "cri", "docker", "journald"] = "auto"
    redact: tuple[Annotated[str, Field(max_length=1000)], ...] = ("usual",)

    @model_validator(mode="after")
    def _pattern_with_regex_only(self) -> LogsSource:
        if self.pattern and self.format != "regex":
            raise PydanticCustomError(
                "bad_value", "pattern is only for format: regex", {"remedy": "set format: regex, or leave pattern out"}
            )
        if self.format == "regex" and not (self.pattern or self.profile):
            raise PydanticCustomError(
                "bad_value", "format: regex needs a pattern or a profile", {"remedy": "add pattern: with named groups"}
            )
        return self


class OpenMetricsSource(Strict):
    """Files of text exposition with timestamps, gzip allowed."""

    name: str = Field(min_length=1)
    kind: Literal["openmetrics"] = "openmetrics"
    paths: tuple[RelativePath, ...] = Field(min_length=1)
    labels: Labels = Field(default_factory=dict)
    profiles: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _files_only(self) -> OpenMetricsSource:
        if STANDARD_INPUT in self.paths:
            raise PydanticCustomError(
                "bad_value",
                "standard input is not read by a source of kind openmetrics",
                {"remedy": "pipe it into breakwatch import openmetrics -"},
            )
        return self


class ActuatorSource(Strict):
    """A Spring Boot health page (``/actuator/health``), polled.

    Attributes:
        interval_s: how often it is looked at; bounds how exactly a change is known.
    """

    name: str = Field(min_length=1)
    kind: Literal["actuator"] = "actuator"
    url: HttpUrl
    labels: Labels = Field(default_factory=dict)
    headers: Mapping[str, str] = {}
    bearer_token_file: RelativePath | None = None
    basic_auth: BasicAuth | None = None
    ca_file: RelativePath | None = None
    timeout_s: Seconds = Field(default=5.0, gt=0, validation_alias="timeout")
    interval_s: Seconds = Field(default=15.0, ge=5, validation_alias="interval")


Source = Annotated[PrometheusSource | LogsSource | OpenMetricsSource | ActuatorSource, Field(discriminator="kind")]


def clashes(sources: tuple[Source, ...]) -> Iterator[tuple[int, str, str]]:
    """Yield what is wrong between sources, each being right by itself: index of the later, problem, remedy."""
    for (_, one), (index, other) in combinations(enumerate(sources), 2):
        found = None
        if isinstance(one, PrometheusSource) and isinstance(other, PrometheusSource):
            found = _between_servers(one, other)
        elif STANDARD_INPUT in getattr(one, "paths", ()) and STANDARD_INPUT in getattr(other, "paths", ()):
            found = "both read standard input, which can be read once", "leave '-' to one of them"
        if found is not None:
            problem, remedy = found
            yield index, f"{one.name} and {other.name} {problem}", remedy


def _between_servers(one: PrometheusSource, other: PrometheusSource) -> tuple[str, str] | None:
    grouped = bool(one.replica_group) and one.replica_group == other.replica_group
    alike = dict(one.labels) == dict(other.labels)
    if alike and not grouped:
        problem = "have the same labels, so their equal series could not be told apart"
        return problem, "give each its own labels (environment, cluster), or an HA pair one replica_group"
    if grouped and not alike:
        problem = (
            f"share the replica_group {one.replica_group} but not their labels, so what both saw would count twice"
        )
        return problem, "give both the same labels, without the replica's own"
    return None
