"""A worker that a signal ends, while a load is under way."""

from __future__ import annotations

import signal

import pytest
from support.benches.served_kit import (
    STOP_WITHIN_S,
    Served,
    Worker,
    find_descendants,
    is_alive,
    moved_to,
    start_worker,
)
from support.scenes.load_tables import make_leads

from clayload.errors import ExitCode

POOL = "stopped"
CYCLE = "2026-06"
N_LEADS = 1_500


def test_stopped_twice_and_once_more_a_load_leaves_no_lead_in_doubt_and_goes_on_elsewhere(
    served: Served,
) -> None:
    work = served.work
    extract = work.write_csv(make_leads("Banking", N_LEADS, 80_000), "stopped.csv")
    n_before = work.standin.row_count("finance")
    with moved_to(served, POOL, "manual-load"):
        load = served.run("manual-load", {"load": {"files": [str(extract)], "cycle": CYCLE}})
        with start_worker(served, "closed", POOL, limit=1) as closed:
            served.wait_for_rows_in("finance", n_before + 200)
            assert on_message(closed, signal.SIGHUP, signal.SIGINT) == ExitCode.TERMINATED
        assert set(work.states_of(CYCLE)) == {"delivered", "pending"}
        with start_worker(served, "interrupted", POOL, limit=1) as interrupted:
            served.wait_for_rows_in("finance", n_before + 700)
            assert on_message(interrupted, signal.SIGINT, signal.SIGTERM) == ExitCode.INTERRUPTED
        assert set(work.states_of(CYCLE)) == {"delivered", "pending"}
        with start_worker(served, "goes-on", POOL, limit=1):
            ended = served.wait_for_end(load)
    assert (ended["state_type"], ended["run_count"]) == ("COMPLETED", 3)
    assert work.states_of(CYCLE) == {"delivered": N_LEADS}
    keys = work.standin.rows_by_key("finance")[n_before:]
    assert len(keys) == len(set(keys)) == N_LEADS


def test_a_run_that_had_not_begun_yet_goes_to_the_next_worker(served: Served) -> None:
    extract = served.work.write_csv(make_leads("Banking", 20, 85_000), "early.csv")
    order = {"load": {"files": [str(extract)], "cycle": "2026-05"}}
    with moved_to(served, "early", "manual-load"):
        load = served.run("manual-load", order)
        with start_worker(served, "ends-early", "early", limit=1) as worker:
            served.wait_for(lambda: served.flow_run(load)["state_type"] == "PENDING", "a start")
            assert on_message(worker, signal.SIGTERM, signal.SIGTERM) == ExitCode.TERMINATED
        assert served.flow_run(load)["state"]["name"] == "AwaitingRetry"
        with start_worker(served, "takes-it", "early", limit=1):
            ended = served.wait_for_end(load)
    assert ended["state"]["message"] == "complete: 20 delivered"


def on_message(worker: Worker, first: signal.Signals, second: signal.Signals) -> int:
    """Send two signals, one after the other; give the exit code once nothing is left."""
    started = find_descendants(worker.process.pid)
    worker.process.send_signal(first)
    worker.process.send_signal(second)
    exit_code = worker.process.wait(STOP_WITHIN_S)
    assert [pid for pid in started if is_alive(pid)] == []
    return exit_code


@pytest.mark.parametrize(
    ("pool", "what"),
    [
        ("nowhere", "there is no work pool 'nowhere'"),
        ("boxes", "the work pool 'boxes' starts its flow runs elsewhere"),
    ],
)
def test_a_pool_whose_runs_it_cannot_have_is_refused(served: Served, pool: str, what: str) -> None:
    if pool == "boxes":
        served.call("POST", "/work_pools/", {"name": pool, "type": "docker"})
    api = f"{served.url}/api"
    refused = served.work.run("worker", "--pool", pool, PREFECT_API_URL=api)
    assert refused.exit_code == ExitCode.CONFIG
    assert refused.error_lines[0].startswith(f"CLY-PRE-02 {what}")
    assert refused.error_lines[1].startswith("next: ")
    assert f" {pool}" in refused.error_lines[1]
