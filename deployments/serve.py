"""`clayload serve`: Prefect with everything of ours in it, on this machine.

In:    the configuration; the webhooks' secrets, or `--standin` to send to a stand-in of Clay.
Out:   server, work pool and worker, limits, deployments, automations, the run reports; until
       Ctrl-C, SIGTERM or the end of the terminal, which stops all of it, the worker first.
Never: an address that other machines reach, and never a request to anybody outside.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import httpx
import typer

from clayload.cli.console import out
from clayload.cli.standin.local_clay import running_clay
from clayload.setup import read_setup
from deployments.names import POOL
from deployments.processes import (
    HOST,
    check_port,
    run_service,
    run_to_end,
    wait_for_answer,
    watch_services,
)
from deployments.reports import serve_reports
from deployments.signals import catch_first_signal
from deployments.stop_times import compute_longest_stop_s

_STOP_S = 20.0

Port = Annotated[
    int, typer.Option(min=1, max=65_535, help="Port of Prefect's server on 127.0.0.1.")
]
ReportsPort = Annotated[
    int, typer.Option(min=0, max=65_535, help="Port of the run reports; 0: a free one.")
]


def serve(
    port: Port = 4200,
    reports_port: ReportsPort = 4201,
    *,
    standin: Annotated[
        bool, typer.Option("--standin", help="Send leads to a local stand-in, not to Clay.")
    ] = False,
) -> None:
    """Run Prefect with its UI, all deployments and a worker on this machine, until Ctrl-C."""
    settings = read_setup(os.environ).settings
    home = (settings.home / "ui" if standin else settings.home).absolute()
    home.mkdir(parents=True, exist_ok=True)
    api = f"http://{HOST}:{port}/api"
    check_port(port)
    with catch_first_signal(sys.exit), ExitStack() as parts:
        reports = parts.enter_context(serve_reports(home / "runs", reports_port))
        environ = {**os.environ, "CLAYLOAD_HOME": str(home), **_prefect_settings(home, api)}
        if standin:
            clay = parts.enter_context(running_clay(settings.config, home))
            environ |= clay.environ
        environ["CLAYLOAD_REPORTS_URL"] = reports
        server = parts.enter_context(
            run_service("server", _server_command(port), environ, home, _STOP_S)
        )
        wait_for_answer(server, f"{api}/health", lambda _: True)
        _deploy(environ)
        stop_s = compute_longest_stop_s(settings) + _STOP_S
        worker = parts.enter_context(run_service("worker", _WORKER_COMMAND, environ, home, stop_s))
        wait_for_answer(worker, f"{api}/work_pools/{POOL}", _has_worker)
        out.print(f"Prefect     http://{HOST}:{port}/deployments")
        out.print(f"run reports {reports}")
        out.print(f"stand-in    {clay.url}: leads go there, not to Clay" if standin else "")
        out.print(f"logs        {home / 'logs'}\nCtrl-C stops all of it")
        watch_services((server, worker))


def _prefect_settings(home: Path, api: str) -> dict[str, str]:
    """Give Prefect our settings where a person set none, and this one server."""
    # Prefect takes seconds to import, which `clayload --help` need not wait for.
    from tasks.server import SERVER_SETTINGS  # noqa: PLC0415

    ours = {
        **SERVER_SETTINGS,
        "PREFECT_HOME": str(home / "prefect"),
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    }
    chosen = {name: os.environ.get(name, value) for name, value in ours.items()}
    return {**chosen, "PREFECT_API_URL": api, "PREFECT_SERVER_UI_API_URL": api}


def _server_command(port: int) -> list[str]:
    return ["prefect", "server", "start", "--host", HOST, "--port", str(port)]


_WORKER_COMMAND = ("clayload", "worker", "--pool", POOL, "--name", "clayload-serve")


def _has_worker(answer: httpx.Response) -> bool:
    return bool(answer.json()["status"] == "READY")


def _deploy(environ: Mapping[str, str]) -> None:
    # In a process of its own: Prefect read its settings when this one began.
    if exit_code := run_to_end(("clayload", "deploy"), environ, _STOP_S):
        raise typer.Exit(exit_code)
