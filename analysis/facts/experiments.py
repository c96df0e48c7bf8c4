"""Experiments: when which fault was in, what happened in that time, and whether a call felt it."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from analysis.counting import readings
from analysis.facts.calls import Evidence, Readings, Span, calls_in
from analysis.facts.steps import steps
from breakwatch.clock import MINUTE_US
from breakwatch.config_objectives import Policy
from breakwatch.model import Batch

if TYPE_CHECKING:
    from analysis.facts.news import News
    from breakwatch.clock import Instant
    from breakwatch.config import Config
    from store import Store

Row = dict[str, Any]

LAG_US: Final = 5 * MINUTE_US
"""So long after a fault was taken out something may still be its doing."""

LASTING_S: Final = 1.0
"""An action that took at least so long was the fault itself; a shorter one only put it in."""

_OWN: Final = "analysis"
_TAGGED: Final = "tagged"
"""Under this key the last row is remembered of which it was said whether it belongs to an experiment."""

_FAULT: Final = re.compile(r"fault|inject|attack|chaos|fail|kill|outage|stress|disrupt|partition", re.IGNORECASE)
_AROUND: Final = re.compile(
    r"before|after|base ?line|steady|warm|cool|recover|rest(or|ore)|repair|roll ?back|clean", re.IGNORECASE
)


def refresh_faults(store: Store) -> bool:
    """Bring the faults up to date with what was said of experiments; return whether anything new was."""
    step = steps("experiments")
    (said,) = store.rows(step["told"])
    if said["told"]:
        store.replace("experiment_faults", {}, [row for one in store.rows(step["experiments"]) for row in faults(one)])
    return bool(said["told"])


def faults(experiment: Row) -> Iterator[Row]:
    """Yield the faults of an experiment: its phases that are called so, else those that are not around them, else all.

    In the journal of a tool that acts (phases of ``kind`` action) these are its actions: one that took a second was the
    fault itself, a shorter one put in what stayed until the roll-back, or until nobody says when.
    """
    common = {name: experiment[name] for name in ("environment", "experiment_id", "service", "target", "labels")}
    found = _fault_phases(_phases(experiment["phases"]))
    for phase in found:
        removed_at = phase["end"] or experiment["ended_at"]
        yield common | {
            "phase": str(phase.get("name") or ""),
            "intensity": str(phase.get("intensity") or ""),
            "injected_at": phase["start"],
            "removed_at": phase.get("removed_at", removed_at),
        }
    if not found:
        yield common | {
            "phase": "",
            "intensity": "",
            "injected_at": experiment["started_at"],
            "removed_at": experiment["ended_at"],
        }


def _phases(text: str) -> list[Row]:
    """Return the phases that say when they began, in order."""
    told = json.loads(text) if text else []
    found = []
    for phase in told if isinstance(told, list) else []:
        start = _instant(phase.get("start"))
        if start is not None:
            found.append(phase | {"start": start, "end": _instant(phase.get("end"))})
    return sorted(found, key=lambda phase: phase["start"])


def _instant(text: object) -> datetime | None:
    if not isinstance(text, str) or not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _fault_phases(phases: Sequence[Row]) -> list[Row]:
    actions = [phase for phase in phases if phase.get("kind") == "action"]
    if actions:
        return list(_of_actions(actions))
    plain = [phase for phase in phases if phase.get("kind") != "probe"]
    named = [phase for phase in plain if _FAULT.search(str(phase.get("name") or ""))]
    return named or [phase for phase in plain if not _AROUND.search(str(phase.get("name") or ""))]


def _of_actions(actions: Sequence[Row]) -> Iterator[Row]:
    back = [phase for phase in actions if _AROUND.search(str(phase.get("name") or ""))]
    for action in (phase for phase in actions if phase not in back):
        undone = [phase["end"] or phase["start"] for phase in back if phase["start"] >= action["start"]]
        lasting = action["end"] is not None and (action["end"] - action["start"]).total_seconds() >= LASTING_S
        yield action | {"removed_at": min(undone) if undone else action["end"] if lasting else None}


def refresh_experiments(store: Store, config: Config, new: News, *, told: bool) -> None:
    """Say of what happened to which experiment it belongs, and of experiments whether their faults were felt.

    Call it last, when everything else was kept; ``told``: something new was said of experiments.
    """
    step = steps("experiments")
    (known,) = store.rows(step["there"])
    if not known["there"]:
        return
    store.execute(step["windows"], {"lag_us": LAG_US})
    _tag(store, "0" if told else store.checkpoints(_OWN).get(_TAGGED, "0"))
    if told or new.counted:
        _keep_felt(store, readings(config.policies.get("default", Policy())), everywhere=told)


def _tag(store: Store, after: str) -> None:
    """Say to which experiment belongs what was kept after a row, and remember the last one."""
    step = steps("experiments")
    store.execute(step["begun"], {"after": int(after)})
    (last,) = store.rows(step["last_begun"])
    if last["row_id"] is None:
        return
    store.execute(step["tags"])
    for row in store.rows(step["tagged"]):
        store.execute(step[f"tag_{row['relation']}"])
    store.append(Batch(_OWN, checkpoints={_TAGGED: str(last["row_id"])}))


def _keep_felt(store: Store, read: Readings, *, everywhere: bool) -> None:
    step = steps("experiments")
    looks: dict[tuple[str, str], list[Row]] = defaultdict(list)
    store.execute(step["all_faults" if everywhere else "touched_faults"], {"lag_us": LAG_US})
    for row in store.rows(step["unfelt"]):
        looks[row["of_environment"], row["experiment_id"]].append(row)
    before = {(row["environment"], row["experiment_id"]): row["fault_effective"] for row in store.rows(step["felt"])}
    for key, faults_of_it in looks.items():
        said = [_felt(store, read, fault) for fault in faults_of_it]
        felt = True if True in said else False if False in said else None
        if before.get(key) is not felt:
            scope = {"environment": key[0], "experiment_id": key[1]}
            kept = store.rows(step["kept"], scope)
            store.replace("experiments", scope, [row | {"fault_effective": felt} for row in kept])


def _felt(store: Store, read: Readings, fault: Row) -> bool | None:
    """Say whether a call made while a fault was in failed, stalled or was rejected; None where none was seen."""
    step = steps("experiments")
    from_us, until_us = fault["from_us"], fault["to_us"]
    span = Span(fault["environment"], fault["service"], from_us, until_us + LAG_US)
    (found,) = calls_in(store, [span], read, answered=False)
    evidence = [one for told in found.values() for one in told]
    target = fault["target"] if any(one.target == fault["target"] for one in evidence) else ""
    seen = [one for one in evidence if _while(one, from_us, until_us) and (not target or one.target in ("", target))]
    if any(not one.good for one in seen):
        return True
    params = {**span.params, "to_us": until_us, "target": fault["target"] if target else ""}
    (moved,) = store.rows(step["moved"], params | {"target": _moving(fault)})
    if moved["moved"] or any(store.rows(step[name], params)[0]["stalled"] for name in ("stalled", "stalled_counted")):
        return True
    return False if seen else None


def _moving(fault: Row) -> str:
    return "" if fault["target"] == fault["service"] else fault["target"]


def _while(one: Evidence, from_us: Instant, until_us: Instant) -> bool:
    """Say whether calls may have begun while a fault was in, and ended after it was put in."""
    return any(told.until_us >= from_us and min(told.begun_latest_us, told.after_us) <= until_us for told in one.told)
