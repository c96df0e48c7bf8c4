"""What other tools have recorded and somebody imports: the third shape beside runs and sightings.

A record is a statement with its time that was made elsewhere: an incident somebody wrote down, a measurement, one
repetition of a benchmark, an experiment. It is known by its content, so that importing it twice changes nothing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum

from breakwatch.clock import Instant
from breakwatch.model import Pairs, stable_id


class RecordKind(StrEnum):
    """What a record states, and which fields and ``detail`` keys come with it."""

    INCIDENT = "incident"  # started, maybe ended. detail: kind=down|degraded, component, severity, id, cause
    COVERED = "covered"  # started, ended: for this span the incidents of the service are complete
    MEASUREMENT = "measurement"  # started (when measured), value. detail: name, unit, experiment_id, tool
    BENCHMARK = "benchmark"  # started (of the run), value. detail: suite, benchmark, metric, unit, better, revision,
    # run_environment
    EXPERIMENT = "experiment"  # started, maybe ended. detail: experiment_id, scenario, target, phases, expected,
    # outcome, tool
    PHASE = "phase"  # started, maybe ended, of an experiment. detail: experiment_id, name, intensity
    END = "end"  # started: when the experiment ended. detail: experiment_id, outcome
    CHANGE = "change"  # started, maybe ended. detail: change=deploy|config|flag|scale|restart|maintenance|exclusion,
    # revision, actor, text, instance
    BASELINE = "baseline"  # started (when it was said), maybe ended (expires), maybe value (the accepted level).
    # detail: name, kind=pinned|accepted|dropped, suite, benchmark, metric, run_environment, revision, changed_us,
    # reason, actor


@dataclass(frozen=True, slots=True)
class Record:
    """One imported statement.

    Attributes:
        started_us: when it began, or when it was measured.
        ended_us: None where it goes on, or has no end.
        value: of a measurement or a benchmark; None for the others.
        twin: how many records of equal content stand before it in its file: repetitions of a benchmark may be equal
            and are still two.
        row: where it stands in its file; no part of what it is.
    """

    source: str
    kind: RecordKind
    started_us: Instant
    ended_us: Instant | None = None
    value: float | None = None
    environment: str = ""
    service: str = ""
    labels: Pairs = ()
    detail: Pairs = ()
    twin: int = 0
    row: int = 0

    @property
    def content(self) -> tuple[object, ...]:
        """What the record says, without where it stands."""
        return (
            self.kind,
            self.environment,
            self.service,
            self.labels,
            self.started_us,
            self.ended_us,
            self.value,
            self.detail,
        )

    @property
    def record_id(self) -> int:
        """A number that depends on the content alone (63 bits)."""
        # Of the span that a file covers until it is imported, the end is when that was: no part of what it says.
        open_ended = self.kind == RecordKind.COVERED and bool(self.detail)
        return stable_id(
            self.kind,
            self.environment,
            self.service,
            json.dumps(self.labels),
            str(self.started_us),
            "" if open_ended else str(self.ended_us),
            repr(self.value),
            json.dumps(self.detail),
            str(self.twin),
        )

    @property
    def subject_id(self) -> int:
        """A number of what it is about: of several records about one incident or experiment one counts."""
        said = dict(self.detail)
        if self.kind in {RecordKind.EXPERIMENT, RecordKind.END}:
            return stable_id(RecordKind.EXPERIMENT, self.environment, said["experiment_id"])
        if self.kind == RecordKind.INCIDENT:
            which = said.get("id") or f"@{self.started_us}"
            about = said.get("kind", "") if which.startswith("@") else ""
            named = (self.environment, self.service, said.get("component", ""), json.dumps(self.labels))
            return stable_id(self.kind, *named, which, about)
        return self.record_id
