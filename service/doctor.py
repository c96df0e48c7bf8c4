"""What can be said before anything is collected: is the configuration right, are sources and store well?"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from glob import glob
from pathlib import Path

from analysis.provable import OpenTime, doubts
from analysis.questions.publication import sources as health_of
from analysis.questions.starters import starters
from breakwatch.clock import Clock, from_us, system_clock
from breakwatch.config import ActuatorSource, Config, LogsSource, OpenMetricsSource, PrometheusSource
from breakwatch.config_sources import STANDARD_INPUT
from breakwatch.errors import BreakwatchError, ExitCode, StoreError
from collectors import profiles
from collectors.actuator import look
from collectors.cost import cycle_cost
from collectors.discover import Discovery, ScrapeJob, discover
from collectors.logs.trial import guessed, tried
from service import checking, collecting, console, scaffold
from service.running import LEAST_INTERVAL_S, USUAL_SCRAPE_INTERVAL_S
from store import Reader

NEAR_THE_CAP = 0.8
MOST_NAMED = 5
LEAST_FREE_BYTES = 1_000_000_000
NETWORK_FILE_SYSTEMS = frozenset({"nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs"})


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at; ``code`` is OK where all is well, and ``remedy`` is empty then."""

    subject: str
    finding: str
    remedy: str = ""
    code: ExitCode = ExitCode.OK

    def line(self) -> str:
        """Return the check as one line."""
        word = "ok  " if self.code is ExitCode.OK and not self.remedy else "FAIL" if self.code else "warn"
        return f"{word}  {self.subject}: {self.finding}" + (f" — try: {self.remedy}" if self.remedy else "")


def run(config: Config, clock: Clock = system_clock) -> int:
    """Print every check as it is made and return the worst exit code."""
    worst = ExitCode.OK
    for check in checks(config, clock):
        print(check.line(), flush=True)  # noqa: T201 - the answer of the command
        worst = max(worst, check.code)
    return int(worst)


def checks(config: Config, clock: Clock) -> Iterator[Check]:
    """Yield every check; a source that is down is a finding, never an exception."""
    if not config.sources:
        yield Check("config", "no sources", "add one under sources:, or run breakwatch init --prometheus URL")
    refused = checking.refused(config)
    for problem in refused.values():
        yield Check("config", problem.problem, problem.remedy, problem.exit_code)
    intervals_s: dict[str, float] = {}
    for source in config.sources:
        try:
            if isinstance(source, PrometheusSource):
                found = discover(source, config, clock)
                yield from _server(source, found)
                yield _cost(source, config, clock, found.scrape_interval_s)
                intervals_s |= found.intervals_s
            elif isinstance(source, ActuatorSource):
                yield _page(source, clock)
            else:
                yield from _files(source)
                if isinstance(source, LogsSource) and source.name not in refused:
                    yield from _lines(source, config, clock)
                yield from _proofs(source)
        except BreakwatchError as error:
            yield Check(source.name, error.problem, error.remedy, error.exit_code)
    yield from _store(config, clock)
    yield from _late(config, clock)
    yield from _objectives(config, intervals_s)


def _late(config: Config, clock: Clock) -> Iterator[Check]:
    """Yield the sources whose collection fails, as the runs on record tell, and when they are asked again."""
    try:
        with Reader.open(config.store.path) as reader:
            health = {one.source: one for one in health_of(reader)}
    except BreakwatchError:
        return  # there is no published file, or none of ours: the check of the store has said so
    now = from_us(clock())
    names = [source.name for source in config.sources if source.name in health]
    for found in (health[name] for name in names if health[name].is_late(now)):
        since = f"since {found.seen_at:%Y-%m-%d %H:%M:%S} UTC" if found.seen_at else "from the first attempt on"
        again = f"; asked again at {found.next_attempt_at:%H:%M:%S} UTC" if found.next_attempt_at else ""
        remedy = "somebody has to change something first" if found.needs_person else "nothing: it catches up by itself"
        about = f"stale: its collection has failed {since}: {found.error}{again}"
        yield Check(found.source, about, remedy)


