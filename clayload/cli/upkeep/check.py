"""`clayload check`: would a load have what it needs?"""

import json
import os
import socket
from collections.abc import Callable
from urllib.parse import urlsplit

import typer
from pydantic import SecretStr

from clayload.cli.console import print_json
from clayload.cli.layout import print_grid
from clayload.cli.options import AsJson
from clayload.errors import ClayloadError, Code, DestinationDownError, ExitCode
from clayload.ledger.store import Ledger
from clayload.loading.intake.suppression import describe_lists, read_lists
from clayload.plural import count
from clayload.report.grids import Grid
from clayload.runs.object_storage import try_place
from clayload.setup import Setup, find_catalogue, read_setup
from clayload.tables.costs import find_unknown_steps
from clayload.tables.explain import problem_of
from clayload.tables.yaml_file import read_yaml

_CONNECT_TIMEOUT_S = 5.0


def check(*, as_json: AsJson = False) -> None:
    """Check configuration, secrets and ledger, and that Clay's host answers; spends no row."""
    setup = read_setup(os.environ)
    checks: dict[str, Callable[[], str]] = {
        "configuration": lambda: _describe_config(setup),
        "prices": lambda: _describe_prices(setup),
        "secrets": lambda: _describe_secrets(setup),
        "ledger": lambda: _try_ledger(setup),
        "destination": lambda: _try_hosts(setup),
    }
    if setup.config.suppression:
        checks["suppression"] = lambda: "\n".join(describe_lists(read_lists(setup)))
    if (runs_url := setup.settings.runs_url) is not None:
        checks["run files"] = lambda: _try_runs(runs_url)
    results = [(name, *_run(one)) for name, one in checks.items()]
    if as_json:
        found = [{"check": n, "is_ok": e is None, "said": s} for n, s, e in results]
        print_json(json.dumps(found, indent=2))
    else:
        rows = ((name, "failed" if error else "ok", said) for name, said, error in results)
        print_grid(Grid(("check", "", "result"), tuple(rows)))
    failed = [error for _, _, error in results if error is not None]
    raise typer.Exit(failed[0].exit_code if failed else ExitCode.OK)


def _run(one: Callable[[], str]) -> tuple[str, ClayloadError | None]:
    try:
        return one(), None
    except ClayloadError as error:
        return str(error), error


def _describe_config(setup: Setup) -> str:
    workspace = setup.config.workspace
    return (
        f"{setup.settings.config}: {count(len(setup.config.tables), 'table')}; workspace "
        f"{workspace.name} on {workspace.plan}, {workspace.rate_per_s:g}/s, burst {workspace.burst}"
    )


def _describe_prices(setup: Setup) -> str:
    """Say which catalogue is used, and warn of steps it does not know: they stop no load."""
    path, catalogue = find_catalogue(setup.settings), setup.catalogue
    where = path if path.exists() else "built in"
    file = read_yaml(setup.settings.config)
    flaws = find_unknown_steps(setup.config.tables, catalogue)
    warnings = (problem_of(flaw, file) for flaw in flaws)
    lines = [f"warning: {one.message}. Next: {one.hint}" for one in warnings]
    return "\n".join([f"{where}: as of {catalogue.as_of}", *lines])


def _describe_secrets(setup: Setup) -> str:
    n = len(setup.secrets())
    return f"all {n} slots have their secrets" if n > 1 else "the slot has its secret"


def _try_ledger(setup: Setup) -> str:
    Ledger.open(setup.settings.ledger_url).introduce(setup.config)
    return "can be written"


def _try_runs(runs_url: str) -> str:
    try_place(runs_url)
    return f"{runs_url} can be written and read"


def _try_hosts(setup: Setup) -> str:
    hosts = sorted({_host_of(secret.url) for secret in setup.secrets().values()})
    for host, port in hosts:
        _connect(host, port)
    return ", ".join(f"{host}:{port} answers" for host, port in hosts)


def _host_of(url: SecretStr) -> tuple[str, int]:
    """Take the host out of a secret URL: a host is no secret, the path after it is."""
    parts = urlsplit(url.get_secret_value())
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def _connect(host: str, port: int) -> None:
    """Open a connection and close it: a test POST would be a real row (clay-facts.md §8, 21)."""
    try:
        socket.create_connection((host, port), timeout=_CONNECT_TIMEOUT_S).close()
    except OSError as error:
        raise DestinationDownError(
            Code.DESTINATION_DOWN,
            f"{host}:{port} does not answer: {error.strerror or error}",
            hint="check the network; for the stand-in, start it with `clayload standin`",
        ) from error
