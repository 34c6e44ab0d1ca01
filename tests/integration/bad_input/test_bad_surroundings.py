"""Does a load survive a ledger it may not write, and a disk that is full or fills meanwhile?

What a load makes of a host that is down stands in tests/integration/load/test_load_answers.py: it
is started early there, for it mostly waits.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from support.scenes.hard_places import bound_by_file_modes, fill_disk_of, with_room_for
from support.scenes.load_kit import CYCLE, Workbench, end, ends_of
from support.scenes.load_tables import BenchOptions, make_leads
from support.servers.standin_process import StandIn

LEADS = make_leads("Software", 200) + make_leads("Banking", 100)


@pytest.mark.parametrize("mode_of_folder", [0o755, 0o555])
def test_a_ledger_that_may_not_be_written_stops_the_load_and_is_still_read(
    bench: Workbench, mode_of_folder: int
) -> None:
    bench.load(bench.write_csv(LEADS[:5]))
    extract = bench.write_csv(LEADS)
    (bench.home / "ledger.db").chmod(0o444)
    bench.home.chmod(mode_of_folder)
    bench.launcher = bound_by_file_modes()
    ended = bench.load(extract)
    planned = bench.run("plan", extract, "--cycle", CYCLE, "--json")
    bench.home.chmod(0o755)
    assert (ended.exit_code, ended.is_told) == (12, True)
    what, next_step = ended.error_lines
    assert what.startswith("CLY-LED-01 the ledger ")
    assert "readonly database" in what
    assert next_step.startswith("next: make its file and folder writable")
    assert bench.n_posts() == 5
    assert planned.json["n_to_send"] == 295


def test_a_home_that_may_not_be_written_stops_the_load(bench: Workbench) -> None:
    extract = bench.write_csv(LEADS)
    bench.folder.chmod(0o555)
    bench.launcher = bound_by_file_modes()
    ended = bench.load(extract)
    bench.folder.chmod(0o755)
    assert ended.exit_code == 12
    what, next_step = ended.error_lines
    assert what.startswith("CLY-LED-01 ")
    assert "Permission denied" in what
    assert next_step.startswith("next: ")


@pytest.mark.parametrize("n_bytes", [1_000, 150_000])
def test_a_disk_that_is_full_stops_the_load_before_the_first_lead(
    bench: Workbench, n_bytes: int
) -> None:
    extract = bench.write_csv(LEADS)
    bench.launcher = with_room_for(n_bytes)
    ended = bench.load(extract)
    assert (ended.exit_code, ended.is_told) == (12, True)
    what, next_step = ended.error_lines
    assert what.startswith("CLY-LED-03 the ledger ")
    assert next_step == "next: free some disk space and run the same load again: it resumes"
    assert bench.n_posts() == 0
    bench.launcher = ()
    assert ends_of(bench.load(extract).json) == {"delivered": 300}


def test_a_run_folder_without_room_stops_the_load_before_the_first_lead(
    bench: Workbench, tmp_path: Path
) -> None:
    extract = bench.write_csv(LEADS)
    bench.run("check")  # makes the ledger
    (bench.home / "runs").write_text("a file where the folder of the runs should be")
    ended = bench.load(extract)
    assert (ended.exit_code, ended.is_told) == (22, True)
    what, next_step = ended.error_lines
    assert what.startswith(f"CLY-RUN-01 {tmp_path}")
    assert next_step.startswith("next: free some space, or point CLAYLOAD_HOME")
    assert bench.n_posts() == 0


def test_a_disk_that_fills_during_the_load_loses_nothing_and_the_next_load_sends_the_rest(
    standin: StandIn, tmp_path: Path
) -> None:
    bench = Workbench(standin, tmp_path, BenchOptions(rate_per_s=100, burst=40))
    extract = bench.write_csv(LEADS)
    settings = {"CLAYLOAD_REQUEST_TIMEOUT_S": "1", "CLAYLOAD_CHUNK_ROWS": "50"}
    with bench.start("load", extract, "--cycle", CYCLE, **settings) as process:
        bench.wait_for_rows(60)
        fill_disk_of(process.pid)
        ended = end(process)
    assert ended.exit_code == 12
    _run, what, next_step = ended.error_lines
    assert what.startswith("CLY-LED-03 the ledger ")
    assert next_step == "next: free some disk space and run the same load again: it resumes"
    n_open = sum(map(len, bench.keys_in("sending").values()))
    assert 0 < n_open <= 4 * 10  # one grant of each chunk under way

    last = bench.load(extract, **settings)
    ends = ends_of(last.json)
    assert ends.get("pending", 0) == 0
    assert ends.get("in doubt", 0) <= n_open
    rows = list(itertools.chain.from_iterable(bench.delivered().values()))
    delivered = set(itertools.chain.from_iterable(bench.keys_in("delivered").values()))
    in_doubt = {lead["lead_key"] for lead in last.json["in_doubt"]}
    assert len(rows) == len(set(rows))
    assert delivered <= set(rows)
    assert delivered | in_doubt == {lead["email"] for lead in LEADS}
