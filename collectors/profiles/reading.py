"""What every reading of a profile has: which series it means, and whose they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

import re2
from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from breakwatch.config_units import Strict

SubjectField = Literal["service", "operation", "breaker", "component", "target", "instance"]


def refused(message: str, remedy: str) -> PydanticCustomError:
    """Return what a validator raises: what is wrong, and what to do about it."""
    return PydanticCustomError("bad_value", "{message}; {remedy}", {"message": message, "remedy": remedy})


def re2_pattern(pattern: str) -> str:
    """Return a pattern that RE2 accepts."""
    try:
        re2.compile(pattern)
    except re2.error as error:
        raise refused(f"{pattern!r} is not an RE2 pattern", str(error)) from error
    return pattern


Pattern = Annotated[str, Field(max_length=1000), AfterValidator(re2_pattern)]
LabelSpec = str | tuple[str, ...]


class Reading(Strict):
    """One metric and what it means.

    Attributes:
        metric, pattern: the metric by its name, or by an RE2 pattern matched in full; one of the two.
        any_prefix: the application may have put a prefix of its own before ``metric`` (``shop_hystrix_…``).
        where: label → the values of which it must have one; the empty text means "absent".
        where_pattern: label → RE2 pattern its value must match in full.
        with_labels, without_labels: labels that must be there, or must not; tells versions of an exporter apart.
        labels: our field → their label or labels.
        fixed: our field → a text that is always meant.
        sentinels: values that mean "not known" and are dropped as unseen.
    """

    metric: str = ""
    pattern: Pattern = ""
    any_prefix: bool = False
    where: Mapping[str, tuple[str, ...]] = {}
    where_pattern: Mapping[str, Pattern] = {}
    with_labels: tuple[str, ...] = ()
    without_labels: tuple[str, ...] = ()
    labels: Mapping[SubjectField, LabelSpec] = {}
    fixed: Mapping[SubjectField, str] = {}
    sentinels: tuple[float, ...] = ()
    note: str = ""

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics that are meant by their names; none where a pattern says it."""
        return (self.metric,) if self.metric else ()

    @model_validator(mode="after")
    def _one_name(self) -> Self:
        if bool(self.metrics) == bool(self.pattern):
            raise refused("a reading needs one of metric and pattern", "name the metric")
        if self.pattern and self.any_prefix:
            raise refused("any_prefix belongs to metric", "let the pattern say which prefixes there may be")
        return self
