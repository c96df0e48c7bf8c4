"""asv's step detection: series as JSON lines in, for each its change points and seconds out."""

import json
import sys
import time

from asv.step_detect import detect_steps  # type: ignore[import-not-found]

for line in sys.stdin:
    values = json.loads(line)
    began = time.perf_counter()
    steps = detect_steps(values)
    took = time.perf_counter() - began
    print(json.dumps([[int(step[0]) for step in steps[1:]], took]))
