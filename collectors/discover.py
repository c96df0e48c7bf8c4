"""What a Prometheus holds that we can use, and what its scrapes are like: for ``init`` and ``doctor``."""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from breakwatch.clock import DAY_US, SECOND_US, Clock
from breakwatch.config import Config, PrometheusSource
from breakwatch.errors import SourceError
from breakwatch.model import Track, TrackKind
from collectors import profiles
from collectors.claims import NAME, Claims
from collectors.encode import Encoder, scrape_target
from collectors.identity import Resolver
from collectors.prometheus_api import PrometheusApi
from collectors.samples import by_series
from collectors.targets import OF_TARGETS, UP, wanted_series

RECENT_US = DAY_US
MOST_RELATED = 10
_RELATED = re.compile(r"(?i)circuit|breaker|retr(y|ies)|fallback|failover|bulkhead|rate_?limit|hedg")


@dataclass(frozen=True, slots=True)
class Breaker:
    """A breaker that some series names."""

    service: str
    breaker: str
    instances: int
    profile: str


@dataclass(frozen=True, slots=True)
class ScrapeJob:
    """One job: how many targets of it matter, how often they are scraped (None: not known) and how long that takes."""

    job: str
    targets: int
    interval_s: float | None
    timeout_s: float | None


@dataclass(frozen=True, slots=True)
class Discovery:
    """What was found in the last day.

    Attributes:
        profiles: name → number of series, of the profiles that have any.
        scrape_interval_s: the longest of the jobs', which bounds what can be proved; None when not known.
        clock_difference_s: the server's clock minus ours, exact to a second; None when the server does not say.
        build: the server's version and what else it says about itself.
        series: how many series a cycle asks for.
        intervals_s: service → the longest scrape interval of the jobs that tell about it.
        targets: how many named targets calls go to, by service.
        problems: metrics that a profile knows but cannot read, with why.
        related: metrics that sound like resilience and that no profile reads.
        native_histograms: metrics sent as native histograms, which are not read.
        verified: how the profiles that were found are known to be right (``Profile.verified``).
    """

    profiles: Mapping[str, int]
    services: Sequence[str]
    breakers: Sequence[Breaker]
    scrape_interval_s: float | None
    jobs: Sequence[ScrapeJob]
    clock_difference_s: float | None
    build: Mapping[str, str]
    series: int
    intervals_s: Mapping[str, float]
    targets: Mapping[str, Sequence[str]]
    problems: Mapping[str, str]
    related: Sequence[str]
    native_histograms: Sequence[str]
    verified: Mapping[str, str]


def discover(source: PrometheusSource, config: Config, clock: Clock) -> Discovery:
    """Ask a Prometheus what it holds; SourceError when it cannot be read.

    The profiles looked for are those of the source; without any, all that may be looked for unasked.
    """
    api = PrometheusApi(source)
    try:
        return _discover(api, source, config, clock)
    finally:
        api.close()


