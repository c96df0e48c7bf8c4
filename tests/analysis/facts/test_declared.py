"""The declared services, as the published file carries them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.facts.declared import refresh_declared
from breakwatch.config_services import Dependency, Owner, ServiceConfig
from store import Store

if TYPE_CHECKING:
    from pathlib import Path

CHECKOUT = ServiceConfig(
    name="checkout",
    owner=Owner(team="pay", chat="#pay"),
    critical=True,
    depends_on=(Dependency(service="redis"), Dependency(service="payments")),
)


def test_each_environment_a_service_was_watched_in_has_a_row(tmp_path: Path) -> None:
    """Owner and dependencies stand beside every environment; a service nobody watched has none."""
    with Store.open(tmp_path / "s.duckdb") as store:
        watched = [{"environment": name, "service": "checkout", "source": "prom"} for name in ("prod", "test")]
        store.replace("coverage", {}, watched)
        for _ in range(2):
            with store.transaction():
                refresh_declared(store, [CHECKOUT, ServiceConfig(name="idle")])
        rows = store.rows("SELECT * EXCLUDE (labels) FROM services ORDER BY service, environment")
    assert [(row["environment"], row["service"], row["owner_team"]) for row in rows] == [
        ("prod", "checkout", "pay"),
        ("test", "checkout", "pay"),
        (None, "idle", None),
    ]
    assert (rows[0]["critical"], rows[0]["depends_on"]) == (True, ["payments", "redis"])
