"""Spring Boot's health page, polled: the states of its breakers and of the parts it checks.

Each poll is a scrape of our own: what the page says becomes series, and the profile
``spring-boot-actuator-resilience4j-health`` says what they mean. A page that does not answer is a scrape that failed.
Polls cannot be made up for later; what happened between two of them is known to lie between them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import requests

from breakwatch.clock import SECOND_US, Clock, Instant
from breakwatch.config import ActuatorSource, Config, read_secret
from breakwatch.errors import SourceError
from breakwatch.model import Batch, Window
from collectors import profiles
from collectors.claims import NAME, Claims
from collectors.encode import Encoder
from collectors.http import AnswerTooLargeError, BoundedSession
from collectors.identity import Resolver
from collectors.samples import Samples
from collectors.targets import DURATION, UP, Outlook, encode_all, targets_of

PROFILE = "spring-boot-actuator-resilience4j-health"
BREAKER, HEALTH = "spring_boot_breaker_state", "spring_boot_health"
LAST = "last"
OK, UNAVAILABLE = 200, 503
"""A page that says DOWN answers 503; it is as good an answer as any."""

RETRYABLE = frozenset({408, 429, 500, 502, 503, 504})
_BREAKERS = "circuitBreakers"
_STATUSES = {"CIRCUIT_OPEN": "OPEN", "CIRCUIT_HALF_OPEN": "HALF_OPEN", "UP": "CLOSED"}
"""What a breaker's status says where its details, with the true state, are not shown."""

_REMEDIES = {
    401: "check bearer_token_file, basic_auth or headers of the source",
    403: "the credentials are known but may not read the page",
    404: "expose it with management.endpoints.web.exposure.include=health, and check the path in url",
}

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Poll:
    """What one look at the page said; where it did not answer (``up`` is false), the series it had when it last did."""

    at_us: Instant
    took_s: float
    up: bool
    series: Sequence[Labels] = ()

    def text(self) -> str:
        """Return the poll as a checkpoint."""
        return json.dumps([self.at_us, self.took_s, self.up, [dict(one) for one in self.series]])

    @classmethod
    def parse(cls, text: str) -> Poll:
        """Return the poll that a checkpoint holds."""
        at_us, took_s, up, series = json.loads(text)
        return cls(at_us, took_s, up, series)


@dataclass(frozen=True, slots=True)
class Seen:
    """How many breakers and parts a page shows."""

    breakers: int
    parts: int


def look(source: ActuatorSource, clock: Clock) -> Seen:
    """Return what a page shows now; SourceError when it does not answer or is none."""
    collector = ActuatorCollector(source, Config(), clock)
    try:
        names = [labels[NAME] for labels in series_of(collector.page())]
    finally:
        collector.close()
    return Seen(names.count(BREAKER), names.count(HEALTH))


