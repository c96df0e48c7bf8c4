"""Readings of signals that mean something only together, or only to a later question."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, model_validator

from breakwatch.config_units import Strict
from breakwatch.model import ServiceLevel, TrackKind
from collectors.profiles.reading import LabelSpec, Reading, refused


class LevelRule(Strict):
    """One line of a reading of levels: the level, and what must hold for it.

    Attributes:
        part: which number is compared; without one the rule always holds.
        of: the number it is divided by. Where that is 0 there is nothing to give a share of, and no level.
        at_least, above, at_most: the number or share must reach, exceed, or not exceed this.
    """

    level: ServiceLevel
    part: str = ""
    of: str = ""
    at_least: float | None = None
    above: float | None = None
    at_most: float | None = None

    @property
    def limit(self) -> tuple[str, float] | None:
        """The comparison and what is compared with; None for a rule that always holds."""
        said = {"at_least": self.at_least, "above": self.above, "at_most": self.at_most}
        return next(((how, limit) for how, limit in said.items() if limit is not None), None)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        limits = sum(limit is not None for limit in (self.at_least, self.above, self.at_most))
        if limits != bool(self.part) or (self.of and not self.part):
            raise refused(
                "a rule compares one part with at_least, above or at_most", "or is the last and says only a level"
            )
        return self


class LevelCountsReading(Reading):
    """Several gauges of the same labels and scrape that together say a service level.

    Attributes:
        parts: name → metric. All must be there at a scrape, else it says nothing.
        part_label: where one ``metric`` holds them all, the label that tells them apart; ``parts`` are then its values.
        levels: rules, the first that holds says the level; the last holds always.
    """

    reads: Literal["level_counts"]
    parts: Mapping[str, str] = Field(min_length=1)
    part_label: str = ""
    levels: tuple[LevelRule, ...] = Field(min_length=1)

    @property
    def kind(self) -> TrackKind:
        """The quantity the reading yields."""
        return TrackKind.LEVEL_STATE

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics of all parts."""
        return (self.metric,) if self.part_label else tuple(self.parts.values())

    @model_validator(mode="after")
    def _rules(self) -> Self:
        named = {name for rule in self.levels for name in (rule.part, rule.of) if name}
        if bool(self.metric) != bool(self.part_label) or not named <= set(self.parts):
            raise refused("level_counts names its metrics in parts, and its rules those parts", "see parts, part_label")
        if any(bool(rule.part) == (rule is self.levels[-1]) for rule in self.levels):
            raise refused("the last rule, and only that, says a level without a condition", "add one")
        if ServiceLevel.UNKNOWN in {rule.level for rule in self.levels}:
            raise refused("a number is no level unknown", "leave the part out of the scrape, or name another level")
        return self


class ExperimentReading(Reading):
    """What a tool that injects faults says about itself. Kept as it is, for experiments to be made of it.

    Attributes:
        signal: ``running`` gauge of how many run; ``verdict`` gauge, 1 for a moment; ``started_at``, ``ended_at`` and
            ``injected_at`` gauges in seconds since the epoch; ``injected`` counter of faults put in.
        experiment, fault: whose labels name it, and which kind of fault it is.
        phase: label of the phase or verdict.
    """

    reads: Literal["experiment"]
    signal: Literal["running", "verdict", "started_at", "ended_at", "injected_at", "injected"]
    experiment: LabelSpec = ()
    fault: LabelSpec = ()
    phase: LabelSpec = ()

    @property
    def kind(self) -> TrackKind:
        """The quantity the reading yields."""
        return TrackKind.INJECTIONS if self.signal == "injected" else TrackKind.EXPERIMENT
