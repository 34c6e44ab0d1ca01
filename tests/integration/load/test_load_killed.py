"""What does a load that was killed at any moment leave, and does the next one put it right?"""

from __future__ import annotations

import itertools
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from support.scenes.load_kit import CYCLE, Workbench, end, ends_of, kill
from support.scenes.load_tables import BenchOptions, make_leads
from support.servers.standin_process import StandIn

from clayload.loading.close import close_run
from clayload.model import Outcome
from clayload.setup import read_setup

LEADS = make_leads("Software", 350) + make_leads("Banking", 150)
EMAILS = sorted(lead["email"] for lead in LEADS)
CHUNKS_AT_ONCE, GRANT = 4, 10
SETTINGS = {"CLAYLOAD_CHUNK_ROWS": "30", "CLAYLOAD_REQUEST_TIMEOUT_S": "1"}


def _kill_after(bench: Workbench, extract: Path, n_rows: int) -> None:
    """Kill a load when it has brought the stand-in `n_rows` rows more."""
    n_before = bench.n_rows()
    with bench.start("load", extract, "--cycle", CYCLE, **SETTINGS) as process:
        bench.wait_for_rows(n_before + n_rows)
        kill(process)


def _n_open(bench: Workbench) -> int:
    """Count the leads whose answer nobody knows; in doubt, once it cannot come any more."""
    sql = "SELECT COUNT(*) FROM submissions WHERE state IN ('sending', 'in_doubt')"
    ((n_open,),) = bench.query_left_behind(sql)
    return int(n_open)


def test_a_load_killed_at_five_moments_loses_nothing_doubles_nothing_and_lists_its_doubts(
    standin: StandIn, tmp_path: Path
) -> None:
    bench = Workbench(standin, tmp_path, BenchOptions(rate_per_s=200, burst=40))
    extract = bench.write_csv(LEADS)
    n_open = [0]
    for n_rows in (1, 10, 33, 46, 57):
        _kill_after(bench, extract, n_rows)
        n_open.append(_n_open(bench))
    left_by_each_kill = [after - before for before, after in itertools.pairwise(n_open)]
    assert max(left_by_each_kill) <= CHUNKS_AT_ONCE * GRANT
    assert n_open[-1] > 0, "no kill fell between send and record: the test proves nothing"

    last = bench.load(extract, **SETTINGS)
    rows = list(itertools.chain.from_iterable(bench.delivered().values()))
    delivered = list(itertools.chain.from_iterable(bench.keys_in("delivered").values()))
    in_doubt = list(itertools.chain.from_iterable(bench.keys_in("in_doubt").values()))
    assert len(rows) == len(set(rows))  # none doubled
    assert sorted(delivered + in_doubt) == EMAILS  # none lost
    assert set(delivered) <= set(rows) <= set(EMAILS)
    assert len(in_doubt) <= n_open[-1]
    assert sorted(lead["lead_key"] for lead in last.json["in_doubt"]) == sorted(in_doubt)
    assert ends_of(last.json)["in doubt"] == len(in_doubt)
    assert last.exit_code == 21
    # What each process put on the wire was noted: nobody waits for answers that cannot come.
    assert "waiting up to" not in last.stderr

    n_posts = bench.n_posts()
    again = bench.load(extract, **SETTINGS)
    assert (again.exit_code, bench.n_posts()) == (21, n_posts)  # doubts are not sent again


