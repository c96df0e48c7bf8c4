"""A published file with believable rows, written through the store itself: what the pages are tested and shown on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from breakwatch.clock import fixed_clock, to_us
from store import Store

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

AS_OF = datetime(2026, 11, 20, 9, 41, 20, tzinfo=UTC)
ENVIRONMENT = "prod"
SERVICES = ("accounts", "assistant", "cart", "catalog", "checkout", "notify", "payments", "search")

Row = dict[str, Any]


class Scene:
    """Rows of the kept tables, gathered one happening at a time."""

    def __init__(self, environment: str = ENVIRONMENT) -> None:
        self.environment = environment
        self.tables: dict[str, list[Row]] = {}

    def add(self, table: str, **row: Any) -> None:
        """Add one row."""
        self.tables.setdefault(table, []).append({"environment": self.environment, "labels": {}, **row})

    def episode(
        self,
        service: str,
        breaker: str,
        opened: datetime,
        lasted_s: float | None,
        *,
        half_width_s: float = 7.5,
        instances: Sequence[str] = ("a-1",),
        seen: int = 3,
        reopenings: int = 0,
        probe_s: float = 2.0,
        **more: Any,
    ) -> int:
        """Add an episode with its incidents and transitions, equal on every instance; return its id."""
        episode_id = 1000 + len(self.tables.get("breaker_episodes", ()))
        doubt = timedelta(seconds=half_width_s)
        closed = None if lasted_s is None else opened + timedelta(seconds=lasted_s)
        edges: Row = {
            "opened_at": opened,
            "opened_earliest": opened - doubt,
            "opened_latest": opened + doubt,
            "closed_at": closed,
            "closed_earliest": closed and closed - doubt,
            "closed_latest": closed and closed + doubt,
            "duration_s": lasted_s,
            "duration_low_s": (AS_OF - opened).total_seconds()
            if lasted_s is None
            else max(0.0, lasted_s - 2 * half_width_s),
            "duration_high_s": None if lasted_s is None else lasted_s + 2 * half_width_s,
            "status": "ongoing" if lasted_s is None else "resolved",
        }
        common: Row = {"service": service, "breaker": breaker, "episode_id": episode_id}
        self.add(
            "breaker_episodes",
            **common,
            **edges,
            openings=(1 + reopenings) * len(instances),
            instances_hit=len(instances),
            instances_seen=seen,
            **({"healed_by": None if lasted_s is None else "self"} | more),
        )
        for number, instance in enumerate(instances):
            self.add(
                "breaker_incidents",
                **common,
                **edges,
                incident_id=episode_id * 100 + number,
                instance=instance,
                reopenings=reopenings,
            )
            self._moves(service, breaker, instance, opened, closed, doubt, reopenings, timedelta(seconds=probe_s))
        return episode_id

    def _moves(  # noqa: PLR0917 (what makes a transition)
        self,
        service: str,
        breaker: str,
        instance: str,
        opened: datetime,
        closed: datetime | None,
        doubt: timedelta,
        reopenings: int,
        probe: timedelta,
    ) -> None:
        until = closed or AS_OF
        step = (until - opened) / (reopenings + 1)
        moves = [("closed", "open", opened)]
        for turn in range(1, reopenings + 1):
            moves += [
                ("open", "half_open", opened + step * turn),
                ("half_open", "open", opened + step * turn + probe),
            ]
        if closed is not None:
            moves += [("open", "half_open", closed - probe), ("half_open", "closed", closed)]
        for before, after, when in moves:
            position = sum(
                1
                for row in self.tables.get("breaker_transitions", ())
                if (row["service"], row["breaker"], row["instance"]) == (service, breaker, instance)
            )
            self.add(
                "breaker_transitions",
                service=service,
                breaker=breaker,
                instance=instance,
                from_state=before,
                to_state=after,
                occurred_at=when,
                occurred_earliest=when - doubt,
                occurred_latest=when + doubt,
                sources=["app-logs", "prom-eu-a"] if not doubt else ["prom-eu-a"],
                inferred=False,
                clock_skew=False,
                transition_id=len(self.tables.get("breaker_transitions", ())),
                position=position,
            )

    def state(
        self, service: str, breaker: str, state: str, since: datetime | None, instances: Sequence[str] = ("a-1",)
    ) -> None:
        """Add the state of a breaker's instances now."""
        for instance in instances:
            self.add(
                "breaker_states",
                service=service,
                breaker=breaker,
                instance=instance,
                state=state,
                since=since,
                since_earliest=since and since - timedelta(seconds=7.5),
                since_latest=since and since + timedelta(seconds=7.5),
                as_of=AS_OF,
                sources=["prom-eu-a"],
            )

    def levels(self, service: str, *changes: tuple[str, datetime], first: datetime) -> None:
        """Add the levels of a service: full from ``first`` on, then each change."""
        moves = [("full", first), *changes]
        for number, (level, start) in enumerate(moves):
            end = moves[number + 1][1] if number + 1 < len(moves) else None
            lasted = None if end is None else (end - start).total_seconds()
            self.add(
                "service_level_spells",
                service=service,
                level=level,
                started_at=start,
                ended_at=end,
                duration_s=lasted,
                duration_low_s=lasted,
                duration_high_s=lasted,
            )
            if number:
                self.add(
                    "service_level_changes",
                    service=service,
                    instance="a-1",
                    from_level=moves[number - 1][0],
                    to_level=level,
                    occurred_at=start,
                    occurred_earliest=start,
                    occurred_latest=start,
                    sources=["app-logs"],
                )

    def requests(self, service: str, start: datetime, minutes: int, **outcomes: int) -> None:
        """Add the same counts for every minute of a while."""
        for minute in range(minutes):
            for outcome, count in outcomes.items():
                self.add(
                    "request_counts",
                    service=service,
                    operation="pay",
                    target="payments",
                    instance="a-1",
                    bucket_start=start + timedelta(minutes=minute),
                    bucket_s=60.0,
                    outcome=outcome,
                    count=count + (minute * 7) % 11,
                )

    def seen(self, source: str, service: str, start: datetime, end: datetime, *, covered: bool = True) -> None:
        """Add a covered spell, or a gap, of one source."""
        self.add(
            "coverage",
            source=source,
            service=service,
            instance="a-1",
            started_at=start,
            ended_at=end,
            covered=covered,
        )


