"""``breakwatch experiment score``: scorecards as tables or JSON, with the exit code of what came out."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from analysis.claims import Claim
from analysis.scorecard import Card, PackScore, card, pack_score
from analysis.verdicts.scores import Score
from analysis.verdicts.shown import NO_VALUE, limit_words, range_words, shown
from analysis.verdicts.verdict import Verdict
from breakwatch.clock import Clock, Instant, system_clock
from breakwatch.config import Config
from breakwatch.config_packs import Pack, Scenario, read_pack, scenario, shipped
from breakwatch.config_units import nearest
from breakwatch.errors import ExitCode, UsageError
from service.forms import Format
from service.tables import text_table
from store import Reader

MARKS = {"met": "met", "missed": "MISSED", "cannot_tell": "cannot tell", "not_applicable": "not applicable"}


def score(
    config: Config,
    experiments: Sequence[str],
    *,
    pack: str = "",
    scenario_id: str = "",
    form: Format = Format.TABLE,
    clock: Clock = system_clock,
) -> int:
    """Print the cards of experiments, or of a whole pack, and return the exit code.

    Args:
        config: what is declared, and where the published file is.
        experiments: their ids; none with a pack means its newest ones.
        pack: name of a shipped pack, or a file; empty for the shipped ones.
        scenario_id: judge by this scenario instead of the one that the experiment names.
        form: a table or JSON.
        clock: where the present comes from.
    """
    packs = _packs(pack)
    with Reader.open(config.store.path) as reader:
        now_us = _as_of_us(reader, clock)
        if not experiments:
            if not pack:
                raise UsageError("say what to score", "name experiments, or a pack: --pack dependencies")
            found = pack_score(reader, config, now_us, packs[0])
            _print(pack_json(found) if form == Format.JSON else "\n".join(pack_lines(found)))
            return exit_code(found.cards, untried=bool(found.untried))
        cards = [card(reader, config, now_us, one, _about(reader, one, scenario_id, packs)) for one in experiments]
    if form == Format.JSON:
        _print({"experiments": [card_json(one) for one in cards]})
    else:
        _print("\n\n".join("\n".join(card_lines(one)) for one in cards))
    return exit_code(cards)


def _as_of_us(reader: Reader, clock: Clock) -> Instant:
    """Return as of when the data are: what a recording says, not when it is looked at."""
    (row,) = reader.rows("SELECT epoch_us(as_of) AS as_of_us, recorded FROM publication")
    return int(row["as_of_us"]) if row["recorded"] else clock()


def _packs(named: str) -> tuple[Pack, ...]:
    if not named:
        return shipped()
    known = {one.pack: one for one in shipped()}
    if named in known:
        return (known[named],)
    if Path(named).is_file():
        return (read_pack(Path(named)),)
    raise UsageError(f"no pack is named {named!r}", nearest(named, sorted(known)))


def _about(reader: Reader, experiment: str, wanted: str, packs: tuple[Pack, ...]) -> tuple[Pack, Scenario] | None:
    """Return the scenario an experiment is judged by: the one asked for, else its own, else None."""
    if wanted:
        return scenario(wanted, packs)
    rows = reader.rows("SELECT scenario FROM experiments WHERE experiment_id = $id", {"id": experiment})
    own = rows[0]["scenario"] if rows else None
    known = {one.id for pack in packs for one in pack.scenarios}
    return scenario(own, packs) if own in known else None


def exit_code(cards: Sequence[Card], *, untried: bool = False) -> int:
    """Return 1 where a promise is missed, 3 where none is and something cannot be told, else 0."""
    counted = [one.counts for one in cards]
    if any(one["missed"] for one in counted):
        return int(ExitCode.MISSED)
    if untried or any(one["cannot_tell"] for one in counted):
        return int(ExitCode.CANNOT_TELL)
    return int(ExitCode.OK)


def _print(answer: str | dict[str, Any]) -> None:
    text = answer if isinstance(answer, str) else json.dumps(answer, indent=2, default=_plain, ensure_ascii=False)
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def pack_lines(found: PackScore) -> Iterator[str]:
    """Yield a pack as text: its score, a line for each scenario, then the cards."""
    yield f"{found.pack.pack}: {score_words(found.score)}"
    rows = [[one.scenario.id if one.scenario else "", _count_words(one), score_words(one.score)] for one in found.cards]
    rows += [[name, "not tried", NO_VALUE] for name in found.untried]
    yield from text_table(["scenario", "promises", "resilience score"], rows)
    for one in found.cards:
        yield ""
        yield from card_lines(one)


def card_lines(one: Card) -> Iterator[str]:
    """Yield a card as text: whose, its score, predicted against observed, claimed against proved."""
    yield _title(one)
    yield f"{_count_words(one)}; resilience score {score_words(one.score)}"
    rows = [_row(verdict) for verdict in one.verdicts]
    yield from text_table(["promise", "predicted", "observed", "between", "verdict", "why"], rows)
    if one.outcome or one.claims:
        yield ""
        yield from text_table(["claimed", "says", "proved", "between", "stands"], list(_claimed(one)))


def _title(one: Card) -> str:
    tried = one.experiment
    ended = f"{tried['ended_at']:%H:%M:%S}" if tried["ended_at"] else "now"
    whom = " → ".join(str(name) for name in (tried["service"], tried["target"]) if name)
    named = [tried["experiment_id"], one.scenario.id if one.scenario else tried["scenario"], whom]
    when = f"{tried['started_at']:%Y-%m-%d %H:%M:%S} to {ended} UTC"
    return " · ".join(str(part) for part in (*named, when) if part)


def _count_words(one: Card) -> str:
    words = {"met": "kept", "missed": "missed", "cannot_tell": "unproved", "not_applicable": "not applicable"}
    counted = one.counts
    total = sum(counted.values()) - counted["not_applicable"]
    parts = [f"{counted['met']} of {total} kept"]
    parts += [f"{counted[word]} {said}" for word, said in words.items() if word != "met" and counted[word]]
    return ", ".join(parts)


def score_words(score: Score) -> str:
    """Return a score in words: a range, and how much of it is unproved; rounded outwards, never up to a pass."""
    if score.low is None or score.high is None:
        return "cannot be told: nothing is proved"
    low, high = int(score.low * 100 + 1e-9) / 100, -(-score.high * 100 // 1) / 100
    span = f"{low:.2f}" if score.unproved == 0 else f"{low:.2f} to {min(high, 1.0):.2f}"
    return span if score.unproved == 0 else f"{span} ({score.unproved * 100:.0f} % unproved)"


def _row(verdict: Verdict) -> list[str]:
    figure, ours = verdict.measured, " (ours)" if verdict.objective.origin == "default" else ""
    between = range_words(figure.low, figure.high, verdict.unit, verdict.comparison, verdict.target)
    word = MARKS[verdict.verdict] if verdict.counts else "reported"
    return [
        verdict.objective.name,
        limit_words(verdict.comparison, verdict.target, verdict.unit) + ours,
        shown(figure.value, verdict.unit, verdict.comparison, verdict.target),
        between,
        word,
        verdict.reason,
    ]


def _claimed(one: Card) -> Iterator[list[str]]:
    if one.outcome:
        yield ["outcome", str(one.experiment["outcome"]), _count_words(one), "", one.outcome.replace("_", " ")]
    for claim in one.claims:
        yield _claim(claim)


def _claim(claim: Claim) -> list[str]:
    unit, proved = claim.indicator.unit, claim.proved
    return [
        claim.indicator.name,
        shown(claim.claimed, unit),
        shown(proved.value, unit),
        range_words(proved.low, proved.high, unit, None, None),
        claim.standing.replace("_", " "),
    ]


def card_json(one: Card) -> dict[str, Any]:
    """Return a card for programs; verdicts have the columns of their view."""
    return {
        "experiment": dict(one.experiment),
        "scenario": one.scenario.id if one.scenario else None,
        "counts": one.counts,
        "resilience_score": _score_json(one.score),
        "verdicts": [verdict.row() for verdict in one.verdicts],
        "claimed_outcome": one.outcome or None,
        "claims": [
            {
                "indicator": claim.indicator.name,
                "claimed": claim.claimed,
                "value": claim.proved.value,
                "low": claim.proved.low,
                "high": claim.proved.high,
                "standing": claim.standing,
                "reason": claim.reason,
                "source": claim.source,
            }
            for claim in one.claims
        ],
    }


def pack_json(found: PackScore) -> dict[str, Any]:
    """Return a pack's score with its cards, for programs."""
    return {
        "pack": found.pack.pack,
        "resilience_score": _score_json(found.score),
        "untried": list(found.untried),
        "experiments": [card_json(one) for one in found.cards],
    }


def _score_json(score: Score) -> dict[str, Any]:
    return {"low": score.low, "high": score.high, "unproved": score.unproved, "n": score.n}