def _objectives(config: Config, intervals_s: Mapping[str, float]) -> Iterator[Check]:
    """Yield what stands against the objectives; a limit out of reach is a warning, for it is the user's to set."""
    exact = [source.name for source in config.sources if isinstance(source, LogsSource)]
    found = list(doubts(config, intervals_s, exact, _open_times(config.store.path)))
    yield from (Check(f"objective {doubt.objective}", doubt.problem, doubt.remedy) for doubt in found)
    sound = len(config.objectives) - len({doubt.objective for doubt in found})
    if sound:
        several = "objectives: nothing stands" if sound > 1 else "objective: nothing stands"
        yield Check("objectives", f"{sound} {several} against proving them")


def _open_times(published: Path) -> list[OpenTime]:
    """Return the open times that were seen so far; none where nothing was collected yet."""
    try:
        with Reader.open(published) as reader:
            seen = starters(reader).open_times
    except StoreError:
        return []  # what is wrong with the store is said by its own check
    return [OpenTime(one.service, one.breaker, one.least_low_s, declared=False) for one in seen]


def _server(source: PrometheusSource, found: Discovery) -> Iterator[Check]:
    version = found.build.get("version")
    yield Check(source.name, f"{source.url} answers{f', version {version}' if version else ''}")
    yield from _profiles(source, found)
    yield from (_interval(source, job) for job in found.jobs)
    if found.clock_difference_s is None:
        yield Check(source.name, "no difference between its clock and ours was seen")
    else:
        ahead = f"its clock is {found.clock_difference_s:+.0f} s from ours"
        yield Check(source.name, ahead, "run an NTP client on both machines")


def _profiles(source: PrometheusSource, found: Discovery) -> Iterator[Check]:
    for name, count in sorted(found.profiles.items()):
        yield Check(source.name, f"profile {name}: {count} series; {scaffold.PROOFS[found.verified[name]]}")
    if not found.profiles:
        remedy = "scrape a service with a known library, or describe your metrics in a profile"
        yield Check(source.name, "no known profile matches what it holds", remedy)
    share = found.series / source.max_series
    if share > NEAR_THE_CAP:
        about = f"{found.series} series a cycle, of at most {source.max_series}"
        yield Check(source.name, about, "name fewer profiles, or raise max_series")
    for metric, problem in found.problems.items():
        yield Check(source.name, f"{metric}: {problem}", "name a profile that says what its values mean")
    if found.related:
        remedy = "describe them in a profile of your own where they matter"
        yield Check(
            source.name, f"sound like resilience, but no profile reads them: {', '.join(found.related)}", remedy
        )
    if found.native_histograms:
        told = f"native histograms are not read: {', '.join(found.native_histograms[:MOST_NAMED])}"
        yield Check(source.name, told, "send classic buckets beside them (scrape_classic_histograms)")


def _page(source: ActuatorSource, clock: Clock) -> Check:
    seen = look(source, clock)
    about = (
        f"{source.url} answers: {seen.breakers} breakers, {seen.parts} parts, looked at every {source.interval_s:g} s"
    )
    remedy = "" if seen.breakers else "set registerHealthIndicator of each breaker, and show-details=always"
    return Check(source.name, about, remedy)


def _cost(source: PrometheusSource, config: Config, clock: Clock, interval_s: float | None) -> Check:
    """Return what one cycle costs the server: counted, by carrying one out."""
    every_s = max(LEAST_INTERVAL_S, interval_s or USUAL_SCRAPE_INTERVAL_S)
    cost = cycle_cost(source, config, clock, every_s)
    how = "remote read" if cost.streams else "queries: remote read is not to be had here, so filling gaps takes longer"
    answered = f"{cost.received_bytes / 1e3:,.0f} kB with {cost.samples:,} samples in {cost.seconds:.2f} s"
    finding = f"a cycle every {every_s:g} s costs it {cost.requests} requests, {answered}, by {how}"
    slow = cost.seconds > every_s / 2
    return Check(source.name, finding, "name fewer profiles, or collect less often" if slow else "")


def _interval(source: PrometheusSource, job: ScrapeJob) -> Check:
    if job.interval_s is None:
        return Check(source.name, f"job {job.job}: scrape interval unknown", "set scrape_interval in this source")
    about = f"edges are known to ± {job.interval_s / 2:g} s"
    targets = f"{job.targets} target{'' if job.targets == 1 else 's'}"
    return Check(source.name, f"job {job.job}: {targets} every {job.interval_s:g} s, so {about}")


