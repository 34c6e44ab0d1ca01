"""Where are our programs' imports done once, so that a start costs a fork and no second?

In:    the number of a socket, as the argument. For each start it brings four descriptors: of a
       connection, and of the program's standard input, output and error. The connection says as
       JSON which module to run, with which arguments, in which folder and environment.
Out:   a process that does what `python -m` does; the connection tells its pid, then its exit code.
Never: anything before the fork but imports, and none of what looks at the environment while it is
       imported: `clayload.cli` asks how wide the terminal is, so each process imports it itself.
"""

from __future__ import annotations

import gc
import json
import os
import runpy
import socket
import struct
import sys
import time
from contextlib import suppress
from importlib import import_module
from typing import Any

WARM = (
    "alembic.command",
    "anyio._backends._asyncio",
    "clayload.monitoring.doctor",
    "clayload.capacity.load_plan",
    "clayload.report.plans.month",
    "clayload.loading.report_page",
    "clayload.loading.planning.plan",
    "clayload.report.plans.load_plan",
    "clayload.loading.followups.replay",
    "clayload.loading.followups.resubmit",
    "clayload.loading.run",
    "clayload.report.simulated_month",
    "clayload.monitoring.slots",
    "clayload.monitoring.trace",
    "clayload.report.quarantine",
    "clayload.standin.server",
    "pandera.backends.polars.builtin_checks",
    "psycopg",
    "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.dialects.sqlite",
    "typer",
)
N_FILES = 4
NUMBER = struct.Struct("i")


def main() -> None:
    """Fork for each start, until the tests are over: then the socket is at its end."""
    for name in WARM:
        import_module(name)
    # Else each program visits all of this once more as it ends, and copies the pages it lies on:
    # nine tenths of what a short command costs.
    gc.collect()
    gc.freeze()
    # Polars has threads of its own by now, which tidy memory up; a fork does without them.
    with socket.socket(fileno=int(sys.argv[1])) as starts:
        while files := _hear(starts):
            if os.fork() == 0:
                starts.close()
                _attend(*files)
                return
            for file in files:
                os.close(file)
            _forget_ended()


def _hear(starts: socket.socket) -> list[int]:
    _, files, _, _ = socket.recv_fds(starts, 1, N_FILES)
    return files


def _forget_ended() -> None:
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass


def _attend(connection_no: int, *standard: int) -> None:
    """Start the program and tell of its end; comes back in the program's own process alone."""
    connection = socket.socket(fileno=connection_no)
    with connection.makefile() as lines:
        asked = json.loads(lines.readline())
    pid = os.fork()
    if pid == 0:
        connection.close()
        _become(asked, standard)
        return
    for file in standard:
        os.close(file)
    # Whoever asked may be gone.
    with suppress(BrokenPipeError):
        connection.sendall(NUMBER.pack(pid))
        _, status = os.waitpid(pid, 0)
        connection.sendall(NUMBER.pack(os.waitstatus_to_exitcode(status)))
    os._exit(0)


def _become(asked: dict[str, Any], standard: tuple[int, ...]) -> None:
    for number, file in enumerate(standard):
        os.dup2(file, number)
        os.close(file)
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["env"])
    time.tzset()
    more = asked["env"].get("PYTHONPATH", "")
    sys.path[:1] = [asked["cwd"], *filter(None, more.split(os.pathsep))]
    module, *sys.argv[1:] = asked["command"]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
