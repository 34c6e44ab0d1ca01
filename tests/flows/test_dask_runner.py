"""Chunks sent by the processes of a Dask cluster: one ledger keeps the rate and the books."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.task_runners import ThreadPoolTaskRunner
from support.benches.flow_process import FLOW_WITHIN_S, HOUSE, run_flow, start_flow
from support.scenes.load_kit import Workbench, end
from support.scenes.load_tables import TECH, BenchOptions, BenchSlot, BenchTable, make_leads
from support.servers.free_port import find_free_port
from support.servers.standin_process import StandIn

from clayload.errors import Code, ConfigError, ExitCode
from tasks import runners

DASK = {"CLAYLOAD_TASK_RUNNER": "dask", "CLAYLOAD_CHUNK_ROWS": "20"}
MOST_IN_A_GRANT = 25
BUSY_MACHINE = 5
"""How many POSTs over the limit a machine with much else to do may be late with."""


def largest_overshoot(work: Workbench) -> float:
    return float(work.standin.traffic("main")["largest_overshoot"]["attempted"])


def count_by_state(work: Workbench) -> dict[str, int]:
    return dict(work.query("SELECT state, COUNT(*) FROM submissions GROUP BY state"))


def count_senders(work: Workbench) -> int:
    ((n,),) = work.query("SELECT COUNT(DISTINCT sender) FROM submissions")
    return int(n)


@contextmanager
def serve_cluster(work: Workbench) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Serve a scheduler and two workers of two threads; gives its address and one of the two."""
    port = find_free_port()
    address = f"tcp://127.0.0.1:{port}"
    listen = ["--host", "127.0.0.1", "--port", str(port), "--dashboard-address", "127.0.0.1:0"]
    with ExitStack() as parts:
        parts.enter_context(start_dask(work, "scheduler", *listen))
        worker = ("worker", address, "--nthreads", "2", "--no-nanny", "--host", "127.0.0.1")
        first, _ = (parts.enter_context(start_dask(work, *worker)) for _ in range(2))
        yield address, first


@contextmanager
def start_dask(work: Workbench, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        [sys.executable, "-m", "dask", *arguments],
        cwd=HOUSE,
        env={**work.environ, "PREFECT_HOME": str(work.folder / "prefect")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_the_processes_of_a_cluster_send_each_lead_once_and_keep_the_rate(
    standin: StandIn, tmp_path: Path, api: str
) -> None:
    worn = BenchTable("finance", "Banking", (BenchSlot("finance-1", already_used=44_970),))
    options = BenchOptions(tables=(TECH, worn), rate_per_s=60, burst=20)
    work = Workbench(standin, tmp_path, options)
    leads = [*make_leads("Software", 300), *make_leads("Banking", 50)]
    ended = run_flow(work, work.write_csv(leads), PREFECT_API_URL=api, **DASK)
    assert ended.exit_code == 20, ended.stderr
    assert "Next: 20 leads are still owed: add a slot" in ended.stdout
    assert count_by_state(work) == {"delivered": 330, "pending": 20}
    assert work.n_taken() == work.n_rows() == 330
    assert largest_overshoot(work) <= BUSY_MACHINE
    assert count_senders(work) == 2


def test_a_cluster_that_is_stopped_records_what_it_sent_and_the_load_resumes(
    work: Workbench, api: str
) -> None:
    work.standin.faults({"kind": "latency", "latency_s": 0.5})
    extract = work.write_csv(make_leads("Software", 400))
    with start_flow(work, extract, PREFECT_API_URL=api, **DASK) as process:
        # Twenty chunks take Prefect half a second to hand over: the signal comes in the midst.
        work.wait_for_rows(1, FLOW_WITHIN_S)
        process.send_signal(signal.SIGTERM)
        ended = end(process, FLOW_WITHIN_S)
    work.standin.faults()
    assert ended.exit_code == -signal.SIGTERM, ended.stderr
    assert work.keys_in("sending", "in_doubt")["tech"] == []
    assert len(work.keys_in("delivered")["tech"]) == work.n_rows() < 400
    assert run_flow(work, extract, PREFECT_API_URL=api).exit_code == 0
    assert work.n_taken() == work.n_rows() == 400


def test_when_a_process_of_a_cluster_is_killed_the_others_send_its_leads(
    work: Workbench, api: str
) -> None:
    work.standin.faults({"kind": "latency", "latency_s": 0.1})
    extract = work.write_csv(make_leads("Software", 600))
    with serve_cluster(work) as (address, killed):
        chosen = {**DASK, "CLAYLOAD_DASK_ADDRESS": address, "CLAYLOAD_REQUEST_TIMEOUT_S": "5"}
        with start_flow(work, extract, PREFECT_API_URL=api, **chosen) as process:
            work.wait_for_rows(150, FLOW_WITHIN_S)
            killed.kill()
            ended = end(process, FLOW_WITHIN_S)
    assert ended.exit_code in {0, 20, 21}, ended.stderr
    if ended.exit_code == ExitCode.PENDING:
        # It had a grant of which nothing had left: owed again, and the same load sends it.
        run_flow(work, extract, PREFECT_API_URL=api)
    counts = count_by_state(work)
    n_in_doubt = counts.pop("in_doubt", 0)
    assert counts == {"delivered": 600 - n_in_doubt}
    assert n_in_doubt <= 2 * MOST_IN_A_GRANT
    assert count_senders(work) >= 2
    keys = work.delivered()["tech"]
    assert len(keys) == len(set(keys)) == work.n_taken()


def find_nothing(_: str) -> None:
    """Look for a package where none is installed."""


def test_dask_that_is_not_installed_is_refused_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CLAYLOAD_TASK_RUNNER", "dask")
    assert isinstance(runners.chunk_runner(find_nothing), ThreadPoolTaskRunner)
    with pytest.raises(ConfigError, match=r"pip install 'clayload\[dask\]'") as caught:
        runners.check_runner(find_nothing)
    assert caught.value.code is Code.CONFIG_BAD_VALUE


def test_without_a_server_of_its_own_dask_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAYLOAD_TASK_RUNNER", "dask")
    with (
        temporary_settings(restore_defaults={PREFECT_API_URL}),
        pytest.raises(ConfigError, match="prefect server start") as caught,
    ):
        runners.check_runner()
    assert caught.value.code is Code.NO_PREFECT_SERVER
