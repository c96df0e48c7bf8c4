from __future__ import annotations

import http.server
import threading
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import numpy as np
import pytest
from google_crc32c import value as crc32c
from hypothesis import given, settings
from hypothesis import strategies as st

from breakwatch.clock import DAY_US, MINUTE_US, SECOND_US
from breakwatch.config import PrometheusSource
from breakwatch.errors import SourceError
from collectors import http as bounded
from collectors.http import pieces
from collectors.packed import Packed, pack
from collectors.prometheus_api import NotSpokenError, PrometheusApi, TooHeavyError
from collectors.remote_read import HEADERS, STREAMED, DamagedAnswerError, answer, frames, request
from collectors.xor import STALE, decode
from tests.collectors.chunks import bits_of, chunk, frame, message
from tests.collectors.servers import Answer, answering, dripping, serving
from tests.real.processes import Prometheus, now_us
from tests.real.recorded import recorded_prometheus

A = {"__name__": "a", "job": "j"}
B = {"__name__": "b", "job": "j"}


def one_chunk(*rows: tuple[int, float]) -> bytes:
    """Return samples (stamp in ms, value) as a chunk."""
    return chunk([(stamp, bits_of(value)) for stamp, value in rows])


def everything(packed: Packed) -> dict[frozenset[tuple[str, str]], list[tuple[int, float]]]:
    """Return all samples by label set."""
    out = packed.expanded(np.ones(len(packed.labels), np.bool_))
    found: dict[frozenset[tuple[str, str]], list[tuple[int, float]]] = {}
    for series, stamp, value in zip(out.series.tolist(), out.stamps_us.tolist(), out.values.tolist(), strict=True):
        found.setdefault(frozenset(packed.labels[series].items()), []).append((stamp, value))
    return found


def api(url: str, timeout_s: float = 10.0) -> PrometheusApi:
    """Return the API of a server."""
    return PrometheusApi(PrometheusSource.model_validate({"name": "p", "url": url, "timeout": timeout_s}))


def streaming(body: bytes, kind: str = f"{STREAMED}; proto=prometheus.ChunkedReadResponse") -> Answer:
    """Return an answer of frames."""
    return answering(200, body, kind)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.binary(max_size=3000), max_size=6), st.data())