def publish(path: Path, *scenes: Scene, as_of: datetime = AS_OF, recorded: bool = True) -> Path:
    """Write scenes into a store and publish them at ``path``."""
    with Store.open(path, clock=fixed_clock(to_us(as_of))) as store:
        with store.transaction():
            for scene in scenes:
                for table, rows in scene.tables.items():
                    store.replace(table, {"environment": scene.environment}, rows)
                    if table == "request_counts":
                        store.mark_changed(table, to_us(as_of - timedelta(days=40)), to_us(as_of))
        store.publish(to_us(as_of), recorded=recorded)
    return path


def at(hour: int, minute: int, second: float = 0, day: int = 20) -> datetime:
    """Return an instant of November 2026."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC) + timedelta(seconds=second)


def busy() -> Scene:
    """Return the morning of the pictures: one breaker open after a deploy, two services lowered, a source silent."""
    scene = Scene()
    first = AS_OF - timedelta(days=30)
    many = tuple(f"checkout-{letter}" for letter in "abcdefghijklmn")
    _declared(scene)
    _covered(scene, first)
    scene.add("changes", service="payments", kind="deploy", occurred_at=at(9, 31, 10), revision="2.14.0", actor="ci")
    scene.add("changes", service="search", kind="deploy", occurred_at=at(14, 5, day=19), revision="5.8.1", actor="ci")
    scene.add("changes", service="search", kind="deploy", occurred_at=at(14, 41, day=19), revision="5.8.0", actor="ci")
    scene.add("changes", service="cart", kind="config", occurred_at=at(11, 20, day=19), revision="", detail="ttl 30 s")
    scene.episode("checkout", "payments", at(9, 35), None, instances=many, seen=20, reopenings=5, calls_rejected=1284)
    scene.episode("cart", "redis", at(16, 3, day=19), 1240, reopenings=3, calls_rejected=410)
    scene.episode("search", "catalog-db", at(14, 20, day=19), 1290, healed_by="deploy", instances=("a-1", "a-2"))
    scene.episode("assistant", "openai", at(20, 2, day=19), 65.0, half_width_s=0.0, calls_rejected=33)
    scene.episode("accounts", "ldap", at(18, 30, day=19), 1300, reopenings=2)
    scene.episode("catalog", "db", at(3, 12), 20.0, half_width_s=2.0)
    for day in range(21, 30):
        when = AS_OF - timedelta(days=day - 1, hours=day % 7)
        scene.episode("cart", "redis", when, 14.0 + day * 3, calls_rejected=day)
    _states(scene, many)
    scene.levels("checkout", ("degraded", at(9, 35, 2)), first=first)
    scene.levels("payments", ("limited", at(9, 34, 1)), first=first)
    scene.levels("cart", ("cache_only", at(16, 5, day=19)), ("full", at(16, 25, day=19)), first=first)
    scene.levels("search", ("limited", at(14, 20, day=19)), ("full", at(14, 41, day=19)), first=first)
    scene.levels("assistant", ("degraded", at(20, 2, day=19)), ("full", at(20, 9, day=19)), first=first)
    scene.levels("accounts", ("degraded", at(18, 30, day=19)), ("full", at(18, 52, day=19)), first=first)
    scene.requests("checkout", at(9, 20), 15, success=212)
    scene.requests("checkout", at(9, 35), 7, success=20, fallback=178, not_permitted=183, failure=31)
    scene.add(
        "targets", service="accounts", operation="login", target="pg-replica-2", role="fallback", last_served_at=None
    )
    scene.add(
        "findings",
        finding_id=1,
        kind="state_lost_on_restart",
        service="cart",
        subject="redis",
        first_seen=at(16, 10, day=19),
        last_seen=at(16, 10, day=19),
        evidence="closed right after a restart that found it open",
    )
    return scene


def quiet() -> Scene:
    """Return a quiet day: everything closed and full, one episode that healed by itself at 03:12."""
    scene = Scene()
    first = AS_OF - timedelta(days=30)
    _declared(scene)
    for service in SERVICES:
        scene.seen("prom-eu-a", service, first, AS_OF)
        scene.levels(service, first=first)
        scene.state(service, "main", "closed", at(3, 12, 20))
    scene.episode("checkout", "payments", at(3, 12), 20.0, half_width_s=0.0)
    scene.state("checkout", "payments", "closed", at(3, 12, 20))
    return scene


def capture() -> Scene:
    """Return the recorded run: four openings, one episode, exact by the log."""
    scene = Scene("capture")
    start = at(11, 32, 41)
    scene.seen("capture-prometheus", "payments-client", start, start + timedelta(seconds=58))
    scene.episode(
        "payments-client",
        "payments",
        at(11, 32, 56.305),
        20.053,
        half_width_s=0.0,
        instances=("capture",),
        seen=1,
        reopenings=3,
        probe_s=0.013,
        calls_rejected=196,
    )
    scene.state("payments-client", "payments", "closed", at(11, 33, 16.358), ("capture",))
    _witnessed(scene, "payments-client", "payments", "capture")
    return scene


def _witnessed(scene: Scene, service: str, breaker: str, instance: str) -> None:
    """Add what a log and a scrape each second saw of a run: the log every move, the gauge what lasted a scrape."""
    moves = [row for row in scene.tables["breaker_transitions"] if row["service"] == service]
    for source, half_s in (("capture-log", 0.0), ("capture-metrics", 0.504)):
        for number, move in enumerate(moves):
            doubt = timedelta(seconds=half_s)
            when = move["occurred_at"] - doubt / 2
            scene.add(
                "breaker_sightings",
                service=service,
                breaker=breaker,
                instance=instance,
                source=source,
                from_state="",
                to_state=move["to_state"],
                occurred_at=when,
                occurred_earliest=when - doubt,
                occurred_latest=when + doubt,
                inferred=bool(half_s) and number > 0,
                assumed=False,
                position=number,
            )


def one_row() -> Scene:
    """Return the least that is not nothing: one closed breaker, seen once."""
    scene = Scene()
    scene.seen("prom", "solo", AS_OF - timedelta(minutes=1), AS_OF)
    scene.state("solo", "db", "closed", None)
    return scene


def _declared(scene: Scene) -> None:
    needs = {"checkout": ["payments"], "cart": ["redis"], "assistant": ["openai", "anthropic"], "accounts": ["ldap"]}
    owners = {"checkout": "payments", "payments": "payments", "assistant": "ml-platform", "notify": "platform"}
    for service in SERVICES:
        scene.add(
            "services",
            service=service,
            owner_team=owners.get(service, "shop"),
            owner_email="team@example.org",
            owner_chat="#team",
            runbook=f"https://runbooks.example.org/{service}",
            critical=service in {"checkout", "payments"},
            depends_on=needs.get(service, []),
        )


def _covered(scene: Scene, first: datetime) -> None:
    for service in SERVICES:
        if service == "catalog":
            scene.seen("prom-eu-a", service, first, at(2, 0))
            scene.seen("prom-eu-a", service, at(2, 0), at(2, 40), covered=False)
            scene.seen("prom-eu-a", service, at(2, 40), AS_OF)
        elif service == "notify":
            scene.seen("prom-eu-b", service, first, at(9, 19, 10))
        else:
            scene.seen("prom-eu-a", service, first, AS_OF)
    scene.seen("app-logs", "checkout", first, AS_OF)


def _states(scene: Scene, many: Sequence[str]) -> None:
    scene.state("checkout", "payments", "open", at(9, 35), many)
    scene.state("checkout", "payments", "closed", None, tuple(f"checkout-{letter}" for letter in "opqrst"))
    scene.state("cart", "redis", "closed", at(16, 23, 40, day=19))
    scene.state("search", "catalog-db", "closed", at(14, 41, 30, day=19), ("a-1", "a-2"))
    scene.state("assistant", "openai", "closed", at(20, 3, 5, day=19))
    scene.state("accounts", "ldap", "closed", at(18, 51, 40, day=19))
    scene.state("catalog", "db", "closed", at(3, 12, 20))
    scene.state("notify", "smtp", "closed", None)
