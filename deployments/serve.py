"""`clayload serve`: Prefect with everything of ours in it, on this machine.

In:    the configuration; the webhooks' secrets, or the word to use a stand-in of Clay.
Out:   server, work pool and worker, limits, deployments, automations, the run reports; until
       Ctrl-C or SIGTERM, which stops all of it, the worker first.
Never: an address that other machines reach, and never a word to anybody outside.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import httpx
import typer

from clayload.cli.local_clay import running_clay
from clayload.cli.say import out
from clayload.errors import Code, ConfigError
from clayload.loading.setup import read_setup
from deployments.deploy import POOL
from deployments.reports import serving_reports

_START_TIMEOUT_S, _STOP_TIMEOUT_S, _LOOK_EVERY_S = 120.0, 20.0, 0.5
_HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class _Part:
    """A process of ours, and where it writes what it says."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path


def serve(
    port: Annotated[int, typer.Option(help="Port of Prefect's server on 127.0.0.1.")] = 4200,
    reports_port: Annotated[int, typer.Option(help="Port of the run reports; 0: a free one.")] = 0,
    *,
    standin: Annotated[
        bool, typer.Option("--standin", help="Send leads to a local stand-in, not to Clay.")
    ] = False,
) -> None:
    """Run Prefect with its UI, all deployments and a worker on this machine, until Ctrl-C."""
    settings = read_setup(os.environ).settings
    home = (settings.home / "ui" if standin else settings.home).absolute()
    home.mkdir(parents=True, exist_ok=True)
    api = f"http://{_HOST}:{port}/api"
    with ExitStack() as parts:
        environ = {**os.environ, "CLAYLOAD_HOME": str(home), **_prefect_settings(home, api)}
        if standin:
            clay = parts.enter_context(running_clay(settings.config, home))
            environ |= clay.environ
        reports = parts.enter_context(serving_reports(home / "runs", reports_port))
        environ["CLAYLOAD_REPORTS_URL"] = reports
        server = parts.enter_context(_running("server", _server_command(port), environ, home))
        _wait_for(server, f"{api}/health", lambda answer: answer.is_success)
        _deploy(environ)
        worker = parts.enter_context(_running("worker", _worker_command(), environ, home))
        _wait_for(worker, f"{api}/work_pools/{POOL}", _has_worker)
        out.print(f"Prefect     http://{_HOST}:{port}/deployments")
        out.print(f"run reports {reports}")
        out.print(f"stand-in    {clay.url}: leads go there, not to Clay" if standin else "")
        out.print(f"logs        {home / 'logs'}\nCtrl-C stops all of it")
        _watch((server, worker))


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
    return ["prefect", "server", "start", "--host", _HOST, "--port", str(port)]


def _worker_command() -> list[str]:
    return ["prefect", "worker", "start", "--pool", POOL, "--name", "clayload-serve"]


@contextmanager
def _running(
    name: str, module: Sequence[str], environ: Mapping[str, str], home: Path
) -> Iterator[_Part]:
    """Run a Python module in a session of its own: Ctrl-C is for us to hand on."""
    log = home / "logs" / f"{name}.log"
    log.parent.mkdir(exist_ok=True)
    with log.open("wb") as said:
        process = subprocess.Popen(  # noqa: S603 - Prefect's own commands
            [sys.executable, "-m", *module],
            env=dict(environ),
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield _Part(name, process, log)
        finally:
            _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End a process as its own Ctrl-C would, and after a while whatever is left of its session."""
    process.terminate()
    try:
        process.wait(_STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait_for(part: _Part, url: str, is_there: Callable[[httpx.Response], bool]) -> None:
    give_up_at = time.monotonic() + _START_TIMEOUT_S
    with httpx.Client(trust_env=False) as http:
        while time.monotonic() < give_up_at and part.process.poll() is None:
            with suppress(httpx.TransportError):
                if is_there(http.get(url)):
                    return
            time.sleep(_LOOK_EVERY_S)
    raise _refuse(part, "did not start")


def _has_worker(answer: httpx.Response) -> bool:
    return bool(answer.raise_for_status().json()["status"] == "READY")


def _deploy(environ: Mapping[str, str]) -> None:
    # In a process of its own: Prefect read its settings when this one began.
    done = subprocess.run(
        [sys.executable, "-m", "clayload", "deploy"], env=dict(environ), check=False
    )
    if done.returncode:
        raise typer.Exit(done.returncode)


def _watch(parts: Sequence[_Part]) -> None:
    while True:
        for part in parts:
            if part.process.poll() is not None:
                raise _refuse(part, f"ended by itself with {part.process.returncode}")
        time.sleep(_LOOK_EVERY_S)


def _refuse(part: _Part, what: str) -> ConfigError:
    return ConfigError(
        Code.NO_PREFECT_SERVER,
        f"Prefect's {part.name} {what}",
        hint=f"see {part.log}; is the port taken by another server? Choose one with --port",
    )
