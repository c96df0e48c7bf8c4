"""What is watched: services, what they depend on, and the settings their breakers and retries are said to have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from breakwatch.config_units import Ratio, Seconds, ShareOfInstances, ShareRule, Strict

ErrorClass = Literal["transient", "degraded", "persistent", "fatal"]


class Owner(Strict):
    """Who answers for a service and how to reach them."""

    team: str
    email: str = ""
    chat: str = ""


class InstancesRule(Strict):
    """How many instances must be down for the service to count as down or degraded."""

    down_when: ShareOfInstances = ShareRule(">=", 1.0)
    degraded_when: ShareOfInstances = ShareRule(">", 0.0)


class Operation(Strict):
    """One thing a service does, recognised by labels."""

    name: str
    match: Mapping[str, str] = {}
    critical: bool = False


class Dependency(Strict):
    """What the service needs: ``hard``, it is hurt when this is down; ``soft``, it can do without."""

    service: str
    kind: Literal["hard", "soft"] = "hard"


class Fallback(Strict):
    """A standby: used when a dependency is down, and to be proved from time to time."""

    name: str
    when: str
    to: str
    prove_every_s: Seconds = Field(default=90 * 86400.0, gt=0, validation_alias="prove_every")


class ExpectedBreaker(Strict):
    """The settings a breaker is said to run with; it is held to those that are given."""

    failure_threshold: int | None = Field(default=None, gt=0)
    failure_rate: Ratio | None = Field(default=None, gt=0, le=1)
    open_time_s: Seconds | None = Field(default=None, gt=0, validation_alias="open_time")
    half_open_calls: int | None = Field(default=None, gt=0)


class ExpectedRetries(Strict):
    """The retry policy an operation is said to follow."""

    max_attempts: int | None = Field(default=None, gt=0)
    initial_delay_s: Seconds | None = Field(default=None, ge=0, validation_alias="initial_delay")
    factor: float | None = Field(default=None, ge=1)
    max_delay_s: Seconds | None = Field(default=None, ge=0, validation_alias="max_delay")
    jitter: bool | None = None


class Expected(Strict):
    """Declared settings by the name of the breaker or the operation."""

    breakers: Mapping[str, ExpectedBreaker] = {}
    retries: Mapping[str, ExpectedRetries] = {}


class ServiceConfig(Strict):
    """One service: how to recognise it, whose it is, and what it promises to withstand.

    ``match`` holds labels that must all be equal, in the series or in the labels of the source.
    """

    name: str = Field(min_length=1)
    match: Mapping[str, str] = {}
    owner: Owner | None = None
    runbook: str = ""
    critical: bool = False
    sli_source: Literal["edge", "server", "client"] | None = None
    instances: InstancesRule = InstancesRule()
    operations: tuple[Operation, ...] = ()
    depends_on: tuple[Dependency, ...] = ()
    fallbacks: tuple[Fallback, ...] = ()
    expected: Expected = Expected()
    error_classes: Mapping[ErrorClass, tuple[str, ...]] = {}
