"""How spans of time and sets of names are written in PromQL and in the parameters beside it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from breakwatch.clock import MILLISECOND_US, Instant
from collectors.claims import NAME

METRIC = "breakwatch_metric"
"""A label of our own, where a function of PromQL takes the metric's name away."""


def range_of(start_us: Instant, end_us: Instant) -> tuple[str, Instant]:
    """Return the range of a selector that holds ``[start_us, end_us)``, and a millisecond before it, and its end.

    Servers keep milliseconds; to some of them the beginning of a range belongs, to others it does not.
    """
    last_ms = (end_us - 1) // MILLISECOND_US
    return f"[{last_ms - start_us // MILLISECOND_US + 1}ms]", last_ms * MILLISECOND_US


def selector(metrics: Sequence[str], matchers: Mapping[str, Sequence[str]] | None = None) -> str:
    """Return a selector of metrics; see ``PrometheusApi.samples`` for ``matchers``."""
    parts = [f"{NAME}=~{_alternatives(metrics)}"]
    parts += [f"{label}=~{_alternatives(values)}" for label, values in (matchers or {}).items()]
    return "{" + ",".join(parts) + "}"


def pattern(texts: Sequence[str]) -> str:
    """Return a regular expression that matches these texts and no others."""
    return "|".join(re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", text) for text in texts)


def by_metric(metrics: Sequence[str], question: Callable[[str], str]) -> str:
    """Return a question put to each metric, the answers labelled with ``METRIC``.

    Functions take the metric's name away; without it two metrics may have the same labels, which PromQL refuses.
    """
    return " or ".join(f'label_replace({question(one)}, "{METRIC}", "{one}", "", "")' for one in metrics)


def _alternatives(texts: Sequence[str]) -> str:
    return '"' + pattern(texts).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def seconds(instant_us: Instant) -> str:
    """Return an instant as parameters want it."""
    return f"{instant_us // 1_000_000}.{instant_us % 1_000_000:06d}"
