"""First objectives, from what was observed: ours, to be made the user's own, and only such as can be proved."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from math import isinf

from analysis.provable import TIMES_BETWEEN_EDGES, least_provable_s, written_s
from analysis.questions.starters import OpenTime, Seen, Starters

_STEPS_S = (1, 2, 3, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600, 900, 1200, 1800, 2700, 3600, 5400, 7200, 10800,
            14400, 21600, 43200, 86400)  # fmt: skip
_SHARES = (0.9999, 0.9995, 0.999, 0.995, 0.99, 0.98, 0.95, 0.9)
_NAMES = {
    "breaker_recovery_time": "breakers-recover",
    "health_recovery_time": "health-recovers",
    "failover_time": "fails-over",
    "success_ratio": "answers",
}
_WHAT = {
    "breaker_recovery_time": ("episode", "episodes"),
    "health_recovery_time": ("recovery", "recoveries"),
    "failover_time": ("failover", "failovers"),
    "success_ratio": ("request", "requests"),
}
FEW = 5
DAY_S = 86_400
_UNITS = ((DAY_S, DAY_S, "d"), (3600, 3600, "h"), (120, 60, "min"), (0, 1, "s"))
"""From how many seconds on a length is written in which unit, and how many seconds that has."""


def objectives(service: str, found: Starters, interval_s: float | None, *, breakers: bool) -> Iterator[str]:
    """Yield the lines of one service's starter objectives; those that cannot be proved are written as comments.

    Args:
        service: whose.
        found: what was seen.
        interval_s: the scrape interval of what tells about it; None where it is not known.
        breakers: whether it has any: then also "none of them opened" is worth saying.
    """
    covered_s = found.covered_s.get(service)
    observed = "observed" if covered_s is None else f"observed {_length(covered_s)}"
    seen = {one.indicator: one for one in found.of(service)}
    for indicator in _NAMES:
        if indicator in seen:
            yield from _objective(seen[indicator], observed, interval_s)
    if breakers and "breaker_recovery_time" not in seen and interval_s is not None:
        least = written_s(least_provable_s(interval_s))
        provable = f"a limit of {least} or more on its recovery could be proved"
        yield f"  # {service}: {observed}: no breaker opened; {provable}\n"


def _objective(seen: Seen, observed: str, interval_s: float | None) -> Iterator[str]:
    limit = _limit(seen, interval_s)
    kept = limit is not None
    yield f"  # {observed}: {_figure(seen)}; provable: {'yes' if kept else _why_not(seen)}\n"
    name = f"{_slug(seen.service)}-{_NAMES[seen.indicator]}"
    stat = ", stat: p90" if seen.indicator in TIMES_BETWEEN_EDGES else ""
    line = (
        f"- {{name: {json.dumps(name)}, indicator: {seen.indicator}{stat}, {limit or 'report_only: true'}, window: 30d,"
        f" service: {json.dumps(seen.service, ensure_ascii=False)}, origin: default}}"
    ).replace("${", "$${")
    yield f"  {'' if kept else '# '}{line}\n"


def _limit(seen: Seen, interval_s: float | None) -> str | None:
    """Return a limit that what was seen keeps and that can be proved, rounded to what a person would promise."""
    if seen.indicator == "success_ratio":
        share = next((one for one in _SHARES if seen.figure.low is not None and one <= seen.figure.low), None)
        return None if share is None else f"at_least: {share:.4%}".rstrip("0%").rstrip(".") + "%"
    high_s = seen.figure.high
    if high_s is None or isinf(high_s):
        return None
    least_s = max(high_s, 0.0 if interval_s is None else least_provable_s(interval_s))
    step_s = next((step for step in _STEPS_S if step >= least_s), None)
    return None if step_s is None else f"at_most: {written_s(step_s)}"


def _why_not(seen: Seen) -> str:
    if seen.indicator == "success_ratio":
        return "no, less than 90 % were answered well: is every one of these calls a user's?"
    if not seen.ongoing:
        return "no, these calls are counted and not told one by one: add their log as a source"
    return "not before what is still going on has ended"


def _figure(seen: Seen) -> str:
    singular, plural = _WHAT[seen.indicator]
    count = f"n={seen.n:,} {singular if seen.n == 1 else plural}" + (
        f", {seen.ongoing} ongoing" if seen.ongoing else ""
    )
    if seen.indicator == "success_ratio":
        # Cut, not rounded: 99.899 % never prints as 99.9 %.
        share = int((seen.figure.value or 0.0) * 1e5) / 1e3
        return f"{share:g} % good, {count}"
    value, low, high = seen.figure.value, seen.figure.low, seen.figure.high
    bounds = "" if low is None else f" [{low:.4g}, {'∞' if high is None or isinf(high) else f'{high:.4g}'}]"
    few = ", too few to compare" if seen.n < FEW else ""
    return f"p90 {'not known yet' if value is None else f'{value:.4g} s'}{bounds}, {count}{few}"


def expected(times: list[OpenTime]) -> Iterator[str]:
    """Yield commented lines of the open times that were seen, to be declared by those who know the settings."""
    told = [one for one in times if one.least_low_s > 0]
    if told:
        yield "    # expected:\n    #   breakers:\n"
    for one in told:
        seen = f"never seen open for less than {one.least_low_s:.4g} s, n={one.n}"
        name = json.dumps(one.breaker, ensure_ascii=False).replace("${", "$${")
        yield f"    #     {name}: {{open_time: {written_s(round(one.least_s, 1))}}}   # {seen}\n"


def _length(covered_s: float) -> str:
    """Return how long something was seen, to three digits: under two minutes in seconds."""
    size_s, unit = next((size_s, unit) for least_s, size_s, unit in _UNITS if covered_s >= least_s)
    return f"{covered_s / size_s:.3g} {unit}"


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "service"
