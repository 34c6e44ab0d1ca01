"""`python -m flows.load_leads`, on a server of its own, on the embedded one, and cut short."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from support.benches.flow_process import (
    FLOW_WITHIN_S,
    HOUSE,
    START_WITHIN_S,
    kill_group,
    run_flow,
    start_flow,
)
from support.scenes.load_kit import CYCLE, Ended, Workbench, end
from support.scenes.load_tables import FINANCE, BenchOptions, BenchSlot, BenchTable, make_leads

PREFECT_S = 5
"""What Prefect may take of a busy machine to hear of a cancellation, and to tell of the end."""
LEADS = [*make_leads("Software", 30), *make_leads("Banking", 20)]


def read_runs(api: str) -> list[dict[str, object]]:
    """Read the server's flow runs, the newest first."""
    asked = {"sort": "START_TIME_DESC"}
    answer = httpx.post(f"{api}/flow_runs/filter", json=asked, trust_env=False)
    runs: list[dict[str, object]] = answer.raise_for_status().json()
    return runs


def read_artifact_keys(api: str, flow_run_id: object) -> set[str]:
    asked = {"artifacts": {"flow_run_id": {"any_": [flow_run_id]}}}
    answer = httpx.post(f"{api}/artifacts/filter", json=asked, trust_env=False)
    return {artifact["key"] for artifact in answer.raise_for_status().json()}


def read_log(api: str, flow_run_id: object, logger: str) -> list[str]:
    asked = {"logs": {"flow_run_id": {"any_": [flow_run_id]}}, "sort": "TIMESTAMP_ASC"}
    answer = httpx.post(f"{api}/logs/filter", json=asked, trust_env=False)
    lines = answer.raise_for_status().json()
    return [line["message"] for line in lines if line["name"].startswith(logger)]


def read_error(ended: Ended) -> str:
    """Read the one line that says what is wrong; the next says what to do."""
    lines = ended.error_lines
    (place,) = (place for place, line in enumerate(lines) if line.startswith("CLY-"))
    assert lines[place + 1].startswith("next: ")
    return lines[place]


def test_on_a_server_of_its_own_the_run_and_its_artifacts_stay(work: Workbench, api: str) -> None:
    ended = run_flow(work, work.write_csv(LEADS), PREFECT_API_URL=api)
    assert (ended.exit_code, ended.stdout) == (0, "complete: 50 delivered\n"), ended.stderr
    run = read_runs(api)[0]
    assert (run["name"], run["state_name"]) == ("load 2026-11 · leads.csv", "Completed")
    keys = {"run-report", "table-tech", "table-finance", "webhook-slots", "load-progress"}
    assert read_artifact_keys(api, run["id"]) == keys


def test_the_cores_log_is_among_the_runs_where_prefect_is_asked_for_it(
    work: Workbench, api: str
) -> None:
    log = {"PREFECT_LOGGING_EXTRA_LOGGERS": "clayload", "PREFECT_LOGGING_ROOT_LEVEL": "INFO"}
    ended = run_flow(work, work.write_csv(LEADS), PREFECT_API_URL=api, **log)
    assert ended.exit_code == 0, ended.stderr
    started, *chunks, closed = read_log(api, read_runs(api)[0]["id"], "clayload.loading")
    assert started.startswith("load started: run ")
    assert len([line for line in chunks if line.startswith("chunk delivered: ")]) == 2
    assert closed.startswith("run closed: ")
    assert not [secret for secret in work.secrets if secret in ended.stderr]
    assert "without a flow run id" not in ended.stderr


def test_with_nothing_configured_the_embedded_server_serves(work: Workbench) -> None:
    ended = run_flow(work, work.write_csv(LEADS))
    assert (ended.exit_code, ended.stdout) == (0, "complete: 50 delivered\n"), ended.stderr
    assert "Starting temporary server" in ended.stderr
    assert work.n_rows() == 50


def test_after_a_kill_the_next_load_does_not_wait_for_the_dead_ones_places(
    work: Workbench,
) -> None:
    work.standin.faults({"kind": "latency", "latency_s": 0.5})
    extract = work.write_csv(LEADS)
    with start_flow(work, extract, CLAYLOAD_CHUNK_ROWS="10") as process:
        work.wait_for_rows(1, FLOW_WITHIN_S)
        kill_group(process)
        process.wait()
    work.standin.faults()
    again = run_flow(work, extract, CLAYLOAD_REQUEST_TIMEOUT_S="5")
    assert again.exit_code in {0, 21}, again.stderr
    assert work.keys_in("pending", "sending") == {"tech": [], "finance": []}


def test_pending_leads_end_with_20_and_the_next_step(work: Workbench, api: str) -> None:
    worn = BenchTable("tech", "Software", (BenchSlot("tech-1", already_used=44_990),))
    work.reconfigure(BenchOptions(tables=(worn, FINANCE)))
    ended = run_flow(work, work.write_csv(LEADS), PREFECT_API_URL=api)
    assert ended.exit_code == 20
    assert "Next: 20 leads are still owed: add a slot" in ended.stdout
    assert read_runs(api)[0]["state_name"] == "LeadsPending"


def test_leads_in_doubt_end_with_21(work: Workbench, api: str) -> None:
    work.standin.faults({"kind": "reset_after_store", "count": 1})
    assert run_flow(work, work.write_csv(LEADS), PREFECT_API_URL=api).exit_code == 21


