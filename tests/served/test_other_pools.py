"""Pools that start a container for each flow run, in another folder, and pools that are not there.

A container's part is played by a process that gets what the container would get.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.benches.served_kit import STOP_WITHIN_S, Served
from support.scenes.load_tables import make_leads

from clayload.errors import ExitCode

POOL = "containers"
CYCLE = "2026-07"
N_LEADS = 1_000


@pytest.fixture
def app(served: Served) -> Iterator[Path]:
    """Deploy to a pool of containers, from a machine of which they see nothing.

    Gives the folder that is the image's.
    """
    folder, laptop = served.work.folder / "app", served.work.folder / "laptop"
    folder.mkdir()
    laptop.mkdir()
    served.call("POST", "/work_pools/", {"name": POOL, "type": "docker"})
    deploy(served, laptop, "--pool", POOL, "--folder", str(folder))
    laptop.rmdir()
    try:
        yield folder
    finally:
        deploy(served, served.work.folder)


def deploy(served: Served, cwd: Path, *options: str) -> None:
    command = [sys.executable, "-m", "clayload", "deploy", *options]
    environ = served.work.environ | {"PREFECT_API_URL": f"{served.url}/api"}
    subprocess.run(command, cwd=cwd, env=environ, check=True)


@contextmanager
def container(served: Served, flow_run_id: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Start what Prefect starts in a container, where the image has its files."""
    environ = served.work.environ | {
        "PREFECT_API_URL": f"{served.url}/api",
        "PREFECT_HOME": str(served.work.folder / "container"),
        "PREFECT__FLOW_RUN_ID": flow_run_id,
        "PREFECT_FLOW_RUN_EXECUTE_SIGTERM_BEHAVIOR": "reschedule",
    }
    with subprocess.Popen(
        [sys.executable, "-m", "prefect", "flow-run", "execute"], cwd=folder, env=environ
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_a_container_runs_the_load_and_one_that_is_stopped_leaves_no_lead_in_doubt(
    served: Served, app: Path
) -> None:
    work = served.work
    work.write_csv(make_leads("Banking", N_LEADS, 90_000), "app/contained.csv")
    n_before = work.standin.row_count("finance")
    load = served.run("manual-load", {"load": {"files": ["contained.csv"], "cycle": CYCLE}})
    with container(served, load, app) as stopped:
        served.wait_for_rows_in("finance", n_before + 200)
        stopped.send_signal(signal.SIGTERM)
        stopped.wait(STOP_WITHIN_S)
    assert served.flow_run(load)["state"]["name"] == "AwaitingRetry"
    assert set(work.states_of(CYCLE)) == {"delivered", "pending"}
    with container(served, load, app):
        ended = served.wait_for_end(load)
    assert ended["state_type"] == "COMPLETED"
    assert work.states_of(CYCLE) == {"delivered": N_LEADS}
    assert [file.name for file in app.iterdir()] == ["contained.csv"]  # nothing was copied there


def test_a_pool_that_is_not_there_is_refused_and_not_made(served: Served) -> None:
    api = f"{served.url}/api"
    refused = served.work.run("deploy", "--pool", "elsewhere", PREFECT_API_URL=api)
    assert refused.exit_code == ExitCode.CONFIG
    assert refused.error_lines[0] == "CLY-PRE-02 there is no work pool 'elsewhere'"
    assert "prefect work-pool create elsewhere --type" in refused.error_lines[1]
    names = {pool["name"] for pool in served.call("POST", "/work_pools/filter", {})}
    assert "elsewhere" not in names
