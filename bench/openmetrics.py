"""How fast text exposition and Prometheus' answers become runs: ``python -m bench.openmetrics [lines]``."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import orjson

from breakwatch.config import Config, OpenMetricsSource
from breakwatch.model import Window
from collectors.openmetrics import OpenMetricsCollector
from collectors.prometheus_api import _samples

T0_S = 1_795_174_430.779
SAMPLES_OF_A_SERIES = 1_500
STATES = ("closed", "open", "half_open", "forced_open", "disabled", "metrics_only")


def write(path: Path, lines: int) -> None:
    """Write a file of breakers, one open sample in fifty, series by series."""
    with path.open("w") as file:
        for number in range(lines // SAMPLES_OF_A_SERIES):
            breaker, state = divmod(number, len(STATES))
            series = (
                f'resilience4j_circuitbreaker_state{{name="b{breaker}",state="{STATES[state]}",'
                f'application="a{breaker % 20}",job="app",instance="i{breaker % 40}"}}'
            )
            for place in range(SAMPLES_OF_A_SERIES):
                present = 1 if (place + breaker) % 50 == 0 else 0
                file.write(f"{series} {int(state == present)} {T0_S + 15 * place:.3f}\n")


def main() -> None:
    """Print lines and samples per second."""
    lines = int(sys.argv[1]) if len(sys.argv) > 1 else 3_000_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "page.om"
        write(path, lines)
        began = time.perf_counter()
        source = OpenMetricsSource(name="bench", paths=(path,))
        (batch,) = OpenMetricsCollector(source, Config(), lambda: 2**60).collect(Window(None, 0), {})
        took_s = time.perf_counter() - began
        print(f"text: {batch.lines:,} lines, {len(batch.runs):,} runs, {took_s:.2f} s, {batch.lines / took_s:,.0f}/s")
    values = [[T0_S + 15 * place, str(place % 2)] for place in range(250)]
    body = orjson.dumps([{"metric": {"__name__": "m", "i": str(number)}, "values": values} for number in range(2_000)])
    began = time.perf_counter()
    samples = _samples(orjson.loads(body), 0, 2**62)
    took_s = time.perf_counter() - began
    print(f"answer: {len(samples.series):,} samples, {took_s:.2f} s, {len(samples.series) / took_s:,.0f}/s")


if __name__ == "__main__":
    main()
