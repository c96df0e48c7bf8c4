"""The steady state by few questions: the server is asked which series did anything at all, and only those are read.

A series is steady in a span when it did not change and was there at every scrape of its target that succeeded. Then its
samples are known without being read: the stamps are those of ``up``, and the value is that of the last scrape. All
others are read sample by sample: those that changed, appeared, vanished or were missing, and those with stamps of their
own. The result is the same as reading everything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from breakwatch.clock import Instant
from collectors.claims import NAME
from collectors.encode import scrape_target
from collectors.packed import Packed, in_order, pack, side_by_side
from collectors.prometheus_api import PrometheusApi
from collectors.samples import Samples
from collectors.scrapes import Stamps
from collectors.targets import Targets

WORTH_IT = 0.5
"""Where more than this part of the series has to be read anyway, all are."""

MOST_VALUES = 200
"""A label with more different values than this does not narrow what is read."""

Key = frozenset[tuple[str, str]]


def carried(
    api: PrometheusApi, series: Sequence[Mapping[str, str]], targets: Targets, since_us: Instant, end_us: Instant
) -> Packed | None:
    """Return the samples of some series in ``[since_us, end_us)``; None where reading them all is as cheap.

    SourceError when the server cannot answer; one that cannot match ``up`` to series refuses the question.
    """
    grids = _succeeded(targets, since_us, end_us)
    lasts = {name: int(stamps[-1]) for name, stamps in grids.items()}
    if not lasts or min(lasts.values()) - since_us < (end_us - since_us) * WORTH_IT:
        return None
    metrics = sorted({one[NAME] for one in series})
    restless = [frozenset(one.items()) for one in api.restless(metrics, since_us, end_us)]
    tail = api.samples(metrics, min(lasts.values()), end_us)
    values = _at_the_end(tail, lasts)
    read = set(restless) | {frozenset(one.items()) for one in series if scrape_target(one) not in lasts}
    read |= {frozenset(one.items()) for number, one in enumerate(tail.labels) if number not in values}
    if len(read) > WORTH_IT * len(series):
        return None
    raw = pack(_samples(api, read, since_us, end_us))
    there = {frozenset(one.items()) for one in raw.labels}
    steady = [(one, values[number]) for number, one in enumerate(tail.labels) if frozenset(one.items()) not in there]
    steady = [one for one in steady if frozenset(one[0].items()) not in read]
    return in_order(side_by_side([raw, _steady(steady, grids)]), series)


def _succeeded(targets: Targets, since_us: Instant, end_us: Instant) -> dict[str, Stamps]:
    """Return when each target was scraped with success, of those whose last scrape was one."""
    found: dict[str, Stamps] = {}
    for name, target in targets.by_name.items():
        low, high = np.searchsorted(target.stamps_us, [since_us, end_us])
        if name not in targets.without_up and high > low and target.up[high - 1] == 1:
            found[name] = target.stamps_us[low:high][target.up[low:high] == 1]
    return found


def _at_the_end(tail: Samples, lasts: Mapping[str, Instant]) -> dict[int, float]:
    """Return by series the value at the last scrape of its target, where it has one there."""
    last = np.array([lasts.get(scrape_target(one), -1) for one in tail.labels], np.int64)
    mine = np.flatnonzero(tail.stamps_us == last[tail.series]) if len(tail.labels) else np.empty(0, np.int64)
    return dict(zip(tail.series[mine].tolist(), tail.values[mine].tolist(), strict=True))


def _samples(api: PrometheusApi, read: set[Key], since_us: Instant, end_us: Instant) -> Samples:
    """Return the samples of some series, and of others that their labels' values together may name."""
    wanted = [dict(one) for one in read]
    names = {name for one in wanted for name in one} - {NAME}
    matchers = {name: sorted({one.get(name, "") for one in wanted}) for name in sorted(names)}
    narrow = {name: values for name, values in matchers.items() if len(values) <= MOST_VALUES}
    return api.samples(sorted({one[NAME] for one in wanted}), since_us, end_us, narrow)


def _steady(steady: Sequence[tuple[Mapping[str, str], float]], grids: Mapping[str, Stamps]) -> Packed:
    names = sorted(grids)
    number = {name: place for place, name in enumerate(names)}
    each = np.arange(len(steady), dtype=np.int32)
    return Packed(
        [labels for labels, _ in steady],
        [grids[name] for name in names],
        each,
        np.array([number[scrape_target(labels)] for labels, _ in steady], np.int32),
        each,
        np.zeros(len(steady), np.int32),
        np.array([value for _, value in steady], np.float64).view(np.uint64),
    )