def test_an_unreadable_extract_ends_with_11_and_one_line(work: Workbench, api: str) -> None:
    ended = run_flow(work, "no-such-file.csv", PREFECT_API_URL=api)
    assert (ended.exit_code, ended.stdout) == (11, "")
    assert read_error(ended).startswith("CLY-EXT-01 ")


@pytest.mark.parametrize(
    ("environ", "code", "exit_code"),
    [
        ({"CLAYLOAD_CHUNKS_AT_ONCE": "many"}, "CLY-CFG-03", 10),
        ({"CLAYLOAD_LEDGER_URL": "sqlite:////proc/no/ledger.db"}, "CLY-LED-01", 12),
    ],
)
def test_a_wrong_setting_ends_with_its_code(
    work: Workbench, api: str, environ: dict[str, str], code: str, exit_code: int
) -> None:
    ended = run_flow(work, work.write_csv(LEADS), PREFECT_API_URL=api, **environ)
    assert ended.exit_code == exit_code
    assert read_error(ended).startswith(f"{code} ")


@pytest.mark.parametrize(
    ("sign", "exit_code"),
    # A process that ends by SIGTERM is -15 here, in a shell as 143.
    [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)],
    ids=["int", "term"],
)
def test_a_load_that_is_stopped_records_what_it_sent_and_resumes(
    work: Workbench, api: str, sign: signal.Signals, exit_code: int
) -> None:
    work.standin.faults({"kind": "latency", "latency_s": 0.5})
    extract = work.write_csv(make_leads("Software", 400))
    with start_flow(work, extract, PREFECT_API_URL=api) as process:
        work.wait_for_rows(1, FLOW_WITHIN_S)
        process.send_signal(sign)
        ended = end(process, FLOW_WITHIN_S)
    work.standin.faults()
    assert ended.exit_code == exit_code, ended.stderr
    assert "Traceback" not in ended.stderr
    assert work.keys_in("sending", "in_doubt")["tech"] == []
    assert len(work.keys_in("delivered")["tech"]) == work.n_rows() < 400
    assert run_flow(work, extract, PREFECT_API_URL=api).exit_code == 0
    assert sorted(work.delivered()["tech"]) == work.keys_in("delivered")["tech"]
    assert work.n_rows() == 400


def test_a_load_that_is_cancelled_in_prefect_records_what_it_sent_and_resumes(
    work: Workbench, api: str
) -> None:
    extract = work.write_csv(make_leads("Software", 400))
    work.standin.faults({"kind": "latency", "latency_s": 0.5})
    with serve_flow(work, api):
        run_id = start_from_deployment(api, extract)
        work.wait_for_rows(1, FLOW_WITHIN_S)
        cancelled_at = time.monotonic()
        set_state(api, run_id, "CANCELLING")
        wait_for_state(api, run_id, "CANCELLED")
        took_s = time.monotonic() - cancelled_at
    work.standin.faults()
    assert took_s < 10 + PREFECT_S
    assert work.keys_in("sending", "in_doubt")["tech"] == []
    assert len(work.keys_in("delivered")["tech"]) == work.n_rows() < 400
    assert work.query("SELECT halted_by FROM runs") == [("interrupted",)]
    assert run_flow(work, extract, PREFECT_API_URL=api).exit_code == 0
    assert work.n_rows() == 400


@contextmanager
def serve_flow(work: Workbench, api: str) -> Iterator[None]:
    """Serve the flow as a deployment, as a person's first worker would."""
    command = "from flows.load_leads import load_leads; load_leads.serve('served')"
    environ = {"PREFECT_HOME": str(work.folder / "prefect"), "PREFECT_API_URL": api}
    with subprocess.Popen(
        [sys.executable, "-c", command],
        cwd=HOUSE,
        env={**work.environ, **environ},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as runner:
        try:
            yield
        finally:
            os.killpg(runner.pid, signal.SIGKILL)


def start_from_deployment(api: str, extract: Path) -> str:
    deployment = ask(api, "GET", "deployments/name/load-leads/served")["id"]
    load = {"files": [str(extract)], "cycle": CYCLE}
    asked = {"parameters": {"load": load}}
    return str(ask(api, "POST", f"deployments/{deployment}/create_flow_run", asked)["id"])


def set_state(api: str, run_id: str, state: str) -> None:
    ask(api, "POST", f"flow_runs/{run_id}/set_state", {"state": {"type": state}})


def ask(api: str, verb: str, path: str, body: object = None) -> dict[str, object]:
    """Ask until it is there: a deployment takes a while, and a busy server says 503."""
    give_up_at = time.monotonic() + START_WITHIN_S
    while True:
        answer = httpx.request(verb, f"{api}/{path}", json=body, trust_env=False, timeout=30)
        if answer.status_code not in {404, 503} or time.monotonic() > give_up_at:
            found: dict[str, object] = answer.raise_for_status().json()
            return found
        time.sleep(0.5)


def wait_for_state(api: str, run_id: str, state: str) -> None:
    give_up_at = time.monotonic() + START_WITHIN_S
    while (found := ask(api, "GET", f"flow_runs/{run_id}"))["state_type"] != state:
        if time.monotonic() > give_up_at:
            message = f"the run is {found['state_type']}, not {state}"
            raise TimeoutError(message)
        time.sleep(0.1)
