"""What the lines of proxies, meshes and libraries come to with the shipped profiles, in their own wording."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from breakwatch.model import SightingKind

if TYPE_CHECKING:
    from breakwatch.model import Sighting
    from tests.collectors.logs.conftest import Follow

CAPTURES = Path(__file__).parents[2] / "golden" / "captures"
T = "2026-11-20T11:32:56.305Z"
POLLY = "Resilience event occurred. EventName: '{}', Source: 'payments/eu/breaker', Operation Key: '{}', Result: '{}'"
OUTLIER = (
    f'{{"type":"CONSECUTIVE_5XX","timestamp":"{T}","cluster_name":"app","upstream_url":"127.0.0.1:19912",'
    '"secs_since_last_action":"1","action":"%s","num_ejections":1,"enforced":%s}'
)
ACCESS = (
    '[2026-11-20T11:32:56.305Z] "GET /slow HTTP/1.1" %s 0 81 12 - "-" "curl/7.88.1" "1dd9e947" "127.0.0.1:19902" "%s"'
)


def sightings(folder: Path, follow: Follow, line: str, **settings: Any) -> list[Sighting]:
    """Return what one line came to; nothing of it may have been refused."""
    log = folder / "app.log"
    log.write_text(line + "\n", encoding="utf-8")
    ledger = follow(log, **settings).read()
    assert ledger.rejected == {}
    return list(ledger.sightings.values())


@pytest.mark.parametrize(
    ("profile", "line", "told"),
    [
        (
            "polly-v8-otel",
            f"{T} {POLLY.format('OnCircuitOpened', '(null)', '503')}",
            ("payments/eu/breaker", "", "open"),
        ),
        (
            "polly-v8-otel",
            f"{T} {POLLY.format('OnCircuitHalfOpened', 'k', '')}",
            ("payments/eu/breaker", "", "half_open"),
        ),
        ("polly-v8-otel", f"{T} {POLLY.format('OnCircuitClosed', 'k', '200')}", ("payments/eu/breaker", "", "closed")),
        (
            "gobreaker",
            f'{T} level=info msg="x" Circuit breaker "pay" changed state from half-open to open',
            ("pay", "half_open", "open"),
        ),
        (
            "dapr-resiliency",
            f'{T} Circuit breaker "pay" changed state from open to half-open',
            ("pay", "open", "half_open"),
        ),
        (
            "linkerd2-proxy",
            f"{T} INFO outbound:endpoint{{addr=10.0.0.1:80}}: Consecutive failure-accrual breaker closed",
            ("10.0.0.1:80", "", "open"),
        ),
        ("linkerd2-proxy", f"{T} INFO Consecutive failure-accrual breaker reopened", ("endpoint", "", "closed")),
        ("linkerd2-proxy", f"{T} INFO Unified circuit breaker tripped", ("endpoint", "", "open")),
        (
            "traefik",
            f"{T} DBG CircuitBreaker(state=tripped, until=x) setting state to recovering, until y",
            ("circuitbreaker", "open", "half_open"),
        ),
    ],
)
def test_breakers_say_so_in_their_own_words(
    tmp_path: Path, follow: Follow, profile: str, line: str, told: tuple[str, str, str]
) -> None:
    """A line of each library is a transition of the named breaker; Linkerd's words are turned round."""
    (one,) = sightings(tmp_path, follow, line, profile=profile, format="regex")
    assert one.kind is SightingKind.BREAKER_TRANSITION
    assert (one.subject.breaker, one.from_state, one.to_state) == told


def test_polly_as_json(tmp_path: Path, follow: Follow) -> None:
    """On .NET's JSON console the text is the field Message; the breaker is called as in the metrics."""
    text = POLLY.format("OnCircuitOpened", "(null)", "503")
    line = json.dumps({"Timestamp": T, "EventId": 0, "Category": "Polly", "Message": text, "State": {"Message": text}})
    (one,) = sightings(tmp_path, follow, line, profile="polly-v8-otel", format="json")
    assert (one.subject.breaker, one.to_state, one.subject.operation) == ("payments/eu/breaker", "open", "payments")


