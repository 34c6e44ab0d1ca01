"""How does a test run the flow as a person's shell does, on a Prefect server of its own?

In:    a workbench, the flow's arguments, and further variables of its environment.
Out:   the flow's process, or what it left behind; and a server's address.
Never: a process left running: the flow and all it started are killed by their group.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from support.scenes.load_kit import CYCLE, Ended, Workbench, end
from tasks.server import SERVER_SETTINGS

HOUSE = Path(__file__).parents[3]
START_WITHIN_S = 120
FLOW_WITHIN_S = 180


@contextmanager
def start_server(home: Path) -> Iterator[str]:
    """Start `prefect server start` with the settings that we document; gives its API's address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    command = [sys.executable, "-m", "prefect", "server", "start", "--port", port]
    environ = {
        **os.environ,
        **SERVER_SETTINGS,
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_UI_ENABLED": "false",
    }
    with subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL) as server:
        try:
            yield wait_for_server(f"http://127.0.0.1:{port}/api")
        finally:
            server.terminate()


def wait_for_server(api: str) -> str:
    give_up_at = time.monotonic() + START_WITHIN_S
    with httpx.Client(trust_env=False) as http:
        while time.monotonic() < give_up_at:
            try:
                http.get(f"{api}/health").raise_for_status()
            except httpx.TransportError:
                time.sleep(0.2)
            else:
                return api
    message = f"Prefect's server does not answer at {api}"
    raise TimeoutError(message)


@contextmanager
def start_python(
    work: Workbench, *arguments: str | Path, **environ: str
) -> Iterator[subprocess.Popen[str]]:
    """Start Python in a process group of its own; all of it is killed at the end of the block."""
    home = str(work.folder / "prefect")
    with subprocess.Popen(
        [sys.executable, *map(str, arguments)],
        cwd=HOUSE,
        env={**work.environ, "PREFECT_HOME": home, **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            kill_group(process)


@contextmanager
def start_flow(
    work: Workbench, *arguments: str | Path, **environ: str
) -> Iterator[subprocess.Popen[str]]:
    """Start a load's flow, as `start_python`."""
    command = ["-m", "flows.load_leads", *arguments, "--cycle", CYCLE]
    with start_python(work, *command, **environ) as process:
        yield process


def kill_group(process: subprocess.Popen[str]) -> None:
    """Kill the flow and the embedded server it may have started, and nothing else."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def run_flow(work: Workbench, *arguments: str | Path, **environ: str) -> Ended:
    with start_flow(work, *arguments, **environ) as process:
        return end(process, FLOW_WITHIN_S)
