"""How does a test run a flow in a process of its own, and end it as a worker or a person does?

In:    a workbench, and the arguments of `python -m flows.load_leads`, or other Python.
Out:   the process, in a group of its own; what it left behind.
Never: a process that outlives its block.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from load_kit import CYCLE, Ended, Workbench, end

HOUSE = Path(__file__).parents[1]
FLOW_WITHIN_S = 180


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
    """Run a load's flow to its end."""
    with start_flow(work, *arguments, **environ) as process:
        return end(process, FLOW_WITHIN_S)
