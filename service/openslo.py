"""OpenSLO v1 as objectives: what can be said here is said, what cannot is told line by line.

OpenSLO says where to query; Breakwatch counts from what its profiles read. So a ratio becomes the availability of the
service's requests, and the query itself is told, for a person to compare. Nothing is taken over by halves: an objective
whose meaning would change is left out.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from breakwatch.config import Config
from breakwatch.config_objectives import Objective
from breakwatch.config_units import UNIT_S, nearest
from breakwatch.errors import RejectedInput, UsageError
from service import console

VERSION = "openslo/v1"
KINDS = ("SLO", "SLI", "AlertPolicy", "AlertCondition", "AlertNotificationTarget", "DataSource", "Service")

_LENGTH = re.compile(r"(\d+)([mhdwMQY])")
_CALENDAR = {"1d": "day", "1w": "week", "1M": "month", "1Q": "quarter", "1Y": "year"}
_NOMINAL = {"M": "30d", "Q": "91d", "Y": "365d"}
_SEVERITY = {"page": "S1", "critical": "S1", "sev1": "S1", "high": "S2", "sev2": "S2", "ticket": "S3", "sev3": "S3"}
_METHODS = {"Timeslices": "timeslices", "RatioTimeslices": "ratio_timeslices"}


class CannotSayError(ValueError):
    """Something of an SLO has no words here."""


@dataclass(slots=True)
class Converted:
    """What became of OpenSLO files.

    Attributes:
        objectives: as a configuration writes them.
        notes: what is said otherwise here, ``where: what``.
        left_out: objectives that are not taken over, with the reason.
    """

    objectives: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The objectives as a file that a configuration can include."""
        return yaml.safe_dump(
            {"objectives": self.objectives}, sort_keys=False, allow_unicode=True, default_flow_style=None, width=160
        )

    def problem(self) -> RejectedInput | None:
        """Return what to tell where something was left out; else None."""
        if not self.left_out:
            return None
        more = f" (and {len(self.left_out) - 1} more)" if len(self.left_out) > 1 else ""
        taken = f"{len(self.objectives)} taken over" if self.objectives else "nothing is taken over"
        return RejectedInput(f"{taken}; left out: {self.left_out[0]}{more}", "write these objectives by hand")


@dataclass(frozen=True, slots=True)
class Document:
    """One object of a file, and what to call it."""

    kind: str
    name: str
    spec: Mapping[str, Any]
    where: str


def convert(files: Sequence[Path], config: Config | None = None) -> Converted:
    """Return the objectives of OpenSLO files.

    Args:
        files: YAML, with one or several objects; they may refer to each other.
        config: to say which services are not declared; None says nothing of it.

    Raises:
        UsageError: a file cannot be read, or holds something else than OpenSLO v1.
    """
    documents = [document for path in files for document in _documents(path)]
    known = {(one.kind, one.name): one for one in documents}
    done = Converted()
    for document in documents:
        if document.kind == "SLO":
            _slo(document, known, done)
        elif document.kind == "DataSource":
            done.notes.append(f"{document.where}: data sources are the sources: of the configuration")
    if not any(document.kind == "SLO" for document in documents):
        raise UsageError(f"{files[0]}: holds no SLO", "name the files with the objects of kind SLO, too")
    for name in _undeclared(done, config):
        done.notes.append(f"service {name!r} is not declared under services:")
    return done


def bring_in(files: Sequence[Path], config: Config | None, out: Path | None) -> int:
    """Write what the files promise to stdout or a file, say what is otherwise, and return the exit code."""
    done = convert(files, config)
    if done.objectives and out is None:
        sys.stdout.write(done.text)
        sys.stdout.flush()
    elif done.objectives and out is not None:
        try:
            out.write_text(done.text, encoding="utf-8")
        except OSError as error:
            raise UsageError(f"{out}: cannot be written: {error.strerror}", "choose another place") from error
        console.say(f"{out}: {len(done.objectives)} objectives; next: include: [{out}]")
    for note in done.notes:
        console.say(note)
    for reason in done.left_out[1:]:
        console.say(f"left out: {reason}")
    problem = done.problem()
    return console.tell(problem) if problem else 0


