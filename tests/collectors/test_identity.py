from __future__ import annotations

from breakwatch.config import Operation, ServiceConfig
from breakwatch.model import Subject
from collectors.identity import Resolver, without_replica

SERVICES = (
    ServiceConfig(
        name="checkout",
        match={"application": "checkout", "cluster": "eu"},
        operations=(Operation(name="pay", match={"uri": "/pay"}),),
    ),
    ServiceConfig(name="rest", match={"cluster": "eu"}),
    ServiceConfig(name="by-name", operations=(Operation(name="buy", match={"uri": "/buy"}),)),
)
SOURCE = {"environment": "prod", "cluster": "eu"}


def test_the_first_service_whose_labels_all_equal_has_it() -> None:
    """Labels of the series and of the source count alike, and the order of the configuration decides."""
    resolver = Resolver(SERVICES, SOURCE)
    assert resolver.subject({"application": "checkout"}).service == "checkout"
    assert resolver.subject({"application": "other"}).service == "rest"


def test_a_service_without_match_claims_nothing_but_its_name() -> None:
    """A service that says nothing of labels is met by its name, and then its operations are too."""
    resolver = Resolver(SERVICES, {})
    assert resolver.subject({"job": "x"}).service == "x"
    assert resolver.subject({"service": "by-name", "uri": "/buy"}).operation == "buy"


def test_a_mapped_service_comes_before_common_labels() -> None:
    """What the profile maps is more than what everybody's labels say, less than the configuration."""
    resolver = Resolver((), {})
    labels = {"service": "a", "application": "b", "app": "c", "job": "d"}
    assert resolver.subject(labels, {"service": "mapped"}).service == "mapped"
    for expected in ("a", "b", "c", "d"):
        assert resolver.subject(labels).service == expected
        labels.pop(next(iter(labels)))
    assert resolver.subject(labels).service == ""


def test_mapped_fields_may_be_matched() -> None:
    """A service may be recognised by a mapped field, so that logs and metrics are met by one rule."""
    services = (ServiceConfig(name="shop", match={"service": "be_app"}),)
    assert Resolver(services, {}).subject({}, {"service": "be_app"}).service == "shop"


def test_the_environment_is_the_source_s() -> None:
    """The environment comes from the source, 'default' without one; its other labels stay with the subject."""
    assert Resolver((), SOURCE).subject({"instance": "i"}, {"breaker": "b", "noise": "x"}) == Subject(
        environment="prod", breaker="b", instance="i", labels=(("cluster", "eu"),)
    )
    assert Resolver((), {}).subject({}).environment == "default"


def test_a_mapped_instance_comes_before_the_scraped_one() -> None:
    """Where a profile says whose the series is, the address of the exporter is not."""
    assert Resolver((), {}).subject({"instance": "exporter"}, {"instance": "pod"}).instance == "pod"


def test_operations_are_recognised_by_their_labels() -> None:
    """A configured operation's labels name it; else the mapped one stands."""
    resolver = Resolver(SERVICES, SOURCE)
    labels = {"application": "checkout", "uri": "/pay"}
    assert resolver.subject(labels, {"operation": "POST"}).operation == "pay"
    assert resolver.subject({**labels, "uri": "/x"}, {"operation": "POST"}).operation == "POST"


def test_replica_labels_are_dropped() -> None:
    """Labels that only name the twin say nothing about the series."""
    assert without_replica({"a": "1", "replica": "x", "prometheus_replica": "y"}) == {"a": "1"}
