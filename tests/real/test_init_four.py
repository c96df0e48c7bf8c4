"""What a team does first: point ``init`` at its Prometheus, collect once, and look; nothing is edited in between."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from store import Reader
from tests.real.backends import HEALTH, Backend, Caller
from tests.real.envoy import APP, NARROW, Envoy
from tests.real.exporters import Blackbox, Redis, RedisExporter
from tests.real.haproxy import PROXY, HAProxy
from tests.real.processes import BreakerProcess, Prometheus
from tests.service.command import breakwatch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

SHOP = "shop"
FAULT_S = 2.6


@dataclass(frozen=True)
class Found:
    """What the commands left behind."""

    folder: Path
    config: dict[str, Any]
    probed: str

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """Ask the published file."""
        with Reader.open(self.folder / "breakwatch.duckdb") as reader:
            return reader.rows(sql)


@dataclass(frozen=True)
class Site:
    """Everything a small site has: two proxies with their servers, a Redis, a probed page, a program with breakers."""

    haproxy: HAProxy
    envoy: Envoy
    redis: Redis
    probed: Backend
    shop: BreakerProcess
    server: Prometheus

    def break_everything(self) -> None:
        """Let each part have one fault, all at the same time, and be well again."""
        behind_haproxy, behind_envoy = self.haproxy.backends[0], self.envoy.backends[0]
        with ThreadPoolExecutor(1) as pool:
            breaking = pool.submit(self.shop.fail, "short", FAULT_S)
            behind_haproxy.stop()
            behind_envoy.answer(500)
            self.probed.answer(500)
            self.redis.program.kill()
            time.sleep(FAULT_S)
            behind_haproxy.start()
            behind_envoy.recover()
            self.probed.recover()
            self.redis.start()
            breaking.result()


def build(stack: ExitStack, folder: Path) -> Site:
    """Start the site, and a Prometheus that scrapes all of it every second."""
    names = ("one", "two", "spare", "alpha", "beta", "slow", "page")
    servers = {name: stack.enter_context(Backend(name)) for name in names}
    haproxy = HAProxy(folder, [servers[name] for name in ("one", "two", "spare")])
    envoy = Envoy(folder, [servers["alpha"], servers["beta"]], servers["slow"])
    redis = Redis(folder)
    stack.callback(redis.program.stop)
    redis.start()
    exporter, blackbox = RedisExporter(folder, redis), Blackbox(folder)
    for program in (haproxy.program, envoy.program, exporter.program, blackbox.program):
        stack.enter_context(program.running())
    shop = BreakerProcess(folder, SHOP)
    stack.callback(shop.stop)
    shop.start()
    jobs = {"haproxy": haproxy.metrics_address, "redis": exporter.address, SHOP: shop.address}
    probe = blackbox.scrape_config(f"http://{servers['page'].address}{HEALTH}")
    server = Prometheus(folder, jobs, scrape_configs=[envoy.scrape_config, probe])
    stack.callback(server.stop)
    server.start()
    return Site(haproxy, envoy, redis, servers["page"], shop, server)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Found]:
    """Live through the faults; then the three commands, as they are typed."""
    folder, home = tmp_path_factory.mktemp("site"), tmp_path_factory.mktemp("home")
    with ExitStack() as stack:
        site = build(stack, folder)
        for _ in range(3):  # all are scraped as often as the first
            site.server.wait_for_scrape("haproxy")
        with Caller(site.haproxy.port), Caller(site.envoy.port):
            time.sleep(0.5)
            site.break_everything()
            time.sleep(2.5)
        for _ in range(3):
            site.server.wait_for_scrape("haproxy")
        commands: Sequence[tuple[str, ...]] = (
            ("init", "--prometheus", site.server.url),
            ("validate",),
            ("collect", "--once"),
        )
        for command in commands:
            done = breakwatch(*command, folder=home)
            assert done.code == 0, (command, done.out, done.err)
        config = yaml.safe_load((home / "breakwatch.yaml").read_text("utf-8"))
        url = f"http://{site.probed.address}{HEALTH}"
        yield Found(home, config, url)


def test_every_service_is_listed(found: Found) -> None:
    """Proxies by their backends, the program by its name, Redis and the page by what they are scraped as."""
    services = {PROXY, APP, NARROW, SHOP, "redis", found.probed}
    assert {service["name"] for service in found.config["services"]} == services


def test_the_profiles_are_those_of_the_site(found: Found) -> None:
    """What is looked for is not narrowed; the line that would narrow it names what was there, and nothing else."""
    (source,) = found.config["sources"]
    assert "profiles" not in source
    text = (found.folder / "breakwatch.yaml").read_text("utf-8")
    (line,) = (line.strip() for line in text.splitlines() if line.strip().startswith("# profiles: ["))
    assert yaml.safe_load(line.removeprefix("# ")) == {
        "profiles": ["blackbox-exporter", "envoy", "haproxy", "pybreaker", "redis-exporter"]
    }


def test_the_breaker_has_its_incident(found: Found) -> None:
    """One fault of the dependency, one incident of the breaker that guards it, closed again."""
    rows = found.rows("select breaker, status from breaker_incidents where service = 'shop'")
    assert [(row["breaker"], row["status"]) for row in rows] == [("short", "resolved")]


@pytest.mark.parametrize(("service", "component"), [(PROXY, "one"), ("redis", "redis"), ("", "probe")])
def test_what_went_down_is_a_change_of_health(found: Found, service: str, component: str) -> None:
    """Down once and up again: a server behind HAProxy, Redis, the probed page."""
    rows = found.rows("select service, component, to_state from health_changes order by occurred_at")
    named = [
        row["to_state"] for row in rows if row["component"] == component and row["service"] == (service or found.probed)
    ]
    assert named == ["down", "up"]


def test_a_host_put_aside_is_a_level(found: Found) -> None:
    """With one of two hosts ejected the cluster is degraded, and full again afterwards."""
    rows = found.rows("select to_level from service_level_changes where service = 'app' order by occurred_at")
    levels = [row["to_level"] for row in rows]
    assert levels == ["degraded", "full"] * (len(levels) // 2)  # it may be put aside again while it still fails
    assert levels


def test_calls_and_attempts_are_counted(found: Found) -> None:
    """Both proxies answered calls and repeated attempts; nobody was told of a failure by HAProxy."""
    counts = found.rows(
        "select service, outcome, sum(count)::bigint as n from request_counts group by all having n > 0 order by all"
    )
    assert {(row["service"], row["outcome"]) for row in counts} >= {(PROXY, "success"), (APP, "success")}
    retried = found.rows("select distinct service from retry_counts where unit = 'attempts' and count > 0")
    assert {row["service"] for row in retried} >= {PROXY, APP}


def test_all_of_it_is_covered(found: Found) -> None:
    """Each service was watched to the end."""
    rows = found.rows("select service from coverage where covered")
    assert {row["service"] for row in rows} >= {PROXY, APP, SHOP, "redis", found.probed}
