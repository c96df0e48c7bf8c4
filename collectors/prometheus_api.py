"""Prometheus' HTTP API, as far as it is needed: names, series, and raw samples with their true stamps.

Raw samples come by remote read, or by instant queries of a range selector. ``query_range`` is never used: it moves
stamps onto a grid.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import orjson
import requests
from prometheus_api_client import PrometheusConnect
from prometheus_api_client.exceptions import PrometheusApiClientException

from breakwatch.clock import MILLISECOND_US, SECOND_US, Instant, system_clock, to_us
from breakwatch.config import PrometheusSource, read_secret
from breakwatch.errors import SourceError
from collectors.claims import NAME
from collectors.encode import scrape_target
from collectors.http import AnswerTooLargeError, BoundedSession, pieces
from collectors.matrix import matrix_of, samples_of
from collectors.packed import Packed, pack
from collectors.promql import METRIC, by_metric, pattern, range_of, seconds, selector
from collectors.remote_read import HEADERS, PATH, STREAMED, Answer, DamagedAnswerError, answer, request
from collectors.samples import Samples, no_samples

SHOWN_CHARS = 200
REDIRECTED, IN_TROUBLE = 3, 5  # hundreds of the status code
TOO_HEAVY = 422
REFUSALS_OF_US = frozenset({401})
"""Not a matter of what is asked. What may not be read by remote read (403) may still be by queries."""

NUMBER = "breakwatch_number"
"""A label of our own, for a number that values are grouped by."""

Count = tuple[tuple[str, str], int, int]
"""A metric and a target, a number of samples, and how many series have so many."""

RETRYABLE = frozenset({408, 429, 500, 502, 503, 504})
"""Answers that the same question may not get again; what is wrong with the others is for a person to mend."""
_SECRET_HEADER = re.compile(r"(?i)auth|token|key|secret|password|cookie")
_REMEDIES = {
    400: "the server did not understand the query; check that it is a Prometheus",
    401: "check bearer_token_file, basic_auth or headers of the source",
    403: "the credentials are known but may not read here; ask for read access",
    404: "check the path in the URL; a Prometheus behind a prefix needs it in url",
    422: "the query is too heavy for the server; name fewer profiles",
    429: "the server asks for fewer requests; collect less often",
}


class TooHeavyError(SourceError):
    """The server refuses a query that would load too much, or its answer is more than we take."""


class NotSpokenError(SourceError):
    """The server does not speak remote read with streamed chunks."""


class PrometheusApi:
    """One server. Every method raises SourceError, which names the URL without secrets, when it does not work."""

    def __init__(self, settings: PrometheusSource) -> None:
        self._settings = settings
        self.url = _without_secrets(settings.url)
        self._session = BoundedSession(settings.timeout_s)
        self._session.headers.update(settings.headers)
        self._session.verify = True if settings.ca_file is None else str(settings.ca_file)
        if settings.cert_file is not None:
            key = settings.key_file or settings.cert_file
            self._session.cert = (str(settings.cert_file), str(key))
        self._sent = {value for name, value in settings.headers.items() if value and _SECRET_HEADER.search(name)}
        self._connect = PrometheusConnect(url=settings.url.rstrip("/"), session=self._session, method="POST")
        self._second: PrometheusApi | None = None

    def second(self) -> PrometheusApi:
        """Return the same server over a connection of its own, to ask it two things at once."""
        if self._second is None:
            self._second = PrometheusApi(self._settings)
        return self._second

    def close(self) -> None:
        """Give the connections back."""
        self._session.close()
        if self._second is not None:
            self._second.close()

    @property
    def traffic(self) -> tuple[int, int]:
        """How many requests were made, and how many bytes came back over the wire."""
        others = (0, 0) if self._second is None else self._second.traffic
        return self._session.sent + others[0], self._session.received_bytes + others[1]

    def metric_names(self, start_us: Instant | None = None, end_us: Instant | None = None) -> list[str]:
        """Return the names of all metrics the server holds, or at least of those that it holds samples of in a span.

        A server with years of blocks looks through all of them where no span is named.
        """
        span = {"start": start_us, "end": end_us}
        params = {name: seconds(instant_us) for name, instant_us in span.items() if instant_us is not None}
        with self._explained():
            found = self._connect.get_label_values(label_name=NAME, params=params)
        if not isinstance(found, list):
            raise self._not_prometheus("a list of names")
        return found

    def series(self, metrics: Sequence[str], start_us: Instant, end_us: Instant) -> list[dict[str, str]]:
        """Return the label sets of the series of some metrics that had samples in a span."""
        if not metrics:
            return []
        found = self._post(
            "/api/v1/series", {"match[]": selector(metrics), "start": seconds(start_us), "end": seconds(end_us)}
        )
        if not isinstance(found, list):
            raise self._not_prometheus("a list of series")
        return found

    def instant(self, query: str, at_us: Instant) -> list[dict[str, Any]]:
        """Return the vector an instant query answers with."""
        with self._explained():
            # Some servers answer with what they knew a while ago, unless told not to.
            found = self._connect.custom_query(query=query, params={"time": seconds(at_us), "nocache": "1"})
        if not isinstance(found, list):
            raise self._not_prometheus("a vector")
        return found

    def samples(
        self,
        metrics: Sequence[str],
        start_us: Instant,
        end_us: Instant,
        matchers: Mapping[str, Sequence[str]] | None = None,
    ) -> Samples:
        """Return the raw samples of some metrics in ``[start_us, end_us)``, stamps as they were scraped.

        ``matchers``: label → the values of which it must have one (an empty value stands for an absent label).
        """
        span, at_us = range_of(start_us, end_us)
        if not metrics or (end_us - 1) // MILLISECOND_US < -(-start_us // MILLISECOND_US):
            return no_samples()
        form = {"query": f"{selector(metrics, matchers)}{span}", "time": seconds(at_us)}
        with self._explained():
            response = self._session.post(self._settings.url.rstrip("/") + "/api/v1/query", data=form)
            found = matrix_of(response.content) if response.ok else None
            if found is None:
                answer = self._data(response)
                if answer["resultType"] != "matrix":
                    raise self._not_prometheus("raw samples")
                found = samples_of(answer["result"])
            return _between(found, start_us, end_us)

    def changed(self, metrics: Sequence[str], start_us: Instant, end_us: Instant) -> list[dict[str, str]]:
        """Return the series of some metrics whose value changed in ``[start_us, end_us)``."""
        span, at_us = range_of(start_us, end_us)
        question = by_metric(metrics, lambda metric: f"changes({metric}{span}) > 0")
        found = [dict(one["metric"]) for one in self.instant(question, at_us)]
        return [{NAME: one.pop(METRIC), **one} for one in found]

    def counted(self, metrics: Sequence[str], start_us: Instant, end_us: Instant) -> list[Count]:
        """Return for some metrics, by target, how many series have how many samples in ``[start_us, end_us)``.

        A sample a millisecond earlier may be counted, too.
        """
        span, at_us = range_of(start_us, end_us)
        question = by_metric(
            metrics, lambda metric: f'count_values by (job, instance) ("{NUMBER}", count_over_time({metric}{span}))'
        )
        return [
            ((one["metric"][METRIC], scrape_target(one["metric"])), int(one["metric"][NUMBER]), int(one["value"][1]))
            for one in self.instant(question, at_us)
        ]

    def packed(
        self,
        metrics: Sequence[str],
        start_us: Instant,
        end_us: Instant,
        matchers: Mapping[str, Sequence[str]] | None = None,
    ) -> tuple[Packed, int]:
        """Return the same as ``samples`` by remote read, and how many chunks of native histograms were left out.

        NotSpokenError where the server has no remote read, or not with streamed chunks.
        """
        return self.chunks(metrics, start_us, end_us, matchers)()

    def chunks(
        self,
        metrics: Sequence[str],
        start_us: Instant,
        end_us: Instant,
        matchers: Mapping[str, Sequence[str]] | None = None,
    ) -> Callable[[], tuple[Packed, int]]:
        """Fetch what ``packed`` returns; what is returned decodes it, when there is time for that."""
        if not metrics or (end_us - 1) // MILLISECOND_US < -(-start_us // MILLISECOND_US):
            return lambda: (pack(no_samples()), 0)
        patterns = {name: pattern(values) for name, values in {NAME: metrics, **(matchers or {})}.items()}
        url = self._settings.url.rstrip("/") + PATH
        with self._readable(), self._explained():
            found = self._session.streamed(url, request(patterns, start_us, end_us), HEADERS, self._streamed)

        def decoded() -> tuple[Packed, int]:
            with self._readable():
                return found.packed(start_us, end_us), found.histograms

        return decoded

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except DamagedAnswerError as error:
            raise SourceError(
                f"{self.url} answers to remote read with what cannot be read: {error}",
                "look for a proxy that changes answers, then collect again",
                retryable=True,
            ) from error

    def _streamed(self, response: requests.Response) -> Answer:
        status = response.status_code
        if status in REFUSALS_OF_US or status in RETRYABLE:
            raise self._refused(response, "")
        if not response.ok or not response.headers.get("Content-Type", "").startswith(STREAMED):
            raise NotSpokenError(
                f"{self.url} does not speak remote read with streamed chunks", "nothing: queries do as well, but slower"
            )
        return answer(pieces(response))

    def get(self, path: str) -> Any:  # noqa: ANN401 - whatever that path answers with
        """Return the ``data`` of an answer to GET."""
        with self._explained():
            return self._data(self._session.get(self._settings.url.rstrip("/") + path, auth=None))

    def server_time_us(self) -> Instant | None:
        """Return what time the server says it is (to a second), or None when it does not say."""
        with self._explained():
            response = self._session.get(self._settings.url.rstrip("/") + "/api/v1/status/buildinfo")
        date = response.headers.get("Date")
        return to_us(parsedate_to_datetime(date)) if date else None

    def _post(self, path: str, form: Mapping[str, Any]) -> Any:  # noqa: ANN401
        with self._explained():
            return self._data(self._session.post(self._settings.url.rstrip("/") + path, data=dict(form)))

    def _data(self, response: requests.Response) -> Any:  # noqa: ANN401
        if response.is_redirect or response.status_code // 100 == REDIRECTED:
            where = _without_secrets(response.headers.get("Location", "elsewhere"))
            raise SourceError(
                f"{self.url} leads to {where}, and redirects are not followed", "name that address in url"
            )
        try:
            answer = orjson.loads(response.content)
        except orjson.JSONDecodeError as error:
            if not response.ok:
                raise self._refused(response, "") from error
            raise self._not_json() from error
        if not isinstance(answer, dict) or "status" not in answer:
            if not response.ok:
                raise self._refused(response, "")
            raise self._not_prometheus("a status")
        if not response.ok or answer["status"] != "success":
            raise self._refused(response, str(answer.get("error", ""))[:SHOWN_CHARS])
        if "data" not in answer:
            raise self._not_prometheus("data")
        return answer["data"]

    def _refused(self, response: requests.Response, words: str) -> SourceError:
        status = response.status_code
        said = f": {self._without_ours(words)}" if words else ""
        default = (
            "the server is in trouble; look at its log"
            if status // 100 == IN_TROUBLE
            else "check url and the credentials"
        )
        kind = TooHeavyError if status == TOO_HEAVY else SourceError
        return kind(
            f"{self.url} answers {status}{said}",
            _REMEDIES.get(status, default),
            retryable=status in RETRYABLE,
            retry_after_s=retry_after_s(response.headers.get("Retry-After"), system_clock()),
        )

    def _without_ours(self, words: str) -> str:
        """Return a server's words without the secrets we sent it: some say in a refusal what they refused."""
        for secret in self._sent:
            words = words.replace(secret, "***")
        return words

    def _not_json(self) -> SourceError:
        # Worth asking again: proxies answer so while the server behind them is away.
        return SourceError(
            f"{self.url} answers, but not with JSON", "check that url is that of a Prometheus", retryable=True
        )

    def _not_prometheus(self, missing: str) -> SourceError:
        return SourceError(
            f"{self.url} answers with JSON that is not Prometheus' ({missing} is missing)",
            "check that url is that of a Prometheus",
            retryable=True,
        )

    def _authorize(self) -> None:
        """Read the secrets anew: they are rotated under us."""
        for name, path in self._settings.header_files.items():
            self._session.headers[name] = read_secret(path)
            self._sent.add(str(self._session.headers[name]))
        for secret in (self._settings.cert_file, self._settings.key_file):
            if secret is not None:
                read_secret(secret)  # says which file it is that cannot be read
        if self._settings.bearer_token_file is not None:
            token = read_secret(self._settings.bearer_token_file)
            self._session.headers["Authorization"] = f"Bearer {token}"
            self._sent.add(token)
        basic = self._settings.basic_auth
        if basic is not None:
            if basic.password_file is not None:
                password = read_secret(basic.password_file)
            else:
                password = "" if basic.password is None else basic.password.get_secret_value()
            self._session.auth = (basic.username, password)
            self._sent |= {password, b64encode(f"{basic.username}:{password}".encode()).decode()} - {""}

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Translate what the client libraries raise."""
        self._authorize()
        limit = f"{self._settings.timeout_s:g} s"
        try:
            yield
        except requests.exceptions.JSONDecodeError as error:
            raise self._not_json() from error
        except requests.exceptions.SSLError as error:
            raise SourceError(
                f"{self.url}: TLS: {_cause(error)}", "check ca_file, cert_file and the host in url"
            ) from error
        except requests.Timeout as error:
            raise SourceError(
                f"{self.url} did not answer within {limit}", "check the server, or raise timeout", retryable=True
            ) from error
        except requests.exceptions.InvalidHeader:
            # Not "from error": its text shows the whole header.
            raise SourceError(
                f"{self.url} cannot be asked: a header holds a line break or begins with a space",
                "check headers and bearer_token_file",
            ) from None
        except AnswerTooLargeError as error:
            raise TooHeavyError(f"{self.url} sends {error}", "name fewer profiles, or lower max_series") from error
        except requests.RequestException as error:
            raise SourceError(
                f"{self.url} cannot be reached: {_cause(error)}", "check url and that it runs", retryable=True
            ) from error
        except PrometheusApiClientException as error:
            words = re.search(r'"error":\s*"([^"]{0,200})', str(error))
            raise self._refused(self._session.answer, words[1] if words else "") from None
        except DamagedAnswerError:
            raise
        except (ValueError, KeyError, TypeError) as error:
            # What the client makes of an answer that is not JSON, or JSON of another kind.
            raise self._not_prometheus("data") from error


def retry_after_s(header: str | None, now_us: Instant) -> float | None:
    """Return the seconds a Retry-After header asks for (it holds seconds or a date); None where it says nothing."""
    if header is None:
        return None
    if header.strip().isdecimal():
        return float(header)
    try:
        return max(0.0, (to_us(parsedate_to_datetime(header)) - now_us) / SECOND_US)
    except ValueError:
        return None


def _between(samples: Samples, start_us: Instant, end_us: Instant) -> Samples:
    inside = (samples.stamps_us >= start_us) & (samples.stamps_us < end_us)
    return Samples(samples.labels, samples.series[inside], samples.stamps_us[inside], samples.values[inside])


def _without_secrets(url: str) -> str:
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}" if parts.scheme else url.partition("?")[0]


def _cause(error: Exception) -> str:
    """Return the innermost reason, which is the one a person can use."""
    reason: BaseException = error
    while (inner := getattr(reason, "reason", None) or reason.__cause__ or reason.__context__) is not None:
        if not isinstance(inner, BaseException):
            break
        reason = inner
    return str(reason)[:SHOWN_CHARS]