class ActuatorCollector:
    """Polls one health page; see ``collectors.Collector``."""

    def __init__(self, source: ActuatorSource, config: Config, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._session = BoundedSession(source.timeout_s)
        self._session.headers.update(source.headers)
        self._session.verify = True if source.ca_file is None else str(source.ca_file)
        claims = Claims(profiles.load([PROFILE]))
        self._encoder = Encoder(source.name, "", claims, Resolver(config.services, source.labels))

    def collect(self, window: Window, checkpoints: Mapping[str, str]) -> Iterator[Batch]:
        """Yield what the page says now, joined to what it said last; nothing for a window that has passed.

        SourceError, after the failed poll was yielded, when the page does not answer or is none.
        """
        if window.end_us < self._clock() - round(self._source.interval_s * SECOND_US):
            return
        held = checkpoints.get(LAST)
        last = Poll.parse(held) if held else None
        poll, error = self._poll(() if last is None else last.series)
        if last is None or poll.at_us > last.at_us:
            yield self._batch(poll, last)
        if error is not None:
            raise error

    def close(self) -> None:
        """Give the connection back."""
        self._session.close()

    def _poll(self, known: Sequence[Labels]) -> tuple[Poll, SourceError | None]:
        at_us = self._clock()
        try:
            page = self.page()
        except SourceError as error:
            return Poll(at_us, (self._clock() - at_us) / SECOND_US, up=False, series=known), error
        who = {"job": self._source.name, "instance": urlsplit(self._source.url).netloc}
        series = [{**labels, **who} for labels in series_of(page)]
        return Poll(at_us, max(0.0, (self._clock() - at_us) / SECOND_US), up=True, series=series), None

    def page(self) -> Mapping[str, Any]:
        """Return the page as it is now; SourceError when it does not answer or is none."""
        url = urlsplit(self._source.url)._replace(query="").geturl()
        try:
            response = self._session.get(self._source.url, auth=self._auth(), headers=self._bearer())
            page = response.json() if response.status_code in {OK, UNAVAILABLE} else None
        except (requests.exceptions.JSONDecodeError, AnswerTooLargeError) as error:
            raise SourceError(f"{url} answers with something else than a health page", "check url") from error
        except requests.RequestException as error:
            raise SourceError(
                f"{url} does not answer: {type(error).__name__}", "check that it runs and url is right", retryable=True
            ) from error
        if page is None:
            status = response.status_code
            remedy = _REMEDIES.get(status, "look at the application's log")
            raise SourceError(f"{url} answers {status}", remedy, retryable=status in RETRYABLE)
        if not isinstance(page, dict) or not isinstance(page.get("status"), str):
            raise SourceError(
                f"{url} answers with JSON that is no health page", "name the page /actuator/health in url"
            )
        return page

    def _bearer(self) -> dict[str, str]:
        file = self._source.bearer_token_file
        return {} if file is None else {"Authorization": f"Bearer {read_secret(file)}"}

    def _auth(self) -> tuple[str, str] | None:
        basic = self._source.basic_auth
        if basic is None:
            return None
        if basic.password_file is not None:
            return basic.username, read_secret(basic.password_file)
        return basic.username, basic.password.get_secret_value() if basic.password else ""

    def _batch(self, poll: Poll, last: Poll | None) -> Batch:
        polls = [poll] if last is None else [last, poll]
        samples = _samples(polls, {"job": self._source.name, "instance": urlsplit(self._source.url).netloc})
        outlook = Outlook(interval_s=self._source.interval_s, timeout_s=self._source.timeout_s)
        targets = targets_of(self._encoder, samples, outlook)
        encoded = encode_all(self._encoder, samples, targets, polls[0].at_us, poll.at_us + 1)
        hidden = poll.up and not any(labels[NAME] == BREAKER for labels in poll.series)
        return Batch(
            source=self._source.name,
            tracks=encoded.tracks,
            runs=encoded.runs,
            rejected=encoded.rejected,
            checkpoints={LAST: poll.text()},
            samples=len(poll.series) if poll.up else 0,
            skipped=encoded.skipped,
            seen_until_us=poll.at_us,
            notes=["no breaker is shown: set registerHealthIndicator and show-details=always"] if hidden else [],
        )


def series_of(page: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return what a health page says as series of value 1: the whole, each part, and each breaker."""
    found = [{NAME: HEALTH, "component": "", "status": str(page["status"])}]
    _walk(page, (), found)
    return found


def _walk(part: Mapping[str, Any], path: tuple[str, ...], found: list[dict[str, str]]) -> None:
    """Add the parts of a part; older pages call them details."""
    inner = part.get("components") or (part.get("details") if not path else None)
    for name, one in (inner if isinstance(inner, dict) else {}).items():
        if not isinstance(one, dict):
            continue
        if name == _BREAKERS:
            breakers = one.get("details") or one.get("components")
            for breaker, said in (breakers if isinstance(breakers, dict) else {}).items():
                if isinstance(said, dict) and (state := _state(said)):
                    found.append({NAME: BREAKER, "name": str(breaker), "state": state})
        elif isinstance(one.get("status"), str):
            found.append({NAME: HEALTH, "component": "/".join((*path, name)), "status": one["status"]})
            _walk(one, (*path, name), found)


def _state(said: Mapping[str, Any]) -> str:
    details = said.get("details")
    if isinstance(details, dict) and isinstance(details.get("state"), str):
        return str(details["state"])
    return _STATUSES.get(str(said.get("status")), "")


def _samples(polls: Sequence[Poll], who: Labels) -> Samples:
    """Return what polls said as samples, with the scrapes they were."""
    labels: dict[tuple[tuple[str, str], ...], int] = {}
    rows: list[tuple[int, Instant, float]] = []
    for poll in polls:
        about = [({NAME: UP, **who}, float(poll.up)), ({NAME: DURATION, **who}, poll.took_s)]
        for one, value in [*about, *((one, 1.0) for one in poll.series)]:
            number = labels.setdefault(tuple(sorted(one.items())), len(labels))
            if poll.up or one[NAME] == UP:
                rows.append((number, poll.at_us, value))
    return Samples(
        [dict(one) for one in labels],
        np.array([number for number, _, _ in rows], np.int32),
        np.array([at_us for _, at_us, _ in rows], np.int64),
        np.array([value for _, _, value in rows], np.float64),
    )
