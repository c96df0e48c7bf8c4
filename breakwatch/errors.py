"""The one root of everything that can go wrong and be explained to a person.

    BreakwatchError          70  internal
    ├── UsageError            2  wrong command line
    ├── ConfigError           2  wrong config: file, line, key, nearest known key
    ├── SourceError           4  a source is unreachable or refused
    ├── StoreError            5  the store is locked, damaged or full
    │   └── StoreOwnedError   5  another process is its owner
    ├── DeliveryError         6  a message could not be delivered
    └── RejectedInput         7  some input was rejected; the good rows are in

Foreign exceptions are translated once, at the edge that meets them, with ``raise ... from error``.
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of every command (the public contract)."""

    OK = 0
    MISSED = 1
    USAGE = 2
    CANNOT_TELL = 3
    SOURCE = 4
    STORE = 5
    DELIVERY = 6
    REJECTED = 7
    INTERNAL = 70


class BreakwatchError(Exception):
    """A problem a person can act on.

    Args:
        problem: what is wrong, naming the file, key, URL or row; one line, no final period.
        remedy: what to do about it; one line.
    """

    exit_code: ExitCode = ExitCode.INTERNAL

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy


class UsageError(BreakwatchError):
    """The command line cannot be carried out as given."""

    exit_code = ExitCode.USAGE


class ConfigError(BreakwatchError):
    """The configuration is wrong; the problem names file, line and key."""

    exit_code = ExitCode.USAGE


class SourceError(BreakwatchError):
    """A source is unreachable, refuses us, or answers something else than it should.

    Args:
        problem: as everywhere.
        remedy: as everywhere.
        retryable: true where asking the same again may well succeed (the server is down, in trouble, or wants fewer
            requests), false where somebody has to change something first.
        retry_after_s: how many seconds the server itself asks us to wait; None when it does not say.
    """

    exit_code = ExitCode.SOURCE

    def __init__(
        self, problem: str, remedy: str, *, retryable: bool = False, retry_after_s: float | None = None
    ) -> None:
        super().__init__(problem, remedy)
        self.retryable = retryable
        self.retry_after_s = retry_after_s


class StoreError(BreakwatchError):
    """The store is locked, damaged, full, or not a store at all."""

    exit_code = ExitCode.STORE


class StoreOwnedError(StoreError):
    """Another process owns the store; what it publishes can be read, and it takes what lies in its inbox."""


class DeliveryError(BreakwatchError):
    """A message could not be delivered."""

    exit_code = ExitCode.DELIVERY


class RejectedInput(BreakwatchError):
    """Some input was rejected and kept for inspection; the good rows are in."""

    exit_code = ExitCode.REJECTED
