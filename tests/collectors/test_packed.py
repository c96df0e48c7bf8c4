from __future__ import annotations

import random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from breakwatch.clock import SECOND_US
from collectors import profiles
from collectors.claims import Claims
from collectors.encode import Encoded, Encoder
from collectors.identity import Resolver
from collectors.packed import pack
from collectors.samples import Samples
from collectors.targets import Outlook, encode_all, targets_of
from tests.collectors.fakes import FakeApi
from tests.collectors.test_windows import history

NAMES = ("track", "first_us", "last_us", "value", "read_s", "assumed")


def everything(api: FakeApi) -> tuple[Samples, int, int]:
    """Return all samples of a server, and the span they lie in."""
    stamps = [stamp for _, rows in api.series_samples for stamp, _ in rows]
    api.now_us = max(stamps) + 1
    return api.samples(api.metric_names(), min(stamps), api.now_us), min(stamps), api.now_us


def stranger(api: FakeApi, seed: int) -> FakeApi:
    """Add what profiles do not understand, what is NaN, what nobody wants, and stamps of their own."""
    chance = random.Random(seed)
    rows = api.series_samples[2][1]
    who = {"job": "app", "instance": "a"}
    api.add(
        "haproxy_server_status", [(at, chance.choice([0, 1, 1, 1, 9])) for at, _ in rows], proxy="p", server="s", **who
    )
    values = [3.0, 3.0, float("nan"), float("inf"), -0.0, 0.0]
    api.add("queue_depth", [(at, chance.choice(values)) for at, _ in rows], queue="q", kind="main", **who)
    api.add("sessions_alive", [(at + chance.choice([0, 700_000]), 5.0) for at, _ in rows], kind="session", **who)
    api.add("nobody_wants_this", [(at, chance.random()) for at, _ in rows], **who)
    api.add("circuit", [(at, float(at // 60_000_000)) for at, _ in rows[9:]], name="b", event="open", **who)
    # Two gauges that only together say a level; now and then one of them is missing, or says nothing.
    healthy = [(at, chance.choice([0.0, 1.0, 2.0, 2.0, float("nan")])) for at, _ in rows if chance.random() < 0.9]
    api.add("envoy_cluster_membership_healthy", healthy, envoy_cluster_name="c", **who)
    total = [(at, chance.choice([2.0, 2.0, 0.0])) for at, _ in rows if chance.random() < 0.9]
    api.add("envoy_cluster_membership_total", total, envoy_cluster_name="c", **who)
    return api  # fmt: skip


def both(samples: Samples, since_us: int, until_us: int, **outlook: float | None) -> tuple[Encoded, Encoded]:
    """Return what samples come to one by one, and packed."""
    encoder = Encoder("s", "", Claims(profiles.load(())), Resolver((), {}))
    targets = targets_of(encoder, samples, Outlook(**outlook))  # type: ignore[arg-type]
    plain = encode_all(encoder, samples, targets, since_us, until_us)
    packed = encode_all(encoder, pack(samples), targets, since_us, until_us)
    return plain, packed


def assert_equal(one: Encoded, other: Encoded) -> None:
    """Fail where two results differ in anything."""
    assert one.tracks == other.tracks
    for name in NAMES:
        assert np.array_equal(getattr(one.runs, name), getattr(other.runs, name), equal_nan=name == "value"), name
    assert sorted(one.rejected, key=repr) == sorted(other.rejected, key=repr)
    assert one.skipped == other.skipped


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 100_000), data=st.data())
def test_packed_samples_come_to_the_same(seed: int, data: st.DataObject) -> None:
    """Whatever the history and the span, packed samples become the runs that they become one by one."""
    samples, first, last = everything(stranger(history(seed), seed))
    since = data.draw(st.integers(first, last))
    until = data.draw(st.integers(since, last + SECOND_US))
    assert_equal(*both(samples, since, until, interval_s=data.draw(st.sampled_from([None, 15.0]))))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_packing_loses_nothing(seed: int) -> None:
    """What was packed comes out as it was, from samples in any order, some of them twice."""
    samples, _, _ = everything(history(seed))
    places = list(range(len(samples.series))) + [random.Random(seed).randrange(len(samples.series)) for _ in range(50)]
    random.Random(seed).shuffle(places)
    shuffled = Samples(samples.labels, samples.series[places], samples.stamps_us[places], samples.values[places])
    out = pack(shuffled).expanded(np.ones(len(samples.labels), np.bool_))
    assert np.array_equal(out.series, samples.series)
    assert np.array_equal(out.stamps_us, samples.stamps_us)
    assert np.array_equal(out.values, samples.values)
