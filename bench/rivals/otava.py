"""Apache Otava with its defaults: series as JSON lines in, for each its change points and seconds out."""

import json
import sys
import time

from otava.analysis import compute_change_points  # type: ignore[import-not-found]

for line in sys.stdin:
    values = json.loads(line)
    began = time.perf_counter()
    found, _ = compute_change_points(values)
    took = time.perf_counter() - began
    print(json.dumps([[int(change.index) for change in found], took]))
