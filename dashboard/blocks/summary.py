"""The tiles, the two tables, the legend and the footer of the overview, as snippets."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING

from dashboard import examples, markup, words
from dashboard.markup import Markup, bold, div, small, span
from dashboard.sentences import BY_WHAT, HEALERS, VERBS

if TYPE_CHECKING:
    from analysis.questions.changes import Act
    from analysis.questions.common import Bounded
    from analysis.questions.episodes import Healing
    from analysis.questions.overview import Figures
    from dashboard.filters import Selection

_SCALES_S = (10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 86_400, 604_800)
_MOST_CHANGES = 4
_LEGEND = (
    ("full", "full"),
    ("degraded", "degraded"),
    ("limited", "limited"),
    ("cache_only", "cache only"),
    ("unavailable", "unavailable"),
)


def tiles(figures: Figures, *, stale: bool) -> list[Markup]:
    """Return the four tiles: episodes, recovery, healed by itself, coverage; stale data are never called well."""
    return [
        _episodes(figures, stale=stale),
        _recovery(figures.healing),
        _by_itself(figures.healing),
        _coverage(figures),
    ]


def yesterday(selection: Selection) -> str:
    """Return since when "since yesterday" counts."""
    start = selection.as_of - timedelta(days=1)
    return f"{words.day(start, selection.zone)} {words.clock(start, selection.zone, seconds=False)}"


def since(figures: Figures, selection: Selection) -> Markup:
    """Return what happened in the last 24 h, each with its outcome at the right."""
    healing = figures.recent_healing
    usual = _usual(figures.usual)
    lines = [
        (
            markup.glyph("open"),
            span(bold(words.plural(healing.episodes, "episode")), usual),
            span(_endings(healing) or "nothing opened", cls="note"),
        )
    ]
    lines += [(markup.glyph("flag", "ink"), *_act(act, selection)) for act in figures.recent_acts[:_MOST_CHANGES]]
    rest = len(figures.recent_acts) - _MOST_CHANGES
    if rest > 0:
        more = markup.link(words.plural(rest, "more change"), _data_url(selection, "changes"))
        lines.append((markup.glyph("flag", "muted"), more, span("", cls="note")))
    doubts = figures.recent_doubts
    if doubts.findings:
        found = bold(markup.link(words.plural(doubts.findings, "finding"), _data_url(selection, "findings")))
        note = "what does not fit together" if doubts.kinds is None else doubts.kinds.replace("_", " ")
        lines.append((markup.glyph("warning", "mild"), found, span(note, cls="note")))
    if doubts.rejected:
        url = _data_url(selection, "rejected")
        told = bold(markup.link(f"{words.plural(doubts.rejected, 'piece')} of input rejected", url))
        lines.append((markup.glyph("help"), told, span("kept with the reason", cls="note")))
    return markup.rows(lines, "bw-since")


def healing(figures: Figures) -> Markup:
    """Return how well the last 30 days healed: counts, and times with their bounds and n."""
    month = figures.month
    resolved, ongoing = month.resolved, month.ongoing
    n = f"n = {resolved}" + (f", {ongoing} ongoing" if ongoing else "")
    n += ", too few to compare" if month.too_few else ""
    boxes = markup.boxes(month.healed_by_itself, resolved - month.healed_by_itself, ongoing)
    others = [f"{count} {BY_WHAT.get(name, name)}" for name, count in month.healed_by if name != "self"]
    if ongoing:
        others.append(f"{ongoing} ongoing")
    itself = f"{month.healed_by_itself} of {resolved}" if resolved else "no data"
    lines = [
        _heal("Healed by itself", itself, " · ".join(others), boxes),
        _heal("Recovery, median", _value(month.median), f"{_bounds(month.median)} · {n}"),
        _heal("Recovery, p90", _value(month.p90), f"{_bounds(month.p90)} · {n}"),
        _heal("Recovery, worst", _value(month.worst), _bounds(month.worst)),
        _heal("Recovery, mean", _value(month.mean), mean_note(month)),
        _heal("Episodes", words.count(month.episodes), f"on {words.plural(month.instances_hit, 'instance')} in all"),
    ]
    return markup.rows(lines if resolved or ongoing else lines[-1:], "bw-heal")


def mean_note(healing: Healing) -> str:
    """Return how sure a mean is: how far it would vary with other episodes of the same kind, and of how many it is."""
    n = f"n = {healing.resolved} ended"
    if healing.mean_low_s is None or healing.mean_high_s is None:
        return n if healing.resolved else ""
    half_s = (healing.mean_high_s - healing.mean_low_s) / 2
    low, high = words.duration(healing.mean_low_s, half_s, "down"), words.duration(healing.mean_high_s, half_s, "up")
    return f"(95{words.NBSP}% between {low} and {high}) · {n}"


def legend(range_words: str, selection: Selection) -> Markup:
    """Return the title of the lanes with the meaning of what is drawn on them, in words."""
    title = markup.tag("h2", f"Last {range_words}" if selection.range_name != "custom" else "Selected days")
    keys = [span(span(cls=f"bw-key {kind}"), word) for kind, word in _LEGEND]
    keys += [
        span(span(cls="bw-key ring"), "breaker opened"),
        span(markup.glyph("flag", "ink"), "change"),
        span(span(cls="bw-key seen"), "seen, says no level"),
        span(span(cls="bw-key unseen"), "unseen"),
    ]
    return markup.wrap(div(title, *keys, cls="bw-legend"))


def footer(figures: Figures, selection: Selection) -> Markup:
    """Return who was looking, as of when, and by which policy."""
    parts: list[Markup] = [
        span(f"coverage {one.source} ", bold(words.percent(one.share))) for one in figures.coverage[:6]
    ] or [span("coverage ", bold("no data"))]
    told = f"{words.day(selection.as_of, selection.zone)} {words.clock(selection.as_of, selection.zone)}"
    parts.append(span("data as of ", bold(told), f" {selection.zone.key}"))
    parts.append(span("policy ", bold("none yet")))
    return markup.wrap(div(*parts, cls="bw-foot"))


def _episodes(figures: Figures, *, stale: bool) -> Markup:
    healing = figures.healing
    note = f"{words.count(healing.ongoing)} ongoing" if healing.ongoing else "none ongoing"
    hit = words.plural(healing.instances_hit, "instance") + " hit"
    chip = markup.chip("open now", "hurt", "open") if healing.ongoing else markup.chip("all closed", "ok", "closed")
    if stale:
        chip = markup.chip("stale", "mild", "warning")
    boxes = markup.boxes(
        healing.healed_by_itself, healing.resolved - healing.healed_by_itself, healing.ongoing, most=30
    )
    ends = div(span("each box an episode: itself, otherwise, open"), cls="bw-scale") if boxes else Markup("")
    below = markup.join((div(boxes, style="height:20px;margin-top:4px"), ends))
    return _tile("Breaker episodes", chip, words.count(healing.episodes), note, hit, below)


def _recovery(healing: Healing) -> Markup:
    median, worst = healing.median, healing.worst
    n = f"n = {healing.resolved}" + (f", {healing.ongoing} ongoing" if healing.ongoing else "")
    chip = markup.chip("too few to compare", "unknown") if healing.too_few else Markup("")
    if median.low is None:
        return _tile("Breaker recovery, median", chip, "no data", "", n, Markup(""))
    longest = max(healing.p90.value or 0.0, 2 * (median.value or median.low))
    scale = next((s for s in _SCALES_S if s >= longest), _SCALES_S[-1])
    high = None if median.high is None or math.isinf(median.high) else median.high
    bar = markup.range_bar(median.low, high, median.value, scale)
    middle = f"p90 {_value(healing.p90)} · worst {_value(worst)}"
    ends = div(span("0"), span(middle), span(words.duration(float(scale), 1.0)), cls="bw-scale")
    return _tile("Breaker recovery, median", chip, _value(median), _bounds(median), n, markup.join((bar, ends)))


def _by_itself(healing: Healing) -> Markup:
    if not healing.episodes:
        return _tile("Healed by itself", Markup(""), "no data", "", "nothing opened", Markup(""))
    low = healing.healed_by_itself / healing.episodes
    unknown = dict(healing.healed_by).get("unknown", 0)
    high = (healing.healed_by_itself + healing.ongoing + unknown) / healing.episodes
    value = healing.healed_by_itself / healing.resolved if healing.resolved else None
    bounds = f"({low * 100:.0f}{words.DASH}{high * 100:.0f})" if high > low else "exact"
    n = f"{healing.healed_by_itself} of {healing.resolved} ended" + (
        f", {healing.ongoing} ongoing" if healing.ongoing else ""
    )
    bar = markup.range_bar(low, high, value, 1.0, "ok")
    ends = div(span("0 %"), span("100 %"), cls="bw-scale")
    return _tile("Healed by itself", Markup(""), words.percent(value), bounds, n, markup.join((bar, ends)))


def _coverage(figures: Figures) -> Markup:
    if not figures.coverage:
        return _tile("Coverage, worst source", markup.chip("unseen", "unknown"), "no data", "", "", Markup(""))
    worst = figures.coverage[0]
    bar = markup.range_bar(worst.share or 0.0, worst.share, worst.share, 1.0, "ok")
    ends = div(span("0 %"), span("100 %"), cls="bw-scale")
    sources = words.plural(len(figures.coverage), "source")
    value = words.percent(worst.share)
    return _tile("Coverage, worst source", Markup(""), value, worst.source, sources, markup.join((bar, ends)))


def _tile(  # noqa: PLR0917 (the slots of a tile, from top to bottom)
    title: str, chip: Markup, value: str, beside: str, side: str, below: Markup
) -> Markup:
    head = div(span(title), chip, cls="top")
    middle = div(span(value, small(beside) if beside else "", cls="value"), span(side, cls="side"), cls="mid")
    return markup.wrap(div(head, middle, below, cls="bw-tile"))


def _heal(name: str, value: str, note: str, boxes: Markup | None = None) -> tuple[Markup, ...]:
    return span(name), bold(value), span(small(note), cls="note"), span(boxes or "", cls="boxes")


def _value(number: Bounded) -> str:
    if number.value is None:
        return "no data" if number.low is None else f"≥{words.NBSP}{words.duration(number.low, 1.0, 'down')}"
    return words.duration(number.value, number.tolerance)


def _bounds(number: Bounded) -> str:
    if number.value is None:
        return "" if number.low is None else "(not ended yet)"
    if number.high is not None and math.isinf(number.high):
        return f"(at least {words.duration(number.low, rounding='down')})"
    told = words.bounds(number.low, number.high)
    return told if told in {"exact", "no bounds"} else f"({told})"


def _act(act: Act, selection: Selection) -> tuple[Markup, Markup]:
    """Return a change as people say it: what was done when, what it brought, and the rest as a note."""
    change = act.change
    what = " ".join(part for part in (change.service, change.revision) if part)
    when = words.clock(change.occurred_at, selection.zone, seconds=False)
    done = f" {VERBS.get(change.kind, change.kind)} {when}"
    if act.restarts and change.kind != "restart":
        done += ", restarted" if act.restarts == 1 else f", {act.restarts} restarts"
    elif act.restarts > 1:
        done += f" on {act.restarts} instances"
    return span(bold(what), done), span(change.detail, cls="note")


def _data_url(selection: Selection, ask: str) -> str:
    sql = examples.behind(ask, selection.environment, selection.as_of)
    return markup.page_url("data", {**selection.parameters, "sql": sql})


def _usual(a_day: float | None) -> str:
    if a_day is None:
        return ""
    return f", usually {a_day:.0f} a day" if a_day >= 1 else ", usually less than one a day"


def _endings(healing: Healing) -> str:
    told = [f"{count} {HEALERS.get(name, 'closed, unknown how')}" for name, count in healing.healed_by]
    if healing.ongoing:
        told.append(f"{healing.ongoing} open")
    return ", ".join(told)
