"""The command line. Commands only name what they call; problems are printed here and nowhere else."""

from __future__ import annotations

import signal
import sys
import traceback
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from typer.exceptions import Abort, Exit, TyperException

from breakwatch import config as configuration
from breakwatch.clock import system_clock
from breakwatch.errors import ExitCode
from service import console
from service.cli_baselines import baseline
from service.cli_experiments import experiment
from service.cli_imports import Environment, add_commands
from service.cli_judging import add_commands as add_judging
from service.cli_shared import ConfigFile, examples, load
from service.forms import Format

app = typer.Typer(
    name="breakwatch",
    help="Observability dashboard and SLA analyzer for circuit breakers, retries and fallbacks.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
imports = typer.Typer(help="Bring in what other tools have recorded.", rich_markup_mode=None)
app.add_typer(imports, name="import")
app.add_typer(experiment, name="experiment")
app.add_typer(baseline, name="baseline")

Port = Annotated[int, typer.Option("--port", min=1, max=65535, help="Port of the dashboard.")]
Address = Annotated[str, typer.Option("--address", help="Address the dashboard listens on.")]
Public = Annotated[bool, typer.Option("--public", help="Allow an address that others can reach; it has no login.")]
Data = Annotated[
    Path | None, typer.Option("--data", help="Published file to read (default: the one of the configuration).")
]
Hosts = Annotated[list[str] | None, typer.Option("--host", help="Further name under which browsers may reach it.")]


_RANGE = "breakwatch collect --since 2026-11-19T00:00:00Z --until 2026-11-20T00:00:00Z"


def _version(asked: bool) -> None:  # noqa: FBT001 - typer hands the option over so
    if asked:
        print(f"breakwatch {version('breakwatch')}")  # noqa: T201 - the answer of the option
        raise Exit


@app.callback()
def common(
    *,
    shown: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the trace of an error; allowed anywhere.")] = False,
) -> None:
    """Observability dashboard and SLA analyzer for circuit breakers, retries and fallbacks."""


@app.command("demo", epilog=examples("breakwatch demo", "breakwatch demo --port 9000 --no-browser --dir ./demo-data"))
def demo_command(
    *,
    port: Port = 8501,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open a browser.")] = False,
    folder: Annotated[Path | None, typer.Option("--dir", help="Folder of the demo's store.")] = None,
) -> None:
    """Collect the recorded sample and open the dashboard. No config, no server, no network."""
    from service import demo, serve

    published = demo.build(folder)
    raise Exit(serve.until_stopped(published, serve.Page(port=port), browser=not no_browser))


_ASK = "breakwatch init --prometheus https://mimir.example.org/prometheus"


@app.command(
    epilog=examples(
        "breakwatch init",
        "breakwatch init --prometheus http://localhost:9090",
        'breakwatch init --prometheus http://localhost:9090 --logs "/var/log/app/*.log"',
        f'{_ASK} --header "X-Scope-OrgID: team-a" --bearer-token-file /run/secrets/mimir',
    )
)
def init(
    *,
    config: ConfigFile = None,
    prometheus: Annotated[str | None, typer.Option("--prometheus", help="Ask this server what it holds.")] = None,
    header: Annotated[list[str] | None, typer.Option("--header", help="Header it wants: 'name: value'.")] = None,
    bearer_token_file: Annotated[Path | None, typer.Option("--bearer-token-file", help="File of its token.")] = None,
    username: Annotated[str, typer.Option("--username", help="User name it wants.")] = "",
    password_file: Annotated[Path | None, typer.Option("--password-file", help="File of the password.")] = None,
    ca_file: Annotated[Path | None, typer.Option("--ca-file", help="Certificates to trust.")] = None,
    cert_file: Annotated[
        Path | None, typer.Option("--cert-file", help="Our certificate, where it asks (mTLS).")
    ] = None,
    key_file: Annotated[Path | None, typer.Option("--key-file", help="Key of it, where it is not in it.")] = None,
    look: Annotated[str, typer.Option("--look", help="How long to look at what it holds; 0s: only ask.")] = "30s",
    logs: Annotated[list[str] | None, typer.Option("--logs", help="Log files to follow, a path or a glob.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
) -> None:
    """Write a commented breakwatch.yaml, filled from what a Prometheus and log files hold where they are named.

    Profiles, services, breakers and scrape intervals are found by asking; format and profile of logs by trying them on
    the last lines; starter objectives come from a short look at the newest data, and are only such as can be proved.
    """
    from service import scaffold

    asked = None
    if prometheus is not None:
        within_s = scaffold.length_s(look)
        asked = scaffold.Asked(
            prometheus,
            tuple(header or ()),
            bearer_token_file,
            username,
            password_file,
            ca_file,
            cert_file,
            key_file,
            within_s=within_s,
        )
    written = scaffold.write(config or configuration.DEFAULT_FILE, asked, tuple(logs or ()), force=force)
    console.say(f"{written}: written; next: breakwatch doctor, then breakwatch run")


@app.command(epilog=examples("breakwatch validate", "breakwatch validate --config teams.yaml"))
def validate(config: ConfigFile = None) -> None:
    """Check the configuration offline, for pull requests."""
    from service import checking

    file = configuration.config_path(config)
    print(checking.validated(file))  # noqa: T201 - the answer of the command
    for doubt in checking.flagged(load(file)):  # its warnings are told, too
        console.two_lines(f"objective {doubt.objective}: {doubt.problem}", doubt.remedy)


@app.command("doctor", epilog=examples("breakwatch doctor"))
def doctor_command(config: ConfigFile = None) -> None:
    """Check sources and store, one line each with the remedy. Works while sources are down."""
    from service import doctor

    raise Exit(doctor.run(load(config)))


@app.command(epilog=examples("breakwatch collect --once", "breakwatch collect --since 30d", _RANGE))
def collect(
    *,
    config: ConfigFile = None,
    once: Annotated[bool, typer.Option("--once", help="One catch-up from the watermarks to now.")] = False,
    since: Annotated[str | None, typer.Option("--since", help="Start of a range: ISO time or 30d.")] = None,
    until: Annotated[str | None, typer.Option("--until", help="End of the range (default now).")] = None,
) -> None:
    """Collect once, or fill a range again; repeating it changes nothing."""
    from service import collecting

    span = collecting.asked_window(since, until, system_clock(), once=once)
    loaded = load(config)
    raise Exit(collecting.collect(loaded, loaded.sources, span))


@imports.command(
    epilog=examples(
        "breakwatch import openmetrics dump.om.gz",
        "breakwatch import openmetrics *.om --environment prod --label cluster=eu",
        "promtool tsdb dump-openmetrics ./data | breakwatch import openmetrics -",
    )
)
def openmetrics(
    files: Annotated[
        list[Path], typer.Argument(help="Text exposition with timestamps, gzip allowed; - is standard input.")
    ],
    *,
    config: ConfigFile = None,
    environment: Environment = "",
    label: Annotated[list[str] | None, typer.Option("--label", help="Label of everything in the files.")] = None,
    profile: Annotated[list[str] | None, typer.Option("--profile", help="Profile to look for (default: all).")] = None,
) -> None:
    """Import OpenMetrics text; importing the same file twice changes nothing."""
    from service import collecting, expositions

    labels = collecting.labels_of(label or []) | ({"environment": environment} if environment else {})
    raise Exit(expositions.bring_in(load(config), files, labels, profile or []))


@imports.command(
    epilog=examples(
        "breakwatch import openslo slos/*.yaml --out objectives.yaml",
        "breakwatch import openslo checkout.yaml",
    )
)
def openslo(
    files: Annotated[list[Path], typer.Argument(help="OpenSLO v1, YAML; objects may refer to each other.")],
    *,
    config: ConfigFile = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write to a file instead of stdout.")] = None,
) -> None:
    """Write the objectives of OpenSLO files the way a configuration has them, to include.

    What cannot be expressed is told line by line, and left out rather than changed in meaning.
    """
    from service import openslo as files_of

    declared = load(config) if config is not None or configuration.DEFAULT_FILE.exists() else None
    raise Exit(files_of.bring_in(files, declared, out))


@app.command(
    "sql",
    epilog=examples(
        'breakwatch sql "SELECT service, breaker, duration_s FROM breaker_episodes ORDER BY opened_at DESC LIMIT 5"',
        'breakwatch sql "FROM breaker_states" --format csv --out states.csv',
    ),
)
def sql_command(
    statement: Annotated[str, typer.Argument(metavar="QUERY", help="One query over the views.")],
    *,
    config: ConfigFile = None,
    data: Data = None,
    form: Annotated[Format, typer.Option("--format", help="How to print the answer.")] = Format.TABLE,
    out: Annotated[Path | None, typer.Option("--out", help="Write to a file instead of stdout.")] = None,
) -> None:
    """Query the published data, read-only; works while collection goes on."""
    from service import query

    query.answer(data or load(config).store.path, statement, form, out)


@app.command(epilog=examples("breakwatch dashboard", "breakwatch dashboard --port 9000 --host status.example.org"))
def dashboard(
    *,
    config: ConfigFile = None,
    data: Data = None,
    port: Port = 8501,
    address: Address = "127.0.0.1",
    public: Public = False,
    host: Hosts = None,
) -> None:
    """Serve only the dashboard, over what is published."""
    from service import serve

    serve.check_address(address, public=public)
    published = data or load(config).store.path
    raise Exit(serve.until_stopped(published, serve.Page(address, port, tuple(host or ()))))


@app.command(epilog=examples("breakwatch publish"))
def publish(config: ConfigFile = None) -> None:
    """Write the published file anew, after a move or a restore."""
    from service import collecting

    console.say(collecting.publish(load(config)))


@app.command(epilog=examples("breakwatch run", "breakwatch run --port 9000", "breakwatch run --no-dashboard"))
def run(
    *,
    config: ConfigFile = None,
    port: Port = 8501,
    address: Address = "127.0.0.1",
    public: Public = False,
    host: Hosts = None,
    no_dashboard: Annotated[bool, typer.Option("--no-dashboard", help="Collect only.")] = False,
) -> None:
    """Run the service: catch up, then collect each source at its interval and serve the dashboard."""
    from service import running, serve

    serve.check_address(address, public=public)
    page = None if no_dashboard else serve.Page(address, port, tuple(host or ()))
    running.run(load(config), configuration.config_path(config), page)


add_commands(imports, load)
add_judging(app)


def _stopped(_signal: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


def invoke(arguments: list[str]) -> int:
    """Carry out a command line and return its exit code; problems are told in two lines."""
    debug = "--debug" in arguments
    words = [word for word in arguments if word != "--debug"]
    if not words:
        app(["--help"], prog_name="breakwatch", standalone_mode=False)
        return int(ExitCode.USAGE)
    try:
        code = app(words, prog_name="breakwatch", standalone_mode=False)
    except TyperException as error:
        command = getattr(getattr(error, "ctx", None), "command_path", "breakwatch")
        console.two_lines(error.format_message(), f"{command} --help")
        return int(ExitCode.USAGE)
    except (KeyboardInterrupt, Abort):
        return 130
    except Exit as stop:
        return stop.exit_code
    except Exception as error:  # noqa: BLE001 - the outermost edge: whatever it is, it is told
        if debug:
            traceback.print_exc()
        return console.tell(error)
    return code if isinstance(code, int) else 0


def main() -> NoReturn:
    """Run ``breakwatch`` with the process's arguments."""
    signal.signal(signal.SIGTERM, _stopped)
    sys.exit(invoke(sys.argv[1:]))
