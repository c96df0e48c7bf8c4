"""What is promised and how it is counted: objectives, policies, maintenance, alerts, channels, reports."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BeforeValidator, Field, SecretStr, model_validator
from pydantic_core import PydanticCustomError

from breakwatch.config_units import Limit, Ratio, RelativePath, Seconds, Strict, Target, Timezone, parse_duration_s
from breakwatch.model import Outcome, ServiceLevel

Budgeting = Literal["occurrences", "timeslices", "ratio_timeslices"]
Severity = Literal["S1", "S2", "S3", "S4"]
Stat = Literal["mean", "median", "p90", "p95", "p99", "min", "max"]
Comparison = Literal["below", "at_most", "above", "at_least", "equals"]
Period = Literal["day", "week", "month"]
COMPARISONS: tuple[Comparison, ...] = ("below", "at_most", "above", "at_least", "equals")

Indicator = Literal[
    "detection_time", "reaction_time", "time_to_notify", "failover_time", "takeover_time", "failback_time",
    "breaker_recovery_time", "health_recovery_time", "outage_time", "service_recovery_time", "restore_time",
    "performance_recovery_time", "drain_time",
    "mtbf", "incident_count", "incidents_ongoing", "self_healed_ratio",
    "availability_time", "availability_requests", "success_ratio", "failed_requests", "error_budget_remaining",
    "burn_rate", "latency", "degradation_factor", "continuity_score", "experience_score", "session_preservation",
    "cache_hit_ratio", "stale_after_recovery", "fallback_ratio", "level_floor",
    "retry_amplification", "backoff_conformance", "retries_of_fatal",
    "isolation_ratio", "cascade_depth", "fan_out", "contained_ratio", "recovery_order_violations",
    "findings", "state_lost_on_restart", "state_agreement", "health_agreement", "restarts", "unproven_standby",
    "messages_lost", "dead_letters_left", "coverage", "signal_coverage", "proof", "regressions", "resilience_score",
    "measured", "sql", "composite",
]  # fmt: skip
BUDGETED: frozenset[str] = frozenset({"availability_time", "availability_requests", "success_ratio"})
"""Indicators whose limit leaves a budget: the share that may be bad."""

SLICED: frozenset[str] = frozenset({"availability_requests", "success_ratio"})
"""Indicators that can be counted by slices of time."""


class RollingWindow(Strict):
    """The last so many seconds."""

    length_s: float = Field(gt=0)


class CalendarWindow(Strict):
    """A whole day, week, month, quarter or year in a zone."""

    calendar: Literal["day", "week", "month", "quarter", "year"]
    timezone: Timezone = "UTC"


def _window(value: object) -> object:
    if isinstance(value, int | float):
        raise PydanticCustomError(
            "bad_value",
            "{message}",
            {"message": f"{value} has no unit", "remedy": f"write {value}d, or a calendar window"},
        )
    if isinstance(value, str):
        try:
            return RollingWindow(length_s=parse_duration_s(value))
        except ValueError as error:
            raise PydanticCustomError(
                "bad_value",
                "{message}",
                {"message": str(error), "remedy": "write 30d, or {calendar: month, timezone: Europe/Paris}"},
            ) from error
    if isinstance(value, dict):
        return CalendarWindow.model_validate(value, context={"written": True}, by_alias=True, by_name=False)
    return value


Window = Annotated[RollingWindow | CalendarWindow, BeforeValidator(_window)]


class Where(Strict):
    """Which part of the events an objective is about; what is not given is not restricted."""

    environment: str | None = None
    operation: str | None = None
    target: str | None = None
    instance: str | None = None
    outcome: Outcome | None = None
    priority: str | None = None
    phase: str | None = None
    critical: bool | None = None
    outcome_class: Literal["valid"] | None = None
    kind: str | None = None


class BurnRate(Strict):
    """When a budget is spent too fast: faster than so much of it in ``long``, and still so in ``short``.

    Attributes:
        short_s: None is a twelfth of the long window.
        budget: the share of the whole window's budget that may be spent in the long window.
    """

    long_s: Seconds = Field(gt=0, validation_alias="long")
    short_s: Seconds | None = Field(default=None, gt=0, validation_alias="short")
    budget: Ratio = Field(gt=0, le=1)
    severity: Severity = "S3"


BURN_RATES: tuple[BurnRate, ...] = (
    BurnRate(long_s=3600.0, budget=0.02, severity="S1"),
    BurnRate(long_s=6 * 3600.0, budget=0.05, severity="S2"),
    BurnRate(long_s=86400.0, budget=0.10),
    BurnRate(long_s=3 * 86400.0, budget=0.10),
)
"""What is watched where an objective says nothing of it (Site Reliability Workbook, chapter 5)."""


class Member(Strict):
    """One part of a composite objective: another objective by name, and how much its shortfall weighs."""

    objective: str
    weight: float = Field(default=1.0, gt=0)


class Composite(Strict):
    """What a composite objective is made of."""

    members: tuple[Member, ...] = Field(min_length=2)


class Objective(Strict):
    """A promise: an indicator, its limit and the window it is judged over.

    Attributes:
        stat: None takes the default of the situation (p90, in experiments max).
        after_s: the window starts that long after the end of the fault; None takes the whole window.
        min_events, min_coverage: under these a ``met`` becomes ``cannot_tell``.
        policy: the name of one, or of several side by side: then there is a verdict for each.
        origin: ``promise``, or ``default`` for one of ours, which says so where it is printed.
        of: the objective whose budget ``error_budget_remaining`` and ``burn_rate`` are about; None takes the only one
            of its service that has a budget.
        latency_s: with ``experience_score``, how fast an answer has to be; None takes the service's own objective.
        budgeting: what is counted of a ratio of requests: the requests (occurrences), or slices of time: good ones
            (timeslices, good from ``slice_target`` on), or the mean of their ratios (ratio_timeslices).
        burn_rates: None takes ours, an empty list watches nothing.
        composite: instead of an indicator, other objectives by weight.
        finding: with ``indicator: findings``, the kind of finding. measurement: with ``measured``, its name.
        sql: with ``indicator: sql``, a query that returns value, low, high and n.
    """

    name: str = Field(min_length=1)
    indicator: Indicator = "composite"
    service: str | None = None
    stat: Stat | None = None
    below: Limit | None = None
    at_most: Limit | None = None
    above: Limit | None = None
    at_least: Limit | None = None
    equals: Limit | None = None
    report_only: bool = False
    window: Window = RollingWindow(length_s=30 * 86400.0)
    where: Where = Where()
    after_s: Seconds | None = Field(default=None, ge=0, validation_alias="after")
    severity: Severity = "S3"
    min_events: int = Field(default=0, ge=0)
    min_coverage: Ratio = Field(default=0.99, ge=0, le=1)
    policy: str | tuple[str, ...] = "default"
    origin: Literal["promise", "default"] = "promise"
    finding: str | None = Field(default=None, validation_alias="kind")
    measurement: str | None = None
    sql: str | None = None
    of: str | None = None
    latency_s: Seconds | None = Field(default=None, gt=0, validation_alias="latency")
    burn_rates: tuple[BurnRate, ...] | None = None
    composite: Composite | None = None
    budgeting: Budgeting = "occurrences"
    slice_s: Seconds = Field(default=60.0, gt=0, validation_alias="slice")
    slice_target: Ratio | None = Field(default=None, gt=0, le=1)

    @model_validator(mode="after")
    def _one_measure(self) -> Objective:
        if (self.indicator == "composite") != (self.composite is not None):
            message = f"objective {self.name!r} needs an indicator, or a composite of other objectives"
            raise PydanticCustomError("bad_value", "{message}", {"message": message, "remedy": "give one of the two"})
        return self

    @model_validator(mode="after")
    def _slices(self) -> Objective:
        problem = ""
        if self.budgeting != "occurrences" and self.indicator not in SLICED:
            problem = f"{self.indicator} has no slices: budgeting goes with {' and '.join(sorted(SLICED))}"
        elif (self.budgeting == "timeslices") != (self.slice_target is not None):
            problem = "slice_target says when a slice is good, and goes with budgeting: timeslices"
        elif self.slice_s % 60:
            problem = "a slice is a whole number of minutes: requests are counted by the minute"
        if problem:
            remedy = "write {budgeting: timeslices, slice: 1m, slice_target: 95%}"
            message = f"objective {self.name!r}: {problem}"
            raise PydanticCustomError("bad_value", "{message}", {"message": message, "remedy": remedy})
        return self

    @model_validator(mode="after")
    def _one_limit(self) -> Objective:
        given = [word for word in COMPARISONS if getattr(self, word) is not None]
        if len(given) > 1 or (not given and not self.report_only):
            had = " and ".join(given) or "none"
            raise PydanticCustomError(
                "bad_value",
                "{message}",
                {
                    "message": f"objective {self.name!r} needs one limit and has {had}",
                    "remedy": f"give one of {', '.join(COMPARISONS)}, or report_only: true",
                },
            )
        return self

    @property
    def limit(self) -> tuple[Comparison, Target] | None:
        """The comparison and its target; None where the objective only reports."""
        for word in COMPARISONS:
            target = getattr(self, word)
            if target is not None:
                return word, target
        return None

    @property
    def policies(self) -> tuple[str, ...]:
        """The names of the policies it is judged by."""
        return (self.policy,) if isinstance(self.policy, str) else self.policy


class ServiceHours(Strict):
    """When the promise holds: days of the week and a span of local time."""

    days: tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...]
    start: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] = "00:00"
    end: Annotated[str, Field(pattern=r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$")] = "24:00"


class Policy(Strict):
    """How things are counted; printed with its version on everything that rests on it."""

    version: int = Field(default=1, ge=1)
    unknown: Literal["excluded", "down", "up"] = "excluded"
    maintenance: Literal["excluded", "included"] = "excluded"
    experiments: Literal["separate", "include", "exclude"] = "separate"
    settle_s: Seconds | None = Field(default=None, ge=0, validation_alias="settle")
    outcomes: Mapping[Outcome, Literal["good", "bad", "exclude"]] = {}
    level_weights: Mapping[ServiceLevel, Ratio] = {}
    service_hours: ServiceHours | None = None
    timezone: Timezone = "UTC"


class Maintenance(Strict):
    """A span that was announced; it may be declared after the fact."""

    name: str = ""
    service: str | None = None
    environment: str | None = None
    start: AwareDatetime
    end: AwareDatetime
    reason: str = ""

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Maintenance:
        start: datetime = self.start
        if self.end <= start:
            raise PydanticCustomError(
                "bad_value", "maintenance ends before it starts", {"remedy": "swap start and end"}
            )
        return self


class AlertRule(Strict):
    """What to tell whom: verdicts of these severities, of these services (none named: all), through these channels."""

    name: str = Field(min_length=1)
    severities: tuple[Severity, ...] = ("S1", "S2")
    services: tuple[str, ...] = ()
    objectives: tuple[str, ...] = ()
    channels: tuple[str, ...] = ("email",)
    to: tuple[str, ...] = ()
    hold_s: Seconds = Field(default=0.0, ge=0, validation_alias="for")
    repeat_s: Seconds | None = Field(default=None, gt=0, validation_alias="repeat")


class EmailChannel(Strict):
    """An SMTP server and the address we write from."""

    host: str
    port: int = Field(default=587, gt=0, lt=65536)
    sender: str = Field(validation_alias="from")
    username: str = ""
    password: SecretStr | None = None
    password_file: RelativePath | None = None
    tls: Literal["starttls", "tls", "none"] = "starttls"


class WebhookChannel(Strict):
    """An address that takes a JSON message; ``url_file`` where the address itself is the secret."""

    url: SecretStr | None = None
    url_file: RelativePath | None = None


class Notify(Strict):
    """The channels messages leave by, and an address that is called while all is well."""

    email: EmailChannel | None = None
    webhooks: Mapping[str, WebhookChannel] = {}
    heartbeat_url: str = ""


class ReportConfig(Strict):
    """A report that is sent by the clock."""

    name: str = Field(min_length=1)
    period: Period
    at: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] = "07:00"
    timezone: Timezone = "UTC"
    to: tuple[str, ...] = ()
    services: tuple[str, ...] = ()

    @property
    def hour_minute(self) -> tuple[int, int]:
        """The local time of day it is sent."""
        hour, minute = re.split(":", self.at)
        return int(hour), int(minute)