def _undeclared(done: Converted, config: Config | None) -> list[str]:
    declared = {service.name for service in config.services} if config else set()
    named = dict.fromkeys(str(one["service"]) for one in done.objectives if "service" in one)
    return [name for name in named if name not in declared] if declared else []


def _documents(path: Path) -> Iterator[Document]:
    try:
        found = list(yaml.safe_load_all(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read: {error}", "check the path") from error
    except yaml.YAMLError as error:
        raise UsageError(f"{path}: not YAML: {error}", "check indentation and quotes") from error
    for number, one in enumerate(found):
        if one is None:
            continue
        if not isinstance(one, dict) or one.get("apiVersion") != VERSION:
            had = f"apiVersion {one.get('apiVersion')!r}" if isinstance(one, dict) else "no object"
            raise UsageError(
                f"{path}: object {number + 1}: expected apiVersion {VERSION}; found {had}", f"convert it to {VERSION}"
            )
        kind, name = str(one.get("kind")), str((one.get("metadata") or {}).get("name") or "")
        if kind not in KINDS:
            raise UsageError(f"{path}: object {number + 1}: unknown kind {kind!r}", nearest(kind, list(KINDS)))
        if not name:
            raise UsageError(f"{path}: object {number + 1}: {kind} has no metadata.name", "give it a name")
        yield Document(kind, name, one.get("spec") or {}, f"{path.name}: {name}")


@dataclass(frozen=True, slots=True)
class _Part:
    """One objective of an SLO, under conversion: where it stands, what it may refer to, and what becomes of it."""

    slo: Document
    objective: Mapping[str, Any]
    where: str
    known: Mapping[tuple[str, str], Document]
    done: Converted

    def note(self, text: str) -> None:
        """Say something about it."""
        self.done.notes.append(f"{self.where}: {text}")


def _slo(slo: Document, known: Mapping[tuple[str, str], Document], done: Converted) -> None:
    wanted = slo.spec.get("objectives") or []
    if not wanted:
        done.left_out.append(f"{slo.where}: has no objectives")
    parts = any(one.get("indicator") or one.get("indicatorRef") for one in wanted)
    taken: list[tuple[dict[str, Any], float]] = []
    for number, one in enumerate(wanted):
        name = slo.name if len(wanted) == 1 else f"{slo.name}-{_slug(one.get('displayName')) or number + 1}"
        where = slo.where if len(wanted) == 1 else f"{slo.where}: objectives[{number}]"
        try:
            said = _objective(_Part(slo, one, where, known, done), name)
        except CannotSayError as error:
            done.left_out.append(f"{where}: {error}")
            continue
        taken.append((said, float(one.get("compositeWeight") or 1)))
    done.objectives += [said for said, _ in taken]
    if parts and len(taken) == len(wanted) > 1:
        done.objectives.append(_composite(slo, taken))


def _composite(slo: Document, taken: Sequence[tuple[dict[str, Any], float]]) -> dict[str, Any]:
    """Return the objective over its parts, which together may fall short by what each may, by weight."""
    members = [{"objective": said["name"], "weight": weight} for said, weight in taken]
    first = taken[0][0]
    short = sum(weight * (100 - float(said["at_least"].rstrip("%"))) for said, weight in taken)
    return {
        "name": slo.name,
        "composite": {"members": members},
        "at_least": f"{100 - short:.10g}%",
        **{key: first[key] for key in ("service", "window") if key in first},
    }


def _objective(part: _Part, name: str) -> dict[str, Any]:
    metric = _metric(part)
    said: dict[str, Any] = {"name": name, "indicator": "availability_requests", "at_least": _target(part.objective)}
    if part.slo.spec.get("service"):
        said["service"] = str(part.slo.spec["service"])
    said["window"] = _window(part)
    said |= _slices(part)
    rates = [rate for policy in _policies(part) for rate in _burn_rates(part, policy, said["window"])]
    if rates:
        said["burn_rates"] = rates
    _checked(said)
    for text in _queries(metric):
        part.note(text)
    return said


def _checked(said: Mapping[str, Any]) -> None:
    try:
        Objective.model_validate(said, context={"written": True}, by_alias=True, by_name=False)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise CannotSayError(f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}") from error


def _metric(part: _Part) -> Mapping[str, Any]:
    """Return the ratio of an objective, its own or that of its SLO."""
    for place in (part.objective, part.slo.spec):
        inline, name = place.get("indicator"), str(place.get("indicatorRef") or "")
        if inline or name:
            break
    else:
        raise CannotSayError("names no indicator")
    if inline:
        spec = inline.get("spec") or {}
    elif ("SLI", name) in part.known:
        spec = part.known["SLI", name].spec
    else:
        raise CannotSayError(f"indicatorRef {name!r} is in none of the files")
    if spec.get("ratioMetric"):
        ratio: Mapping[str, Any] = spec["ratioMetric"]
        return ratio
    if spec.get("thresholdMetric"):
        raise CannotSayError(
            "a thresholdMetric promises a share of the time; here a latency has one limit for its whole window: write"
            f" {{indicator: latency, stat: p99, at_most: {part.objective.get('value', '…')}s}}"
        )
    raise CannotSayError("has neither ratioMetric nor thresholdMetric")


def _target(one: Mapping[str, Any]) -> str:
    target, percent = one.get("target"), one.get("targetPercent")
    if (target is None) == (percent is None):
        raise CannotSayError("needs either target or targetPercent")
    shown = float(percent) if percent is not None else float(target or 0) * 100
    return f"{shown:.10g}%"


def _window(part: _Part) -> str | dict[str, str]:
    windows = part.slo.spec.get("timeWindow") or []
    if not windows:
        part.note("no timeWindow: 30d, as everywhere where nothing is said")
        return "30d"
    first = windows[0]
    length = str(first.get("duration", ""))
    match = _LENGTH.fullmatch(length)
    if match is None:
        raise CannotSayError(f"timeWindow.duration {length!r} is no duration of OpenSLO")
    if first.get("isRolling") or not first.get("calendar"):
        if match[2] not in _NOMINAL:
            return length
        if match[1] != "1":
            raise CannotSayError(f"a rolling window of {length} has no length in days")
        part.note(f"a rolling {length} is taken as {_NOMINAL[match[2]]}")
        return _NOMINAL[match[2]]
    if length not in _CALENDAR:
        raise CannotSayError(f"calendar windows are one day, week, month, quarter or year, not {length}")
    calendar = first["calendar"]
    start = str(calendar.get("startTime") or "")
    if start and not _begins(length, start):
        part.note(f"startTime {start} is left out: a {_CALENDAR[length]} begins at its first midnight")
    return {"calendar": _CALENDAR[length], "timezone": str(calendar.get("timeZone") or "UTC")}


def _begins(length: str, start: str) -> bool:
    """Return whether a written time is the beginning of such a window."""
    patterns = {"1M": r"\d+-\d+-01", "1Q": r"\d+-(01|04|07|10)-01", "1Y": r"\d+-01-01"}
    return re.fullmatch(patterns.get(length, r"\d+-\d+-\d+") + r"([ T]00:00(:00)?)?", start) is not None


def _slices(part: _Part) -> dict[str, Any]:
    one = part.objective
    method = str(part.slo.spec.get("budgetingMethod") or "Occurrences")
    if method == "Occurrences":
        return {}
    if method not in _METHODS:
        raise CannotSayError(f"unknown budgetingMethod {method!r}")
    written = one.get("timeSliceWindow")
    if written is None:
        raise CannotSayError(f"{method} needs timeSliceWindow")
    said: dict[str, Any] = {
        "budgeting": _METHODS[method],
        "slice": f"{written}m" if isinstance(written, int | float) else str(written),
    }
    if method == "Timeslices":
        if one.get("timeSliceTarget") is None:
            raise CannotSayError("Timeslices needs timeSliceTarget")
        said["slice_target"] = f"{float(one['timeSliceTarget']) * 100:.10g}%"
    return said


def _policies(part: _Part) -> Iterator[Mapping[str, Any]]:
    for policy in part.slo.spec.get("alertPolicies") or ():
        name = policy if isinstance(policy, str) else policy.get("alertPolicyRef")
        if name is None:
            yield policy.get("spec") or {}
        elif ("AlertPolicy", str(name)) in part.known:
            yield part.known["AlertPolicy", str(name)].spec
        else:
            yield {"missing": str(name)}


def _burn_rates(part: _Part, policy: Mapping[str, Any], window: str | dict[str, str]) -> Iterator[dict[str, Any]]:
    if "missing" in policy:
        part.note(f"alert policy {policy['missing']!r} is in none of the files, and left out")
        return
    if policy.get("notificationTargets"):
        part.note("notification targets are the alerts: and notify: of the configuration")
    if policy.get("alertWhenNoData"):
        part.note("alertWhenNoData: no data is cannot_tell, which rules name by their severity")
    for condition in policy.get("conditions") or ():
        name = str(condition.get("conditionRef") or "")
        named = part.known.get(("AlertCondition", name))
        spec = (named.spec if named else {}) if name else condition.get("spec") or {}
        rate = _burn_rate(spec, window)
        if isinstance(rate, str):
            part.note(" ".join(f"alert condition {name} is left out: {rate}".split()))
            continue
        if (spec.get("condition") or {}).get("alertAfter", "0m") not in {"0m", "0s"}:
            part.note("alertAfter is left out: a burn rate has to hold in a twelfth of its window, too")
        yield rate


def _burn_rate(spec: Mapping[str, Any], window: str | dict[str, str]) -> dict[str, Any] | str:
    """Return a condition as a burn-rate rule, or in words why it is none."""
    condition = spec.get("condition") or {}
    if not condition:
        return "it is in none of the files"
    if condition.get("kind", "burnrate") != "burnrate" or condition.get("op") not in {"gt", "gte"}:
        return "only burn rates above a threshold alert"
    match = _LENGTH.fullmatch(str(condition.get("lookbackWindow", "")))
    if match is None or match[2] in _NOMINAL:
        return f"lookbackWindow {condition.get('lookbackWindow')!r} is no length"
    long_s = int(match[1]) * float(UNIT_S[match[2]])
    share = float(condition.get("threshold") or 0) * long_s / _nominal_s(window)
    if not 0 < share <= 1:
        return (
            f"a burn rate of {condition.get('threshold')} over {match[0]} would spend {share * 100:.4g}% of the budget"
        )
    severity = _SEVERITY.get(str(spec.get("severity", "")).lower(), "S3")
    return {"long": match[0], "budget": f"{share * 100:.10g}%", "severity": severity}


def _nominal_s(window: str | dict[str, str]) -> float:
    days = {"day": 1, "week": 7, "month": 30, "quarter": 91, "year": 365}
    if isinstance(window, dict):
        return days[window["calendar"]] * 86_400.0
    match = _LENGTH.fullmatch(window)
    return int(match[1]) * float(UNIT_S[match[2]]) if match else 30 * 86_400.0


def _queries(metric: Mapping[str, Any]) -> Iterator[str]:
    """Yield the queries, which are not run here."""
    for part in ("good", "bad", "total", "raw"):
        source = (metric.get(part) or {}).get("metricSource") or {}
        spec = source.get("spec") or {}
        query = spec.get("query") or spec.get("promql") or (str(spec) if spec else "")
        if query:
            yield f"{part} is counted from request_counts, not by the query {' '.join(str(query).split())}"


def _slug(text: object) -> str:
    return re.sub(r"[^a-z0-9]+", "-", str(text or "").lower()).strip("-")