def test_polly_retries(tmp_path: Path, follow: Follow) -> None:
    """A retry is an attempt of the operation, or of the pipeline where none is named."""
    line = f"{T} {POLLY.format('OnRetry', '(null)', '503')}"
    (one,) = sightings(tmp_path, follow, line, profile="polly-v8-otel", format="regex")
    assert (one.kind, one.subject.operation, dict(one.detail)["error"]) == (
        SightingKind.RETRY_ATTEMPT,
        "payments",
        "503",
    )


@pytest.mark.parametrize(
    ("action", "enforced", "states"),
    [("EJECT", "true", ["down"]), ("EJECT", "false", []), ("UNEJECT", "false", ["up"])],
)
def test_envoy_ejections(tmp_path: Path, follow: Follow, action: str, enforced: str, states: list[str]) -> None:
    """A host that was put aside is down; one only detected is not; enforced means nothing when it comes back."""
    found = sightings(tmp_path, follow, OUTLIER % (action, enforced), profile="envoy", format="json")
    assert [one.to_state for one in found] == states
    assert {(one.subject.service, one.subject.component) for one in found} <= {("app", "127.0.0.1:19912")}


@pytest.mark.parametrize(
    ("answer", "target", "outcome"),
    [
        ("200 -", "127.0.0.1:19911", "success"),
        ("503 UO", "-", "not_permitted"),
        ("503 UF,URX", "127.0.0.1:19911", "failure"),
        ("504 UT", "127.0.0.1:19911", "timeout"),
        ("429 RL", "-", "rate_limited"),
        ("0 DC", "127.0.0.1:19911", "client_error"),
        ("404 -", "127.0.0.1:19911", "client_error"),
    ],
)
def test_envoy_access_log(tmp_path: Path, follow: Follow, answer: str, target: str, outcome: str) -> None:
    """The flags say why a call ended where they can, else its code; it ended its duration after its stamp."""
    (one,) = sightings(tmp_path, follow, ACCESS % (answer, target), profile="envoy", format="regex")
    detail = dict(one.detail)
    assert (one.kind, detail["outcome"], detail["duration_s"]) == (SightingKind.REQUEST, outcome, "0.012")
    assert one.subject.target == target.replace("-", "")


def test_envoy_access_log_of_the_capture(follow: Follow) -> None:
    """The recorded calls: every line one, 12 answered and 6 refused by the limit, each with its host."""
    ledger = follow(CAPTURES / "envoy_access.log", profile="envoy", format="regex").read()
    calls = list(ledger.sightings.values())
    assert ledger.rejected == {}
    assert Counter(dict(one.detail)["outcome"] for one in calls) == {"success": 12, "not_permitted": 6}
    assert {one.subject.target for one in calls if dict(one.detail)["outcome"] == "not_permitted"} == {""}
    assert {one.subject.target for one in calls if one.subject.target} <= {"127.0.0.1:19911", "127.0.0.1:19912"}


def test_traefik_health(tmp_path: Path, follow: Follow) -> None:
    """A failed health check names the server that is down."""
    line = (
        f'{{"time":"{T}","level":"warn","message":"Health check failed.","serviceName":"pay","targetURL":"http://a"}}'
    )
    (one,) = sightings(tmp_path, follow, line, profile="traefik", format="json")
    assert (one.subject.service, one.subject.component, one.to_state) == ("pay", "http://a", "down")


def test_traefik_retries(tmp_path: Path, follow: Follow) -> None:
    """A new attempt is one of the request's path."""
    (one,) = sightings(tmp_path, follow, f"{T} DBG New attempt 2 for request: /pay", profile="traefik", format="regex")
    assert (one.subject.operation, dict(one.detail)["attempt"]) == ("/pay", "2")


@pytest.mark.parametrize(
    "word", ["half-open", "halfOpen", "HALF_OPEN", "half-opened", "OnCircuitHalfOpened", "probation"]
)
def test_lines_know_the_words_that_metrics_know(tmp_path: Path, follow: Follow, word: str) -> None:
    """A spelling that is understood in a label is understood in a line, too."""
    line = f'{{"ts":"{T}","event":"breaker_transition","breaker":"b","from":"OPENED","to":"{word}"}}'
    (one,) = sightings(tmp_path, follow, line, profile="breakwatch-service", format="json")
    assert (one.from_state, one.to_state) == ("open", "half_open")
