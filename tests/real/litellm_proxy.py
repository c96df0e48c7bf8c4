"""A real LiteLLM proxy in front of model endpoints that fail on command, and what truly happened.

Two deployments serve the group ``chat``; where both are out, calls fall back to the group ``spare``.
"""

from __future__ import annotations

import json
import secrets
import subprocess
import threading
import time
import urllib.error
import urllib.request
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from tests.real.processes import PROJECT, Prometheus, free_port, now_us
from tests.real.programs import Program

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

JOB = "gateway"
GROUP_OF = {"chat-a": "chat", "chat-b": "chat", "spare-c": "spare"}
COOLDOWN_S = 3
TIMEOUT_S = 1
CALL_EVERY_S = 0.12
SCRAPED = "litellm_(deployment_(state|cooled|success|failure|total|failed).*|proxy_(total|failed).*)|process_start.*"

# Seconds to wait, then what the endpoints do from then on.
ACTS: Sequence[tuple[float, dict[str, str]]] = (
    (3.0, {"chat-a": "500"}),
    (1.5, {"chat-a": "ok"}),
    (5.0, {"chat-a": "500", "chat-b": "503"}),
    (8.0, {"chat-a": "ok", "chat-b": "ok"}),
    (5.0, {"chat-b": "hang"}),
    (2.0, {"chat-b": "ok"}),
    (5.0, {"chat-a": "429", "chat-b": "429", "spare-c": "500"}),
    (1.5, {"chat-a": "ok", "chat-b": "ok", "spare-c": "ok"}),
    (6.0, {}),
)


@dataclass
class Endpoints:
    """The providers' side: one path for each deployment, each doing as it is told."""

    truth: Truth
    modes: dict[str, str] = field(default_factory=lambda: dict.fromkeys(GROUP_OF, "ok"))
    _server: ThreadingHTTPServer | None = None

    @property
    def port(self) -> int:
        """Where they listen."""
        assert self._server is not None
        return self._server.server_port

    @contextmanager
    def serving(self) -> Iterator[Endpoints]:
        """Serve for the length of a block."""
        endpoints = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                name = self.path.split("/")[1]
                mode = endpoints.modes[name]
                begun_us = now_us()
                status = {"ok": 200, "hang": 200}.get(mode) or int(mode)
                if mode == "hang":
                    time.sleep(2 * TIMEOUT_S)
                endpoints.truth.write(event="asked", deployment=name, mode=mode, at_us=begun_us)
                body = json.dumps(answer_of(name) if status == 200 else {"error": {"message": "out"}}).encode()
                try:
                    self.send_response(status)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                except ConnectionError:  # it hung longer than the proxy waited
                    self.close_connection = True

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()


@dataclass
class Truth:
    """The truth file: what endpoints were asked, and what became of each call."""

    path: Path
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def write(self, **record: object) -> None:
        """Append one record."""
        with self._lock, self.path.open("a") as file:
            file.write(json.dumps(record) + "\n")


@dataclass(frozen=True)
class Story:
    """What was lived through, ready to be collected or recorded."""

    server: Prometheus
    folder: Path

    @property
    def files(self) -> Sequence[Path]:
        """The proxy's log and the truth."""
        return self.folder / "litellm.log", self.folder / "truth.jsonl"


def answer_of(name: str) -> dict[str, Any]:
    """Return a completion whose text is the deployment's name."""
    return {
        "id": "1",
        "object": "chat.completion",
        "created": 1,
        "model": "gpt-x",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": name}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }


def configuration(endpoints: Endpoints) -> dict[str, Any]:
    """Return the proxy's own configuration; JSON is YAML."""
    return {
        "model_list": [
            {
                "model_name": group,
                "litellm_params": {
                    "model": f"openai/{group}-model",
                    "api_base": f"http://127.0.0.1:{endpoints.port}/{name}/v1",
                    "api_key": "none",
                    "timeout": TIMEOUT_S,
                },
                "model_info": {"id": name},
            }
            for name, group in GROUP_OF.items()
        ],
        "router_settings": {
            "num_retries": 0,
            "allowed_fails": 0,
            "cooldown_time": COOLDOWN_S,
            "fallbacks": [{"chat": ["spare"]}],
        },
        "litellm_settings": {
            "callbacks": ["prometheus"],
            "num_retries": 0,
            "json_logs": True,
            "telemetry": False,
            "require_auth_for_metrics_endpoint": False,
        },
    }


def call(port: int, key: str, truth: Truth) -> None:
    """Ask the proxy once, and write down who answered, or with which status it gave up."""
    question = {"model": "chat", "messages": [{"role": "user", "content": "who are you?"}]}
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/chat/completions",
        json.dumps(question).encode(),
        {"Content-Type": "application/json", "Authorization": f"Bearer {key}"},
    )
    begun_us, status, by = now_us(), 200, ""
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 loopback only
            by = json.load(answer)["choices"][0]["message"]["content"]
    except urllib.error.HTTPError as error:
        status = error.code
    truth.write(event="call", begun_us=begun_us, ended_us=now_us(), status=status, by=by)


@contextmanager
def live(folder: Path) -> Iterator[Story]:
    """Live through all acts; what comes back is a server that scrapes no more."""
    python = subprocess.run(
        [PROJECT / "scripts" / "ensure-litellm.sh"], check=True, stdout=subprocess.PIPE, text=True
    ).stdout.strip()
    truth = Truth(folder / "truth.jsonl")
    key = f"sk-{secrets.token_hex(32)}"
    port = free_port()
    with ExitStack() as running:
        endpoints = running.enter_context(Endpoints(truth).serving())
        settings = folder / "litellm.yaml"
        settings.write_text(json.dumps(configuration(endpoints)))
        proxy = Program(
            [
                "env",
                f"LITELLM_MASTER_KEY={key}",
                "LITELLM_LOCAL_MODEL_COST_MAP=True",
                "LITELLM_LOG=INFO",
                str((PROJECT / python).with_name("litellm")),
                f"--config={settings}",
                "--host=127.0.0.1",
                f"--port={port}",
            ],
            folder / "litellm.log",
            folder / "litellm.err",
            f"http://127.0.0.1:{port}/health/liveliness",
            ready_within_s=120.0,
        )
        running.enter_context(proxy.running())
        scrape = {
            "job_name": JOB,
            "metrics_path": "/metrics/",
            "static_configs": [{"targets": [f"127.0.0.1:{port}"]}],
            "metric_relabel_configs": [{"source_labels": ["__name__"], "regex": SCRAPED, "action": "keep"}],
        }
        server = Prometheus(folder, scrape_configs=[scrape])
        running.callback(server.stop)
        server.start()
        server.wait_for_scrape(JOB)
        perform(endpoints, lambda: call(port, key, truth))
        time.sleep(2)
        server.wait_for_scrape(JOB)
        server.wait_for_scrape(JOB)
        server.stop()
        server.scrape_configs = ()  # no scrape after the last one
        server.start()
        yield Story(server, folder)


def perform(endpoints: Endpoints, ask: Any) -> None:
    """Play the acts while a client asks one question after another."""
    for wait_s, modes in ACTS:
        until = time.monotonic() + wait_s
        while time.monotonic() < until:
            ask()
            time.sleep(CALL_EVERY_S)
        endpoints.modes.update(modes)