def test_frames_come_whole_however_they_are_cut(contents: list[bytes], data: st.DataObject) -> None:
    """Frames are found in pieces of any size, with the right checksums."""
    whole = b"".join(frame(content) for content in contents)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=10)))
    pieces = [whole[low:high] for low, high in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    found = list(frames(pieces))
    assert [content for _, content in found] == contents
    assert [crc for crc, _ in found] == [crc32c(content) for content in contents]


def test_what_was_altered_or_cut_is_refused() -> None:
    """One bit turned over anywhere in a frame, and an end in its middle, are never read as samples."""
    whole = frame(message(A, [one_chunk((1000, 1.0), (2000, 2.0))]))
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 1
        with pytest.raises(DamagedAnswerError):
            answer([bytes(damaged)])
    for length in range(1, len(whole)):
        with pytest.raises(DamagedAnswerError):
            answer([whole[:length]])


def test_a_series_in_several_frames_is_one() -> None:
    """The frames of a long series belong together; the span is cut to the millisecond; its end is not inside."""
    body = [
        frame(message(A, [one_chunk((1000, 1.0), (2000, 1.0))])),
        frame(message(A, [one_chunk((3000, 1.0), (4000, 5.0))])),
        frame(message(B, [one_chunk((2000, 7.0))])),
    ]
    found = everything(answer(body).packed(2_000_000, 4_000_000))
    assert found == {
        frozenset(A.items()): [(2_000_000, 1.0), (3_000_000, 1.0)],
        frozenset(B.items()): [(2_000_000, 7.0)],
    }


def test_a_stale_marker_is_no_sample() -> None:
    """Where a series ended there is no value, whether it came back in the same chunk or not."""
    rows = [(1000, bits_of(1.0)), (2000, STALE), (3000, bits_of(float("nan"))), (4000, bits_of(1.0)), (5000, STALE)]
    (samples,) = everything(answer([frame(message(A, [chunk(rows)]))]).packed(0, 10_000_000)).values()
    assert [stamp for stamp, _ in samples] == [1_000_000, 3_000_000, 4_000_000]


def test_chunks_that_overlap_are_united() -> None:
    """Chunks of one series that hold the same samples (compaction under way, twins behind a Thanos) count once."""
    body = [
        frame(message(A, [one_chunk((1000, 1.0), (2000, 2.0)), one_chunk((2000, 2.0), (3000, 3.0))])),
        frame(message({**A, "replica": "x"}, [one_chunk((3000, 3.0), (3500, 4.0))])),
    ]
    assert everything(answer(body).packed(0, 10_000_000)) == {
        frozenset(A.items()): [(1_000_000, 1.0), (2_000_000, 2.0), (3_000_000, 3.0), (3_500_000, 4.0)]
    }


def test_native_histograms_are_counted_and_not_read() -> None:
    """A chunk of histograms is no chunk of numbers: it is left out, and said."""
    with serving(streaming(frame(message(A, [b"\0\1xx"], encoding=2)) + frame(message(B, [one_chunk((1, 2.0))])))) as (
        url,
        _,
    ):
        packed, histograms = api(url).packed(["a", "b"], 0, SECOND_US)
    assert histograms == 1
    assert list(everything(packed)) == [frozenset(B.items())]


@pytest.mark.parametrize(
    "other",
    [
        answering(400, b"unsupported path requested", "text/plain"),
        answering(404, b"404 page not found", "text/plain"),
        answering(200, b"whatever", "application/x-protobuf"),
    ],
    ids=["VictoriaMetrics", "no such path", "samples instead of chunks"],
)
def test_servers_that_do_not_speak_it_are_known(other: Answer) -> None:
    """A server without streamed remote read is told from one in trouble."""
    with serving(other) as (url, _), pytest.raises(NotSpokenError):
        api(url).packed(["a"], 0, SECOND_US)


def test_trouble_is_not_taken_for_a_refusal() -> None:
    """A server that answers 503 or 401 speaks it or not: that is not known, and is said as what it is."""
    with serving(answering(503, b"busy")) as (url, _), pytest.raises(SourceError) as failed:
        api(url).packed(["a"], 0, SECOND_US)
    assert not isinstance(failed.value, NotSpokenError)
    assert failed.value.retryable
    with serving(answering(401, b"who?")) as (url, _), pytest.raises(SourceError, match="answers 401") as failed:
        api(url).packed(["a"], 0, SECOND_US)
    assert not failed.value.retryable


def test_damage_is_worth_another_try() -> None:
    """An answer that cannot be read is a SourceError that says so, and may be asked for again."""
    with serving(streaming(b"\x05garbage that is no frame")) as (url, _), pytest.raises(SourceError) as failed:
        api(url).packed(["a"], 0, SECOND_US)
    assert failed.value.retryable


def test_a_stream_has_a_time_limit() -> None:
    """A server that lets frames drip is cut off when the time is over, not after each wait."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {STREAMED}\r\nContent-Length: 100000\r\n\r\n".encode()
    with dripping(head, every_s=0.05) as url:
        began = time.monotonic()
        with pytest.raises(SourceError, match="did not answer within 1 s"):
            api(url, timeout_s=1.0).packed(["a"], 0, SECOND_US)
        assert time.monotonic() - began < 1.9


def test_a_stream_has_a_size_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream that is larger than was ever meant is cut off, as too heavy: less may be asked for."""
    monkeypatch.setattr(bounded, "MAX_ANSWER_BYTES", 100_000)
    with serving(streaming(frame(bytes(200_000)))) as (url, _), pytest.raises(TooHeavyError):
        api(url).packed(["a"], 0, SECOND_US)


def test_a_real_server_names_the_metrics_of_a_span(tmp_path: Path) -> None:
    """Of a span in which it has samples a real Prometheus names the same metrics; of one without any, none."""
    with recorded_prometheus(tmp_path) as server:
        ours = api(server.url)
        low, high = 1_795_174_300_000_000, 1_795_174_300_000_000 + 20 * MINUTE_US
        assert "up" in ours.metric_names(low, high)
        assert ours.metric_names(low, high) == ours.metric_names()
        assert ours.metric_names(high + 1000 * DAY_US, high + 1001 * DAY_US) == []


def test_a_real_server_says_the_same_both_ways(tmp_path: Path) -> None:
    """Remote read from a real Prometheus gives every sample that its queries give, and no other, whatever the span."""
    with recorded_prometheus(tmp_path) as server:
        ours = api(server.url)
        metrics = ours.metric_names()
        low, high = 1_795_174_300_000_000, 1_795_174_300_000_000 + 20 * MINUTE_US
        whole = everything(pack(ours.samples(metrics, low, high)))
        assert len(whole) > 100
        first = min(stamp for rows in whole.values() for stamp, _ in rows)
        for start, end in ((low, high), (first + 7_000_000, first + 31_500_000), (first, first + 1000)):
            packed, _ = ours.packed(metrics, start, end)
            asked = everything(pack(ours.samples(metrics, start, end)))
            assert _plain(everything(packed)) == _plain(asked)


def _plain(found: dict[frozenset[tuple[str, str]], list[tuple[int, float]]]) -> dict[frozenset[tuple[str, str]], str]:
    return {labels: repr(rows) for labels, rows in found.items()}


class _Page(BaseHTTPRequestHandler):
    """A target whose second series comes and goes."""

    present = True

    def do_GET(self) -> None:
        text = "steady 1\n" + ("fickle 1\n" if _Page.present else "")
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


def test_a_vanished_series_ends_the_same_both_ways(tmp_path: Path) -> None:
    """Where a real Prometheus writes a stale marker, remote read and queries agree that there is no sample."""
    page = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Page)
    thread = threading.Thread(target=page.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    server = Prometheus(tmp_path, {"page": f"127.0.0.1:{page.server_address[1]}"})
    try:
        server.start()
        for present in (True, False, True):
            _Page.present = present
            server.wait_for_scrape("page")
            server.wait_for_scrape("page")
        ours, end = api(server.url), now_us()
        markers = _stale_markers(ours, end)
        packed, _ = ours.packed(["steady", "fickle"], end - MINUTE_US, end - SECOND_US)
        assert everything(packed) == everything(
            pack(ours.samples(["steady", "fickle"], end - MINUTE_US, end - SECOND_US))
        )
        assert markers == {"fickle"}
    finally:
        server.stop()
        page.shutdown()
        thread.join()
        page.server_close()


def _stale_markers(ours: PrometheusApi, end: int) -> set[str]:
    """Return the names of the series of which the server sent stale markers."""
    body = request({"__name__": "steady|fickle"}, end - MINUTE_US, end)
    got = ours._session.streamed(f"{ours.url}/api/v1/read", body, HEADERS, lambda response: answer(pieces(response)))
    out = decode(got.chunks)
    stale = out.chunk[out.bits == np.uint64(STALE)]
    return {got.labels[got.series[one]]["__name__"] for one in stale.tolist()}