def _files(source: LogsSource | OpenMetricsSource) -> Iterator[Check]:
    for pattern in source.paths:
        if pattern == STANDARD_INPUT:
            yield Check(source.name, "standard input, read by breakwatch collect --once")
            continue
        found = [Path(name) for name in glob(str(pattern))]  # noqa: PTH207 - the pattern may be absolute
        unreadable = [file for file in found if not os.access(file, os.R_OK)]
        if not found:
            yield Check(source.name, f"no file matches {pattern}", "check the path", ExitCode.SOURCE)
        elif unreadable:
            yield Check(source.name, f"{unreadable[0]} cannot be read", "grant read permission", ExitCode.SOURCE)
        else:
            yield Check(source.name, f"{len(found)} {'file' if len(found) == 1 else 'files'} at {pattern}")


def _lines(source: LogsSource, config: Config, clock: Clock) -> Iterator[Check]:
    """Yield what becomes of the newest lines, and how they would be understood where none is."""
    trial = tried(source, config, clock)
    if trial is None:
        return
    told = f"of the last {trial.lines:,} lines {trial.understood:,} events understood"
    if not trial.rejected and trial.understood:
        yield Check(source.name, told)
    elif trial.understood:
        yield Check(
            source.name, f"{told}, {trial.rejected:,} rejected ({', '.join(trial.reasons)})", console.LOOK_AT_REJECTED
        )
    else:
        guess = guessed(source.paths, config, clock)
        remedy = "check format and profile, or add a pattern of your own"
        if guess is not None:
            remedy = f"set format: {guess.format} and profile: {guess.profile}, by which {guess.trial.understood:,} are"
        why = f", {trial.rejected:,} rejected ({', '.join(trial.reasons)})" if trial.rejected else ""
        yield Check(source.name, f"{told}{why}", remedy)
    if trial.nameless:
        whose = (
            "none says whose it is" if trial.nameless == trial.understood else f"{trial.nameless:,} do not say whose"
        )
        remedy = "add labels: {application: …} to this source, or match in services"
        yield Check(source.name, f"of {trial.understood:,} event{'' if trial.understood == 1 else 's'} {whose}", remedy)


def _proofs(source: LogsSource | OpenMetricsSource) -> Iterator[Check]:
    """Yield how each profile that a source of files names was proved; a wrong name is the configuration's finding."""
    named = [source.profile] if isinstance(source, LogsSource) else source.profiles
    for name in named:
        if name in profiles.names():
            yield Check(source.name, f"profile {name}: {scaffold.PROOFS[profiles.shipped()[name].verified]}")


def _store(config: Config, clock: Clock) -> Iterator[Check]:
    path = config.store.path
    folder = next((parent for parent in path.absolute().parents if parent.is_dir()), Path("/"))
    kind = _file_system(folder)
    if kind in NETWORK_FILE_SYSTEMS:
        yield Check("store", f"{folder} is on {kind}, whose locks cannot be trusted", "move store.path to a local disk")
    else:
        yield Check("store", f"{folder} is on {kind or 'a local disk'}")
    free_bytes = shutil.disk_usage(folder).free
    if free_bytes < LEAST_FREE_BYTES:
        yield Check("store", f"only {free_bytes / 1e6:.0f} MB free in {folder}", "make room", ExitCode.STORE)
    if not os.access(folder, os.W_OK):
        yield Check("store", f"{folder} cannot be written", "grant write permission", ExitCode.STORE)
    elif path.exists():
        yield _owner(config, clock)
    else:
        yield Check("store", f"{path} does not exist yet; the first collection makes it")


def _owner(config: Config, clock: Clock) -> Check:
    try:
        collecting.open_store(config, clock).close()
    except BreakwatchError as error:
        if "owned by process" in error.problem:
            return Check("store", f"{error.problem} (fine while breakwatch run is on)")
        return Check("store", error.problem, error.remedy, error.exit_code)
    return Check("store", f"{config.store.path} opens")


def _file_system(folder: Path) -> str | None:
    """Return the kind of file system a folder lies on, where the system says so."""
    try:
        mounts = Path("/proc/mounts").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    best, kind = "", None
    for fields in (line.split() for line in mounts):
        point = fields[1].replace("\\040", " ")
        if folder.is_relative_to(point) and len(point) > len(best):
            best, kind = point, fields[2]
    return kind
