"""What can be said before anything is collected: is the configuration right, are sources and store well?"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from glob import glob
from pathlib import Path

from breakwatch.clock import Clock, system_clock
from breakwatch.config import Config, LogsSource, OpenMetricsSource, PrometheusSource
from breakwatch.errors import BreakwatchError, ExitCode
from collectors.discover import ScrapeJob, discover
from service import checking, collecting

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
    for problem in checking.unknown_profiles(config):
        yield Check("config", problem.problem, problem.remedy, problem.exit_code)
    for source in config.sources:
        try:
            if isinstance(source, PrometheusSource):
                yield from _server(source, config, clock)
            else:
                yield from _files(source)
        except BreakwatchError as error:
            yield Check(source.name, error.problem, error.remedy, error.exit_code)
    yield from _store(config, clock)


def _server(source: PrometheusSource, config: Config, clock: Clock) -> Iterator[Check]:
    found = discover(source, config, clock)
    version = found.build.get("version")
    yield Check(source.name, f"{source.url} answers{f', version {version}' if version else ''}")
    if found.profiles:
        matched = ", ".join(f"{name} ({count} series)" for name, count in sorted(found.profiles.items()))
        yield Check(
            source.name, f"profiles that match: {matched}; {found.series} of {source.max_series} series a cycle"
        )
    else:
        remedy = "scrape a service with a known library, or describe your metrics in a profile"
        yield Check(source.name, "no known profile matches what it holds", remedy)
    yield from (_interval(source, job) for job in found.jobs)
    if found.clock_difference_s is None:
        yield Check(source.name, "no difference between its clock and ours was seen")
    else:
        ahead = f"its clock is {found.clock_difference_s:+.0f} s from ours"
        yield Check(source.name, ahead, "run an NTP client on both machines")


def _interval(source: PrometheusSource, job: ScrapeJob) -> Check:
    if job.interval_s is None:
        return Check(source.name, f"job {job.job}: scrape interval unknown", "set scrape_interval in this source")
    about = f"edges are known to ± {job.interval_s / 2:g} s"
    targets = f"{job.targets} target{'' if job.targets == 1 else 's'}"
    return Check(source.name, f"job {job.job}: {targets} every {job.interval_s:g} s, so {about}")


def _files(source: LogsSource | OpenMetricsSource) -> Iterator[Check]:
    for pattern in source.paths:
        found = [Path(name) for name in glob(str(pattern))]  # noqa: PTH207 - the pattern may be absolute
        unreadable = [file for file in found if not os.access(file, os.R_OK)]
        if not found:
            yield Check(source.name, f"no file matches {pattern}", "check the path", ExitCode.SOURCE)
        elif unreadable:
            yield Check(source.name, f"{unreadable[0]} cannot be read", "grant read permission", ExitCode.SOURCE)
        else:
            yield Check(source.name, f"{len(found)} {'file' if len(found) == 1 else 'files'} at {pattern}")


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
