"""How much of the time asked for the subject of a figure was seen, whoever saw it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from analysis.asking import Ask, Ground, Scope
from analysis.coverage import covered_share, covered_spans, first_sight_us, subjects
from breakwatch.config import Config, PrometheusSource
from store import Store

SECOND = 1_000_000


def spell(source: str, service: str, instance: str, first_s: float, last_s: float, *, covered: bool = True) -> Any:
    """Return a spell of one source, in seconds."""
    return {
        "environment": "prod",
        "source": source,
        "service": service,
        "instance": instance,
        "started_at": round(first_s * SECOND),
        "ended_at": round(last_s * SECOND),
        "covered": covered,
        "labels": {},
    }


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Two sources that see one service through two instances, with gaps, and a service that came late."""
    rows = [
        spell("a", "shop", "1", 100, 200),
        spell("a", "shop", "1", 200, 300, covered=False),
        spell("a", "shop", "1", 300, 400),
        spell("b", "shop", "2", 150, 260),
        spell("a", "search", "", 350, 400),
    ]
    with Store.open(tmp_path_factory.mktemp("coverage") / "b.duckdb") as opened:
        opened.replace("coverage", {}, rows)
        yield opened


def share(store: Store, scope: Scope, first_s: float, last_s: float, now_s: float = 1000) -> float | None:
    """Return the covered share of one span."""
    source = PrometheusSource(name="a", kind="prometheus", url="http://localhost", scrape_interval_s=10)
    ground = Ground(store, Config(sources=(source,)), round(now_s * SECOND))
    (found,) = covered_share(ground, [Ask(scope, ((round(first_s * SECOND), round(last_s * SECOND)),))])
    return found


def test_what_any_source_sees_of_any_instance_is_covered(store: Store) -> None:
    """Spells of sources and instances are united; what none saw is a gap."""
    ground = Ground(store, Config(), 1000 * SECOND)
    shop = Scope(environment="prod", service="shop")
    assert covered_spans(ground, shop) == ((100 * SECOND, 260 * SECOND), (300 * SECOND, 400 * SECOND))
    assert share(store, shop, 100, 400) == pytest.approx(260 / 300)


def test_a_life_begins_with_the_first_sight(store: Store) -> None:
    """What lies before it is not held against the source; before it there is no coverage at all."""
    shop = Scope(service="shop")
    assert share(store, shop, 0, 200) == 1.0
    assert share(store, shop, 0, 100) is None
    assert share(store, Scope(service="nobody"), 0, 400) is None
    assert first_sight_us(Ground(store, Config(), 0), shop) == 100 * SECOND


def test_silence_after_the_last_sight_counts(store: Store) -> None:
    """A source that fell silent covers no more."""
    assert share(store, Scope(service="shop"), 300, 500) == 0.5


def test_a_sight_that_is_not_overdue_is_no_gap(store: Store) -> None:
    """At the present edge a scrape counts for 2.5 intervals, and not a moment longer."""
    assert share(store, Scope(service="shop"), 300, 425, now_s=425) == 1.0
    assert share(store, Scope(service="shop"), 300, 426, now_s=426) == pytest.approx(100 / 126)


def test_all_services_weigh_by_their_lives(store: Store) -> None:
    """A service that is not seen is not hidden behind one that is."""
    assert share(store, Scope(), 300, 450) == pytest.approx((100 + 50) / (150 + 100))


def test_an_instance_has_coverage_of_its_own(store: Store) -> None:
    """Another instance's source says nothing about it."""
    assert share(store, Scope(service="shop", instance="2"), 150, 370) == pytest.approx(0.5)


def test_every_service_that_was_seen_is_a_subject(store: Store) -> None:
    """With the environment it was seen in."""
    assert subjects(Ground(store, Config(), 0)) == [("prod", "search"), ("prod", "shop")]


def test_a_list_of_incidents_covers_incidents_alone(store: Store) -> None:
    """It says nothing of breakers or calls, so that nothing seen there is not nothing happened."""
    with store.transaction():
        store.replace("coverage", {"source": "import:incidents"}, [spell("import:incidents", "listed", "", 0, 100)])
    ask = Ask(Scope(service="listed"), ((0, 100 * SECOND),))
    ground = Ground(store, Config(), 100 * SECOND)
    assert covered_share(ground, [ask]) == [1.0]
    assert covered_share(ground, [ask], imported=False) == [None]
    store.replace("coverage", {"source": "import:incidents"}, [])
