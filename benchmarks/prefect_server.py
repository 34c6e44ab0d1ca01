"""What does a Prefect server of a benchmark know of a flow run, and how large does it grow?

In:    a folder for its database; the server has the settings that we document.
Out:   `PrefectServer`: the newest run's times and chunks, and the size of the database.
Never: a figure read while the server is still busy with what the run left it to record.
"""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from tasks.server import SERVER_SETTINGS

_START_WITHIN_S = 120.0
_SETTLE_WITHIN_S = 300.0
_LOOK_EVERY_S = 1.0
_STILL_FOR_S = 10.0


@dataclass(frozen=True, slots=True)
class FlowTimes:
    """How long a flow run took, and its delivery within it: from prepared to closing."""

    flow_s: float
    delivery_s: float
    n_chunks: int


@dataclass(frozen=True, slots=True)
class PrefectServer:
    """A running server: its API's address, and where it keeps what it knows."""

    api: str
    home: Path

    def read_newest_run(self) -> FlowTimes:
        """Read the newest flow run, once the server has recorded all of it."""
        asked = {"sort": "START_TIME_DESC", "limit": 1}
        (run,) = self._ask("flow_runs/filter", asked)
        which = {"flow_runs": {"id": {"any_": [run["id"]]}}}
        named = which | {"task_runs": {"name": {"any_": ["prepare", "close"]}}}
        self._settle(which)
        step = {found["name"]: found for found in self._ask("task_runs/filter", named)}
        return FlowTimes(
            flow_s=_seconds(run["start_time"], run["end_time"]),
            delivery_s=_seconds(step["prepare"]["end_time"], step["close"]["start_time"]),
            n_chunks=self._ask("task_runs/count", which) - len(step),
        )

    def database_bytes(self) -> int:
        """Measure the database, with what still stands in its write-ahead log."""
        with closing(sqlite3.connect(f"file:{self.home}/prefect.db?mode=ro", uri=True)) as database:
            sizes = ("page_count", "page_size")
            pages, page_bytes = (database.execute(f"PRAGMA {name}").fetchone()[0] for name in sizes)
        return int(pages * page_bytes)

    def _settle(self, which: dict[str, Any]) -> None:
        """Wait until all tasks have ended for the server too, and its database stands still."""
        ended = which | {"task_runs": {"state": {"type": {"any_": ["COMPLETED"]}}}}
        give_up_at = time.monotonic() + _SETTLE_WITHIN_S
        last, still_since = (0, 0, 0), time.monotonic()
        while time.monotonic() - still_since < _STILL_FOR_S:
            if time.monotonic() > give_up_at:
                sys.exit(f"Prefect's server is not through with a run after {_SETTLE_WITHIN_S} s")
            n, n_ended = (self._ask("task_runs/count", those) for those in (which, ended))
            now = (n, n_ended, self.database_bytes())
            if now != last or n_ended < n:
                last, still_since = now, time.monotonic()
            time.sleep(_LOOK_EVERY_S)

    def _ask(self, path: str, body: dict[str, Any]) -> Any:  # noqa: ANN401 - whatever JSON it is
        answer = httpx.post(f"{self.api}/{path}", json=body, trust_env=False, timeout=60)
        return answer.raise_for_status().json()


def _seconds(begin: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(begin)).total_seconds()


@contextmanager
def start_prefect(home: Path) -> Iterator[PrefectServer]:
    """Start a Prefect server with the settings that we document."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    environ = {**os.environ, **SERVER_SETTINGS, "PREFECT_HOME": str(home)}
    command = [sys.executable, "-m", "prefect", "server", "start", "--port", port]
    with subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL) as server:
        try:
            yield PrefectServer(_wait_for(f"http://127.0.0.1:{port}/api"), home)
        finally:
            server.terminate()


def _wait_for(api: str) -> str:
    give_up_at = time.monotonic() + _START_WITHIN_S
    while time.monotonic() < give_up_at:
        try:
            httpx.get(f"{api}/health", trust_env=False).raise_for_status()
        except httpx.TransportError:
            time.sleep(0.5)
        else:
            return api
    sys.exit("Prefect's server does not start")
