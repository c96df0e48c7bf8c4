"""The service's own log: one JSON object a line on stderr, whoever in the process speaks."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from typing import Any

import structlog

_FRAMES = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
"""Traces without the values of variables: a password may be among them."""


def start() -> Any:  # noqa: ANN401 - structlog's lazy proxy has no narrower type
    """Send every log record of the process to stderr as JSON lines and return our own logger."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
        structlog.processors.ExceptionRenderer(_FRAMES),
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    # It warns of every run that is left out while the one before is still under way, which is as it should be.
    logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    return structlog.get_logger("breakwatch")


def follow(process: subprocess.Popen[bytes], log: Any) -> None:  # noqa: ANN401 - see start
    """Put what a child writes on its stderr into our log, line by line, until it ends."""
    stream = process.stderr
    if stream is None:
        return

    def copy() -> None:
        for line in stream:
            text = line.decode("utf-8", "replace").rstrip()
            if text:
                log.warning("dashboard", line=text)

    threading.Thread(target=copy, name="dashboard-log", daemon=True).start()