def _discover(api: PrometheusApi, source: PrometheusSource, config: Config, clock: Clock) -> Discovery:
    before_us = clock()
    server_us = api.server_time_us()
    now_us = clock()
    claims = Claims(profiles.load(source.profiles))
    encoder = Encoder(source.name, source.replica_group, claims, Resolver(config.services, source.labels))
    names = api.metric_names()
    metrics = [name for name in claims.wanted_of(names) if name not in OF_TARGETS]
    found = api.series(metrics, now_us - RECENT_US, now_us)
    mine = [one for one, own in zip(found, wanted_series(encoder, found), strict=True) if own]
    told = [(track, labels) for labels in mine for track, _ in encoder.tracks_of(labels)]
    # When a process started is known of any program; which services it tells of, by what else it exports.
    tracks = [(track, labels) for track, labels in told if track.kind is not TrackKind.PROCESS_START]
    instances: dict[tuple[str, str, str], set[str]] = {}
    for track, _ in tracks:
        if track.subject.breaker and track.kind in (TrackKind.BREAKER_STATE, TrackKind.TRANSITIONS):
            key = (track.subject.service, track.subject.breaker, track.profile)
            instances.setdefault(key, set()).add(track.subject.instance)
    jobs = _jobs(api, mine, now_us)
    intervals = [job.interval_s for job in jobs if job.interval_s is not None]
    # The server read its clock somewhere between our two looks at ours, and tells whole seconds only.
    difference_s = None if server_us is None else (server_us + SECOND_US // 2 - (before_us + now_us) // 2) / SECOND_US
    return Discovery(
        profiles=dict(Counter(encoder.tracks_of(labels)[0][0].profile for labels in mine)),
        services=sorted({track.subject.service for track, _ in tracks if track.subject.service}),
        breakers=[Breaker(*key[:2], len(seen), key[2]) for key, seen in sorted(instances.items())],
        scrape_interval_s=max(intervals, default=None),
        jobs=jobs,
        clock_difference_s=None if difference_s is None or abs(difference_s) <= 1 else round(difference_s, 1),
        build=_build(api),
        series=len(mine),
        intervals_s=_intervals(tracks, jobs),
        targets=_targets(track for track, _ in tracks),
        problems=_problems(claims, found),
        related=_related(claims, names, mine)[:MOST_RELATED],
        native_histograms=_native_histograms(api, names),
        verified={profile.name: profile.verified for profile in claims.profiles},
    )


def _intervals(tracks: Iterable[tuple[Track, Mapping[str, str]]], jobs: Iterable[ScrapeJob]) -> dict[str, float]:
    of_job = {job.job: job.interval_s for job in jobs if job.interval_s is not None}
    found: dict[str, float] = {}
    for track, labels in tracks:
        interval_s = of_job.get(labels.get("job", ""))
        if track.subject.service and interval_s is not None:
            found[track.subject.service] = max(interval_s, found.get(track.subject.service, 0.0))
    return found


def _targets(tracks: Iterable[Track]) -> dict[str, Sequence[str]]:
    found: dict[str, set[str]] = {}
    for track in tracks:
        if track.subject.target and track.kind is TrackKind.REQUESTS:
            found.setdefault(track.subject.service, set()).add(track.subject.target)
    return {service: sorted(targets) for service, targets in found.items()}


def _problems(claims: Claims, series: Iterable[Mapping[str, str]]) -> dict[str, str]:
    return {labels[NAME]: claim.problem for labels in series for claim in claims.of(labels) if claim.problem}


def _related(claims: Claims, names: Iterable[str], series: Iterable[Mapping[str, str]]) -> list[str]:
    """Return metrics that sound like ours and that nobody reads, without those of libraries of which we read others."""
    families = {labels[NAME].partition("_")[0] for labels in series}
    sounding = [name for name in names if _RELATED.search(name) and not claims.wanted(name)]
    return [name for name in sounding if name.partition("_")[0] not in families]


def _native_histograms(api: PrometheusApi, names: Sequence[str]) -> list[str]:
    """Return the histograms that have samples under their own name: classic ones only have them under suffixes."""
    told = _optional(api, "/api/v1/metadata") or {}
    kinds = {name: {one.get("type") for one in entries} for name, entries in told.items() if isinstance(entries, list)}
    return sorted(name for name in set(names) & kinds.keys() if "histogram" in kinds[name])


def _jobs(api: PrometheusApi, series: Sequence[Mapping[str, str]], now_us: int) -> list[ScrapeJob]:
    """Return the jobs that carry our series; intervals as measured, timeouts as the server's own settings say."""
    targets: dict[str, set[str]] = {}
    for labels in series:
        targets.setdefault(labels.get("job", ""), set()).add(scrape_target(labels))
    matching = {"job": sorted(targets)}
    scraped = api.samples([UP], now_us - RECENT_US // 24, now_us, matching) if targets else None
    if targets and (scraped is None or not len(scraped.series)):
        scraped = api.samples([UP], now_us - RECENT_US, now_us, matching)
    measured: dict[str, list[float]] = {}
    if scraped is not None:
        for labels, (stamps, _) in zip(scraped.labels, by_series(scraped), strict=True):
            if len(stamps) > 1:
                measured.setdefault(labels.get("job", ""), []).append(float(np.median(np.diff(stamps))) / SECOND_US)
    timeouts = _timeouts(api)
    return [
        ScrapeJob(
            job=job,
            targets=len(names),
            interval_s=round(statistics.median(measured[job]), 3) if job in measured else None,
            timeout_s=timeouts.get(job),
        )
        for job, names in sorted(targets.items())
    ]


def _timeouts(api: PrometheusApi) -> dict[str, float]:
    """Return each job's scrape timeout; empty where the server does not tell (other servers than Prometheus)."""
    active = _optional(api, "/api/v1/targets?state=active")
    found: dict[str, float] = {}
    for target in (active or {}).get("activeTargets") or []:
        text = str(target.get("scrapeTimeout", ""))
        if text.endswith("s") and text[:-1].replace(".", "", 1).isdigit():
            found[str(target.get("labels", {}).get("job", ""))] = float(text[:-1])
    return found


def _build(api: PrometheusApi) -> dict[str, str]:
    return {str(key): str(value) for key, value in (_optional(api, "/api/v1/status/buildinfo") or {}).items()}


def _optional(api: PrometheusApi, path: str) -> dict[str, Any] | None:
    """Return what a path answers with, or None for a server that does not have it: not every one is a Prometheus."""
    try:
        answer = api.get(path)
    except SourceError:
        return None
    return answer if isinstance(answer, dict) else None
