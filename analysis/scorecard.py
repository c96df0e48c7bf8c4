"""Scorecards: what was predicted of an experiment against what was observed, and what its report claims against both.

A card holds the verdicts on the promises of a scenario, judged by the one evaluator over the experiment. The score of a
pack rests on one card for each scenario; one that was never tried is unproved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from analysis.asking import Ground
from analysis.claims import Claim, claims
from analysis.questions.experiments import experiments
from analysis.verdicts.judge import evaluate
from analysis.verdicts.scores import Score, resilience_score
from analysis.verdicts.verdict import Verdict
from breakwatch.clock import Instant
from breakwatch.config import Config
from breakwatch.config_objectives import Objective
from breakwatch.config_packs import Pack, Scenario
from breakwatch.errors import UsageError
from store import Rows

Experiment = Mapping[str, Any]
"""A row of the view ``experiments``."""

Outcome = Literal["confirmed", "contradicted", "cannot_tell", ""]

PASSED = frozenset({"passed", "pass", "ok", "success", "succeeded", "completed", "kept", "as expected"})
FAILED = frozenset({"failed", "fail", "failure", "error", "deviated", "missed"})


@dataclass(frozen=True, slots=True)
class Card:
    """One experiment, judged.

    Attributes:
        scenario: the one its promises come from; None where they are those of the configuration.
        verdicts: on every promise, what is only reported included.
        claims: what reports say of it in numbers, beside the evidence.
        outcome: how the claimed outcome (``passed``) stands before the verdicts; empty where none is claimed.
    """

    experiment: Experiment
    pack: Pack | None
    scenario: Scenario | None
    verdicts: tuple[Verdict, ...]
    score: Score
    claims: tuple[Claim, ...]
    outcome: Outcome

    @property
    def counts(self) -> dict[str, int]:
        """How many promises came out how, in the words of the verdicts; what is only reported has no say."""
        words = [verdict.verdict for verdict in self.verdicts if verdict.counts]
        return {word: words.count(word) for word in ("met", "missed", "cannot_tell", "not_applicable")}


def card(rows: Rows, config: Config, now_us: Instant, experiment_id: str, about: tuple[Pack, Scenario] | None) -> Card:
    """Return the card of an experiment, judged by a scenario, or by the configuration's own objectives.

    Raises:
        UsageError: no such experiment is recorded.
    """
    ground = Ground(rows, config, now_us)
    found = next((one for one in experiments(rows) if one["experiment_id"] == experiment_id), None)
    promised = None if about is None else promises(about[0], about[1], found)
    verdicts = tuple(evaluate(rows, config, now_us, experiment_id=experiment_id, objectives=promised))
    if found is None:
        raise UsageError(f"no experiment is recorded as {experiment_id!r}", "breakwatch experiment list")
    claimed = tuple(claims(ground, experiment_id, found["environment"]))
    pack, scenario = about or (None, None)
    return Card(
        found, pack, scenario, verdicts, resilience_score(verdicts), claimed, stands(found["outcome"], verdicts)
    )


def promises(pack: Pack, scenario: Scenario, experiment: Experiment | None) -> list[Objective]:
    """Return a scenario's objectives as they are judged: about the experiment's service, where it names one."""
    service = experiment["service"] if experiment else None
    return [
        one if one.service is not None or service is None else one.model_copy(update={"service": service})
        for one in pack.objectives(scenario)
    ]


def stands(claimed: str | None, verdicts: Sequence[Verdict]) -> Outcome:
    """Return how a claimed outcome stands: passed is contradicted by any miss, and confirmed where all was met."""
    word = (claimed or "").strip().lower()
    if word not in PASSED | FAILED:
        return ""
    words = {verdict.verdict for verdict in verdicts if verdict.counts and verdict.verdict != "not_applicable"}
    if "missed" in words:
        return "contradicted" if word in PASSED else "confirmed"
    if not words or "cannot_tell" in words:
        return "cannot_tell"
    return "confirmed" if word in PASSED else "contradicted"


@dataclass(frozen=True, slots=True)
class PackScore:
    """A pack as far as it was tried: a card for each scenario with an experiment, and the ids of the others."""

    pack: Pack
    cards: tuple[Card, ...]
    untried: tuple[str, ...]
    score: Score


def pack_score(rows: Rows, config: Config, now_us: Instant, pack: Pack) -> PackScore:
    """Return the score of a pack, from the newest experiment of each of its scenarios.

    The mean of the scenarios' scores; one that was not tried counts 0 in the low bound and 1 in the high one, and its
    whole weight is unproved. None where nothing can be proved.
    """
    newest: dict[str, str] = {}
    for one in experiments(rows):
        newest.setdefault(str(one["scenario"]), str(one["experiment_id"]))
    tried = [scenario for scenario in pack.scenarios if scenario.id in newest]
    cards = tuple(card(rows, config, now_us, newest[one.id], (pack, one)) for one in tried)
    untried = tuple(one.id for one in pack.scenarios if one.id not in newest)
    return PackScore(pack, cards, untried, _together([one.score for one in cards], len(pack.scenarios)))


def _together(scores: Sequence[Score], of: int) -> Score:
    proved = [one for one in scores if one.low is not None and one.high is not None]
    missing = of - len(proved)
    unproved = (sum(one.unproved for one in proved) + missing) / of
    n = sum(one.n for one in scores)
    if not proved:
        return Score(None, None, unproved, n)
    low = sum(one.low or 0.0 for one in proved) / of
    high = (sum(one.high or 0.0 for one in proved) + missing) / of
    return Score(low, min(1.0, high), unproved, n)
