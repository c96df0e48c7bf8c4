"""Who an observation is about: labels and mapped fields of a source become a Subject.

A service is, in this order: the first configured one whose ``match`` labels all equal; what the profile maps to
``service``; the first of the labels everybody uses for it. Only the first is a promise, the others are good manners.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from breakwatch.config import ServiceConfig
from breakwatch.model import Pairs, Subject, pairs

ENVIRONMENT = "environment"
DEFAULT_ENVIRONMENT = "default"
SERVICE_LABELS = ("service", "application", "app", "job")
REPLICA_LABELS = frozenset({"replica", "prometheus_replica"})
"""Labels that only say which twin of an HA pair looked; two answers that differ in nothing else are the same series."""

SUBJECT_FIELDS = frozenset({"service", "operation", "breaker", "component", "target", "instance"})


class Resolver:
    """Turns what a source says about a series or a line into a Subject.

    Args:
        services: the configured services, in the order of the configuration.
        source_labels: the declared labels of the source; ``environment`` among them becomes the environment, the rest
            becomes the subject's labels.
    """

    def __init__(self, services: Iterable[ServiceConfig], source_labels: Mapping[str, str]) -> None:
        self._by_name = {service.name: service for service in services}
        # A service without match labels is recognised by its name alone; an empty match would claim everything.
        self._services = [service for service in self._by_name.values() if service.match]
        self._source_labels = dict(source_labels)
        self._environment, self._labels = declared(source_labels)

    @property
    def deciding(self) -> frozenset[str]:
        """The names of labels that can make a difference to who is meant."""
        services = {name for service in self._services for name in service.match}
        operations = {name for service in self._by_name.values() for one in service.operations for name in one.match}
        return frozenset({*SERVICE_LABELS, "instance", *services, *operations})

    def subject(self, labels: Mapping[str, str], fields: Mapping[str, str] | None = None) -> Subject:
        """Return who is meant.

        Args:
            labels: the labels of the series, or the fields of the log line, as the source names them.
            fields: what a profile mapped, by our names (service, operation, breaker, component, target, instance);
                others are ignored, empty ones are not said.
        """
        mapped = {name: value for name, value in (fields or {}).items() if value}
        known = {**self._source_labels, **mapped, **labels}
        service = self._service(known, mapped)
        return Subject(
            environment=self._environment,
            service=service,
            operation=self._operation(service, known) or mapped.get("operation", ""),
            breaker=mapped.get("breaker", ""),
            component=mapped.get("component", ""),
            target=mapped.get("target", ""),
            instance=mapped.get("instance", "") or labels.get("instance", ""),
            labels=self._labels,
        )

    def _service(self, known: Mapping[str, str], mapped: Mapping[str, str]) -> str:
        for service in self._services:
            if _all_equal(service.match, known):
                return service.name
        if "service" in mapped:
            return mapped["service"]
        return next((known[name] for name in SERVICE_LABELS if known.get(name)), "")

    def _operation(self, service: str, known: Mapping[str, str]) -> str:
        configured = self._by_name.get(service)
        if configured is None:
            return ""
        return next((one.name for one in configured.operations if one.match and _all_equal(one.match, known)), "")


def declared(source_labels: Mapping[str, str]) -> tuple[str, Pairs]:
    """Return the environment that a source's labels declare, and its further labels."""
    environment = source_labels.get(ENVIRONMENT, "") or DEFAULT_ENVIRONMENT
    return environment, pairs({name: value for name, value in source_labels.items() if name != ENVIRONMENT})


def without_replica(labels: Mapping[str, str]) -> dict[str, str]:
    """Return the labels without those that only name the twin of an HA pair."""
    return {name: value for name, value in labels.items() if name not in REPLICA_LABELS}


def _all_equal(match: Mapping[str, str], known: Mapping[str, str]) -> bool:
    return all(known.get(name) == value for name, value in match.items())
