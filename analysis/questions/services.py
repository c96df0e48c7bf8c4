"""Who owns a service, where its runbook is, and what it depends on, as declared in the configuration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis.questions.common import load

if TYPE_CHECKING:
    from store import Rows

_SERVICES = load("services")
_HAS_SERVICES = load("has_services")


@dataclass(frozen=True, slots=True)
class Service:
    """One declared service; texts are empty where nothing was declared."""

    name: str
    owner: str
    email: str
    chat: str
    runbook: str
    critical: bool
    depends_on: tuple[str, ...]


def services(rows: Rows, environment: str) -> dict[str, Service]:
    """Return the declared services by name; empty where the file does not carry them."""
    if not rows.rows(_HAS_SERVICES)[0]["known"]:
        return {}
    return {
        row["service"]: Service(
            name=row["service"],
            owner=row["owner_team"] or "",
            email=row["owner_email"] or "",
            chat=row["owner_chat"] or "",
            runbook=row["runbook"] or "",
            critical=bool(row["critical"]),
            depends_on=tuple(row["depends_on"] or ()),
        )
        for row in rows.rows(_SERVICES, {"environment": environment})
    }
