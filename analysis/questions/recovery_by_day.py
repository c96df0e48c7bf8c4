"""How long breakers took to recover, by service and day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from analysis.sqlfiles import read_steps
from store import Rows

_STEPS = read_steps("analysis.questions", "recovery_by_day.sql")
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Recovery:
    """The incidents of a service's breakers that opened on one day (UTC), reopenings inside them.

    Attributes:
        recovered: how many closed again; ongoing: how many did not.
        mean_s, median_s, longest_s: of those that closed; None where none did.
    """

    environment: str | None
    service: str | None
    day: date
    recovered: int
    ongoing: int
    mean_s: float | None
    median_s: float | None
    longest_s: float | None


def recovery_by_day(rows: Rows, *, from_transitions: bool = False) -> Sequence[Recovery]:
    """Return the recoveries of every service and day, from what is kept ready, or worked out of the transitions."""
    step = "from_transitions" if from_transitions else "from_incidents"
    return [Recovery(**row | {"day": _EPOCH + timedelta(days=row["day"])}) for row in rows.rows(_STEPS[step])]
