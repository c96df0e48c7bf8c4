"""Which changes of benchmarks and of daily figures matter: floors, limits, and how often a report may be chance."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from breakwatch.config_units import Limit, Ratio, Strict


class BenchmarkRule(Strict):
    """What holds for some series; names may hold ``*``. Of several rules that fit the last one counts, key by key.

    Attributes:
        min_effect: the least change that matters, as a share of the level before.
        at_most, at_least: an absolute limit, whatever the history says.
        ignore: these series are not judged.
    """

    suite: str = "*"
    benchmark: str = "*"
    metric: str = "*"
    run_environment: str = "*"
    min_effect: Ratio | None = Field(default=None, ge=0)
    at_most: Limit | None = None
    at_least: Limit | None = None
    ignore: bool | None = None

    @model_validator(mode="after")
    def _plain_limits(self) -> BenchmarkRule:
        for limit in (self.at_most, self.at_least):
            if limit is not None and limit.relative_to is not None:
                raise PydanticCustomError(
                    "bad_value",
                    "{message}",
                    {"message": "a benchmark has no declared expectation", "remedy": "write 100ms, 99%, or a number"},
                )
        return self


class Regressions(Strict):
    """How regressions are told from noise.

    Attributes:
        min_effect: the least change that matters, where no rule says otherwise.
        false_discovery_rate: the share of reports that may be due to chance, over all series of a release.
        own: whether the figures of objectives are watched as well, as a value per day or per release.
        benchmarks: what holds for some series.
    """

    min_effect: Ratio = Field(default=0.05, ge=0)
    false_discovery_rate: Ratio = Field(default=0.05, gt=0, lt=1)
    own: Literal["day", "release", "no"] = "day"
    benchmarks: tuple[BenchmarkRule, ...] = ()
