"""What is shipped works away from the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NEEDED = (
    "sample_data/breakwatch.yaml",
    "dashboard/streamlit.toml",
    "service/templates/breakwatch.yaml",
    "collectors/profiles/resilience4j.yaml",
    "store/migrations/0001_raw.sql",
    "store/views/breaker_episodes.sql",
    "breakwatch/py.typed",
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's wheel, built without fetching anything."""
    target = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    (built,) = target.glob("*.whl")
    return built


def test_the_wheel_holds_what_is_read_at_run_time(wheel: Path) -> None:
    """Data files are shipped with the code, tests and benches are not."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert set(NEEDED) <= names
    assert {name.split("/")[0] for name in names if not name.split("/")[0].endswith(".dist-info")} == {
        "breakwatch",
        "collectors",
        "store",
        "analysis",
        "dashboard",
        "service",
        "sample_data",
    }


def test_the_installed_wheel_runs_from_anywhere(wheel: Path, tmp_path: Path) -> None:
    """Installed by itself, started from /, it answers and finds its own files, not those of the checkout."""
    target = tmp_path / "site"
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "-q",
        "--no-deps",
        "--no-index",
        "--target",
        str(target),
        str(wheel),
    ]
    subprocess.run(install, capture_output=True, check=True)
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(target)}

    def run(*arguments: str) -> str:
        command = [sys.executable, "-m", "service", *arguments]
        done = subprocess.run(command, cwd="/", env=environment, capture_output=True, text=True, check=True)
        return done.stdout + done.stderr

    assert "Usage: breakwatch" in run("--help")
    config = tmp_path / "breakwatch.yaml"
    run("init", "--config", str(config))
    run("publish", "--config", str(config))
    assert "breaker_episodes" in run("sql", "SHOW TABLES", "--config", str(config))
    where = [sys.executable, "-c", "import service; print(service.__file__)"]
    found = subprocess.run(where, cwd="/", env=environment, capture_output=True, text=True, check=True).stdout
    assert found.startswith(str(target))