def test_who_only_looks_after_a_kill_sees_the_doubts_that_the_next_load_finds(
    standin: StandIn, tmp_path: Path
) -> None:
    bench = Workbench(standin, tmp_path, BenchOptions(rate_per_s=200, burst=40))
    extract = bench.write_csv(LEADS)
    standin.faults({"kind": "latency", "latency_s": 0.1, "when": "after"})
    _kill_after(bench, extract, 60)
    standin.faults()
    sending = "SELECT lead_key FROM submissions WHERE state = 'sending' ORDER BY lead_key"
    as_left = bench.query_left_behind(sending)

    seen = bench.run("status", "--json").json
    in_doubt = sorted(lead["lead_key"] for lead in seen["in_doubt"])
    assert 0 < len(in_doubt) == seen["ends"]["in doubt"]
    replay = bench.run("replay", seen["run_id"], "--in-doubt", "--dry-run", "--json").json
    assert replay["n_to_send"] == len(in_doubt)
    story = bench.run("trace", in_doubt[0], "--json").json
    assert story["statuses"][0]["state"] == "in_doubt"
    assert "--in-doubt" in story["next_steps"][0]
    rehearsal = bench.load(extract, "--dry-run").json
    assert bench.query_left_behind(sending) == as_left

    last = bench.load(extract).json
    assert sorted(lead["lead_key"] for lead in last["in_doubt"]) == in_doubt
    assert ends_of(last)["delivered"] == rehearsal["n_to_send"]


def test_a_load_killed_before_its_first_lead_is_only_begun_anew(bench: Workbench) -> None:
    extract = bench.write_csv(LEADS)
    bench.run("pause", "main")
    with bench.start("load", extract, "--cycle", CYCLE) as process:
        while not any(bench.home.glob("runs/*/*")):
            time.sleep(0.001)
        kill(process)
    bench.run("unpause", "main")
    assert bench.n_posts() == 0
    assert ends_of(bench.load(extract).json) == {"delivered": 500}
    assert bench.n_rows() == bench.n_taken() == 500


def test_a_terminated_load_records_what_it_sent_and_the_next_sends_the_rest(
    standin: StandIn, tmp_path: Path
) -> None:
    bench = Workbench(standin, tmp_path, BenchOptions(rate_per_s=300, burst=100))
    extract = bench.write_csv(LEADS)
    with bench.start("load", extract, "--cycle", CYCLE) as process:
        bench.wait_for_rows(100)
        process.terminate()
        ended = end(process)
    assert ended.exit_code == 143
    assert "the same command sends the rest" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert sum(map(len, bench.keys_in("delivered").values())) == bench.n_rows() < 500
    assert _n_open(bench) == 0
    assert bench.load(extract).exit_code == 0
    assert bench.n_rows() == bench.n_taken() == 500


def test_a_load_killed_while_it_writes_down_what_is_owed_has_books_that_balance(
    standin: StandIn, tmp_path: Path
) -> None:
    bench = Workbench(standin, tmp_path, BenchOptions(rate_per_s=1_000, burst=200))
    leads = make_leads("Software", 600)
    extract = bench.write_csv(leads)
    bench.load(extract, "--limit", "1")
    with bench.start("load", extract, "--cycle", CYCLE, CLAYLOAD_CHUNK_ROWS="1") as process:
        while bench.query("SELECT COUNT(*) FROM chunks") < [(5,)]:
            time.sleep(0.01)
        kill(process)
    ((n_written,),) = bench.query_left_behind("SELECT COUNT(*) FROM chunk_leads")
    assert n_written < len(leads), "the kill came too late: the test proves nothing"

    left = bench.run("status", "--json").json
    assert (left["outcome"], left["n_unaccounted"]) == ("pending", 0)
    assert left["n_unwritten"] == len(leads) - (n_written - 1)
    # Nobody can tell from outside that it died: silence tells, after a minute.
    assert left["next_step"].startswith("nothing: the run goes on by itself")
    assert bench.load(extract).exit_code == 0
    assert bench.n_rows() == len(leads)


def test_a_run_that_ends_with_a_row_that_nobody_can_place_is_unbalanced(bench: Workbench) -> None:
    run_id = bench.load(bench.write_csv(make_leads("Software", 3))).json["run_id"]
    with closing(sqlite3.connect(bench.home / "ledger.db")) as ledger, ledger:
        ledger.execute("DELETE FROM chunk_leads WHERE row_number = 1")
        ledger.execute("UPDATE runs SET finished_at = NULL")
    setup = read_setup(bench.environ)
    assert close_run(run_id, setup).outcome is Outcome.UNBALANCED
    setup.ledger.close()
