"""What is asked of an indicator, and what it answers.

An indicator is asked many things at once (all objectives that name it, over all their windows), so that its SQL runs
once: ``asked`` makes the parameters that join the asks to the facts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from analysis.spans import Spans
from breakwatch.config_objectives import Policy, Stat

if TYPE_CHECKING:
    from breakwatch.clock import Instant
    from breakwatch.config import Config
    from store import Rows


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose figures are asked for; None leaves a field open.

    Attributes:
        experiment: only what belongs to this experiment (its faults, phases, and what happened in its window).
        target: what is called, for calls and failovers; the component, for health.
        phase: only the phase of this name of the experiments in the window.
        critical: only operations (where they are declared, else services) that are declared critical, or are not.
        outcome, outcome_class, priority: as in ``where`` of an objective.
        kind: of findings; name: of measurements; sql: the query of the indicator ``sql``.
    """

    environment: str | None = None
    service: str | None = None
    operation: str | None = None
    breaker: str | None = None
    target: str | None = None
    instance: str | None = None
    experiment: str | None = None
    phase: str | None = None
    critical: bool | None = None
    outcome: str | None = None
    outcome_class: str | None = None
    priority: str | None = None
    kind: str | None = None
    name: str | None = None
    sql: str | None = None


@dataclass(frozen=True, slots=True)
class Slicing:
    """By which slices of time a ratio is counted instead of by its calls.

    Attributes:
        length_us: how long a slice is; slices begin at whole multiples of it since 1970.
        good_from: the share of good calls from which on a slice is good; None takes the mean of the slices' shares.
    """

    length_us: int
    good_from: float | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """One question to an indicator.

    Attributes:
        spans: the time that counts: the window, without what service hours, maintenance and exclusions take out.
            Things that last are asked for by their beginning; counts by their buckets.
        stat: which statistic of several lengths; None where the indicator has only one value.
        policy: how things are counted.
        good_share: the target of the objective that budgets and burn rates are about (0.999), else None.
        limit_s: the latency objective that ``experience_score`` is about, in seconds, else None.
        slicing: None counts calls.
        whole_s: how long the whole window is, its future included, in seconds; None where ``spans`` is all of it.
    """

    scope: Scope = Scope()
    spans: Spans = ()
    stat: Stat | None = None
    policy: Policy = field(default_factory=Policy)
    good_share: float | None = None
    limit_s: float | None = None
    slicing: Slicing | None = None
    whole_s: float | None = None

    @property
    def start_us(self) -> Instant:
        """Where the time that counts begins."""
        return self.spans[0][0]

    @property
    def end_us(self) -> Instant:
        """Where it ends."""
        return self.spans[-1][1]


@dataclass(frozen=True, slots=True)
class Measured:
    """What an indicator answers.

    Attributes:
        value: None where there is no data, or nothing happened.
        low, high: the value is no less and no more than this; infinite is unbounded, None is unknown.
        n: how many events it rests on: episodes, calls, samples, whatever the indicator counts.
        ongoing: how many of them have not ended.
        coverage: the share of the time asked for in which the subject was seen, 0 to 1; None where nothing watches it.
        ci_low, ci_high: the 95 % interval of a mean or a share by its sampling, no bounds of a verdict.
        note: what a reader has to know, such as "nothing happened in a covered window"; empty for nothing.
        remedy: what would make it better known, where the indicator knows.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    ongoing: int = 0
    coverage: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    note: str = ""
    remedy: str = ""

    def seen(self, coverage: float | None) -> Measured:
        """Return the same with its coverage."""
        return replace(self, coverage=coverage)


_PARAMETER = re.compile(r"\$(\w+)")

NO_DATA = Measured()
"""Nothing is known."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What figures stand on: the data, what is declared about services, and the present.

    Attributes:
        rows: the store or the published file; both show the same views.
        now_us: the instant as of which is asked.
        known: what was looked up for several indicators, by name; see ``once``.
    """

    rows: Rows
    config: Config
    now_us: Instant
    known: dict[str, Any] = field(default_factory=dict)

    def once(self, name: str, look: Any) -> Any:  # noqa: ANN401 - whatever is looked up
        """Return what ``look(self)`` returned when it was first asked for under this name."""
        if name not in self.known:
            self.known[name] = look(self)
        return self.known[name]


def asked(asks: Sequence[Ask], sql: str) -> dict[str, list[Any]]:
    """Return the parameters of a statement that joins asks to facts, as parallel lists: a row for each span of each.

    Only those are returned that ``sql`` names:

    ``$ask`` is the index of the ask; ``$from_us`` and ``$to_us`` its span; ``$environment``, ``$service``,
    ``$operation``, ``$breaker``, ``$target``, ``$instance``, ``$experiment`` its scope, NULL where it is left open;
    ``$experiments`` whether what happened in experiments counts (where one is asked for, it does)::

        with asked as (
            select unnest($ask::bigint[]) as ask, unnest($service::varchar[]) as service, …
        )
    """
    names = ("ask", "from_us", "to_us", "experiments", *SCOPE)
    found: dict[str, list[Any]] = {name: [] for name in names}
    for place, ask in enumerate(asks):
        for start, end in ask.spans:
            found["ask"].append(place)
            found["from_us"].append(start)
            found["to_us"].append(end)
            found["experiments"].append(ask.policy.experiments == "include" or ask.scope.experiment is not None)
            for name in SCOPE:
                found[name].append(getattr(ask.scope, name))
    return {name: values for name, values in found.items() if name in parameters(sql)}


@cache
def parameters(sql: str) -> frozenset[str]:
    """Return the names of the parameters of a statement."""
    return frozenset(_PARAMETER.findall(sql))


def along(asks: Sequence[Ask], tell: Callable[[Ask], Any]) -> list[Any]:
    """Return what ``tell`` says of each ask, once for each of its spans: a list parallel to those of ``asked``."""
    return [told for ask in asks for told in [tell(ask)] * len(ask.spans)]


SCOPE = ("environment", "service", "operation", "breaker", "target", "instance", "experiment")
"""Fields of a scope that are columns of the facts."""
