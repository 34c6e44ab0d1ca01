"""How does a test get all of `clayload serve`, and ask Prefect for runs as its UI does?

In:    a workbench: configuration, secrets, a stand-in.
Out:   `Served`: Prefect's server, its deployments and a worker, in processes of their own.
Never: a flow run in the test's process.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx
import psutil

from support.scenes.load_kit import Workbench
from support.servers.free_port import find_free_port

READY = "Ctrl-C stops all of it"
START_WITHIN_S = 300
STOP_WITHIN_S = 120
PATIENCE_S = 240
"""Two schedulers of Prefect, each once a minute, on a machine with much else to do."""
_LOOK_EVERY_S = 0.3
_TRIES = 10
_FINAL = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}

_Found = TypeVar("_Found")
Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Served:
    """A running `clayload serve`."""

    work: Workbench
    process: subprocess.Popen[str]
    url: str
    said: list[str]

    def call(self, method: str, path: str, asked: object = None) -> Any:  # noqa: ANN401 - JSON
        """Ask Prefect's API; raises `httpx.HTTPStatusError` when it refuses.

        A server whose database is busy says so with 503, and is asked again, as its UI does.
        """
        url = f"{self.url}/api{path}"
        for _ in range(_TRIES):
            answer = httpx.request(method, url, json=asked, trust_env=False, timeout=30)
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                break
            time.sleep(1)
        return answer.raise_for_status().json() if answer.content else None

    def deployment(self, name: str) -> Document:
        """Read a deployment by its name alone."""
        asked = {"deployments": {"name": {"any_": [name]}}}
        (found,) = self.call("POST", "/deployments/filter", asked)
        return dict(found)

    def run(self, name: str, parameters: Mapping[str, object]) -> str:
        """Start a run of a deployment, as the UI's form does; give its id."""
        path = f"/deployments/{self.deployment(name)['id']}/create_flow_run"
        return str(self.call("POST", path, {"parameters": parameters})["id"])

    def flow_run(self, flow_run_id: str) -> Document:
        """Read a flow run."""
        return dict(self.call("GET", f"/flow_runs/{flow_run_id}"))

    def runs_of(self, name: str) -> list[Document]:
        """List the runs of a deployment, those that began first first."""
        asked = {"deployments": {"name": {"any_": [name]}}, "sort": "START_TIME_ASC"}
        return list(self.call("POST", "/flow_runs/filter", asked))

    def wait_for_end(self, flow_run_id: str) -> Document:
        """Wait until a flow run stands in a final state."""

        def find() -> Document | None:
            found = self.flow_run(flow_run_id)
            return found if is_final(found) else None

        return self.wait_for(find, f"the end of {flow_run_id}")

    def wait_for_second_end(self, flow_run_id: str, within_s: float = PATIENCE_S) -> Document:
        """Wait until a lost flow run was found, started again, and has ended.

        In between it stands as Crashed: one automation says so, another then starts it again.
        """

        def find() -> Document | None:
            found = self.flow_run(flow_run_id)
            return found if found["run_count"] > 1 and is_final(found) else None

        return self.wait_for(find, f"the second end of {flow_run_id}", within_s)

    def wait_for(
        self, find: Callable[[], _Found | None], what: str, within_s: float = PATIENCE_S
    ) -> _Found:
        """Ask again and again until there is an answer."""
        give_up_at = time.monotonic() + within_s
        while not (found := find()):
            if time.monotonic() > give_up_at:
                message = f"no {what} within {within_s} s"
                raise TimeoutError(message)
            time.sleep(_LOOK_EVERY_S)
        return found

    def wait_for_rows_in(self, table: str, n: int) -> None:
        """Wait until a table of the stand-in holds `n` rows."""
        self.wait_for(lambda: self.work.standin.row_count(table) >= n, f"{n} rows in {table}")

    def workers_of(self, pool: str) -> set[str]:
        """Name the workers that poll a pool."""
        found = self.call("POST", f"/work_pools/{pool}/workers/filter", {})
        return {worker["name"] for worker in found if worker["status"] == "ONLINE"}


def is_final(flow_run: Document) -> bool:
    """Whether a flow run stands in a state that Prefect itself does not leave."""
    return flow_run["state_type"] in _FINAL


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker of ours, and what it has started."""

    name: str
    process: subprocess.Popen[bytes]

    def is_running(self, flow_run: Document) -> bool:
        """Whether a flow run's process was started by this worker."""
        pid = str(flow_run["infrastructure_pid"]).rpartition(":")[2]
        return pid.isdigit() and int(pid) in find_descendants(self.process.pid)

    def kill(self) -> None:
        """End the worker and its flow runs without notice, as a machine that goes away does."""
        for pid in (self.process.pid, *find_descendants(self.process.pid)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()


def find_descendants(pid: int) -> list[int]:
    """Find the processes that a process has started, and those that these have."""
    try:
        return [child.pid for child in psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def is_alive(pid: int) -> bool:
    """Whether there is such a process, and it has not ended."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@contextmanager
def moved_to(served: Served, pool: str, *names: str) -> Iterator[None]:
    """Have deployments run by the workers of another pool, for as long as the block lasts."""
    served.call("POST", "/work_pools/", {"name": pool, "type": "process"})
    found = [(served.deployment(name)["id"], served.deployment(name)) for name in names]
    for deployment_id, _ in found:
        served.call("PATCH", f"/deployments/{deployment_id}", {"work_pool_name": pool})
    try:
        yield
    finally:
        for deployment_id, before in found:
            back = {"work_pool_name": before["work_pool_name"]}
            served.call("PATCH", f"/deployments/{deployment_id}", back)


@contextmanager
def start_worker(served: Served, name: str, pool: str, limit: int) -> Iterator[Worker]:
    """Start a worker that runs at most `limit` flow runs, and wait until the server knows it."""
    command = ["worker", "--pool", pool, "--name", name, "--limit", str(limit)]
    environ = served.work.environ | {
        "PREFECT_API_URL": f"{served.url}/api",
        "PREFECT_HOME": str(served.work.folder / name),
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
    }
    log = (served.work.folder / f"{name}.log").open("wb")
    worker = Worker(
        name,
        subprocess.Popen(
            [sys.executable, "-m", "clayload", *command],
            cwd=served.work.folder,
            env=environ,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ),
    )
    try:
        served.wait_for(lambda: name in served.workers_of(pool), f"worker {name}")
        yield worker
    finally:
        worker.kill()
        log.close()


@contextmanager
def start_served(work: Workbench, **environ: str) -> Iterator[Served]:
    """Start `clayload serve` on a free port, and wait until it says that all is there."""
    port = str(find_free_port())
    ports = ("--port", port, "--reports-port", str(find_free_port()))
    with work.start("serve", *ports, **environ) as process:
        said: list[str] = []
        served = Served(work, process, f"http://127.0.0.1:{port}", said)
        reader = threading.Thread(target=_read_lines, args=(process, said), daemon=True)
        reader.start()
        try:
            served.wait_for(lambda: _is_ready(process, said), READY, START_WITHIN_S)
            yield served
        finally:
            process.terminate()
            process.wait(STOP_WITHIN_S)
            reader.join()


def _read_lines(process: subprocess.Popen[str], said: list[str]) -> None:
    assert process.stdout is not None
    said.extend(line.rstrip("\n") for line in iter(process.stdout.readline, ""))


def _is_ready(process: subprocess.Popen[str], said: list[str]) -> bool | None:
    if process.poll() is not None:
        assert process.stderr is not None
        message = "\n".join([*said, process.stderr.read()])
        raise RuntimeError(message)
    return True if READY in said else None
