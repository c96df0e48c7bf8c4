"""What a collection loads: the clock starts it again and again, and to start must not cost more than to read."""

from __future__ import annotations

import subprocess
import sys

NOT_NEEDED = ("scipy", "pandas", "ruptures", "streamlit", "plotly", "rich", "apscheduler", "pydantic.v1")

LOADED = """
import gc, os, sys
import service.cli
import service.collecting, collectors.prometheus, collectors.logs.collector
print(" ".join(name for name in sys.argv[1:] if name in sys.modules))
print(os.environ["OPENBLAS_NUM_THREADS"], gc.get_threshold()[0] > 700)
"""


def loaded(environment: dict[str, str]) -> list[str]:
    """Return what a fresh process says that has loaded all it needs to collect."""
    command = [sys.executable, "-c", LOADED, *NOT_NEEDED]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return done.stdout.splitlines()


def test_a_collection_loads_nothing_that_only_pages_and_verdicts_need() -> None:
    """Libraries that take a tenth of a second and more to load are loaded by what needs them, when it needs them."""
    assert loaded({})[0] == ""


def test_the_process_is_prepared_and_what_somebody_set_is_kept() -> None:
    """No threads for algebra, and seldom a look for garbage; a setting of the environment goes before ours."""
    assert loaded({})[1] == "1 True"
    assert loaded({"OPENBLAS_NUM_THREADS": "3"})[1] == "3 True"
