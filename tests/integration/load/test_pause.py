"""Does a pause stop every process, keep what was in flight, and end as a person says?"""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest
from support.scenes.load_kit import CYCLE, Process, Workbench, end, ends_of, kill
from support.scenes.load_tables import BenchOptions, make_leads
from support.servers.standin_process import StandIn

from clayload.delivery.pace import HORIZON_S, Rate

RATE = Rate(100, 20)
N_LEADS = 250
LOOK_EVERY_S = 0.02


@pytest.fixture
def bench(standin: StandIn, tmp_path: Path) -> Workbench:
    return Workbench(standin, tmp_path, BenchOptions(rate_per_s=RATE.per_s, burst=RATE.burst))


def _wait_until_recorded(bench: Workbench) -> None:
    give_up_at = time.monotonic() + 30
    while bench.query("SELECT COUNT(*) FROM submissions WHERE state = 'sending'") != [(0,)]:
        assert time.monotonic() < give_up_at
        time.sleep(LOOK_EVERY_S)


def test_a_pause_stops_two_loads_within_a_grant_and_both_end_after_it(bench: Workbench) -> None:
    tech = bench.write_csv(make_leads("Software", N_LEADS), "tech.csv")
    finance = bench.write_csv(make_leads("Banking", N_LEADS), "finance.csv")
    with (
        bench.start("load", tech, "--cycle", CYCLE, "--json") as one,
        bench.start("load", finance, "--cycle", CYCLE, "--json") as other,
    ):
        bench.wait_for_rows(60)
        paused = bench.run("pause", "main", "--because", "Clay is being fixed")
        ((paused_at,),) = bench.query("SELECT paused_at FROM workspaces")
        _wait_until_recorded(bench)
        n_posts = bench.n_posts()
        status = bench.run("status")
        as_json = bench.run("status", "--json").json
        time.sleep(1.0)
        assert (one.poll(), other.poll()) == (None, None)
        assert bench.n_posts() == n_posts < 2 * N_LEADS
        assert bench.n_rows() == sum(map(len, bench.keys_in("delivered").values()))
        assert bench.send_moments()[-1] <= paused_at + HORIZON_S
        unpaused = bench.run("unpause", "main")
        ended = [end(one), end(other)]

    assert paused.exit_code == 0
    said, in_flight = paused.stdout.splitlines()
    assert said.startswith("main is paused since 20")
    assert said.endswith("UTC (Clay is being fixed); `clayload unpause main` ends it")
    assert "in flight" in in_flight
    assert said in status.stdout
    (workspace,) = as_json["workspaces"]
    assert (workspace["paused_because"], workspace["allowed_per_s"]) == ("Clay is being fixed", 0)
    assert unpaused.stdout.startswith("main goes on, after a pause of ")
    assert [one.exit_code for one in ended] == [0, 0]
    assert [ends_of(one.json) for one in ended] == [{"delivered": N_LEADS}] * 2
    assert bench.n_taken() == bench.n_rows() == 2 * N_LEADS
    assert any(said in line for one in ended for line in one.error_lines)


def test_what_a_killed_load_had_sent_is_not_in_flight(bench: Workbench) -> None:
    extract = bench.write_csv(make_leads("Banking", N_LEADS))
    with bench.start("load", extract, "--cycle", CYCLE) as process:
        bench.wait_for_rows(30)
        kill(process)
    assert bench.query_left_behind("SELECT 1 FROM submissions WHERE state = 'sending'")
    assert bench.run("pause", "main").stdout.splitlines()[1] == "nothing is in flight"


@pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_load_that_waits_in_a_pause_ends_when_told_to(
    bench: Workbench, number: signal.Signals, exit_code: int
) -> None:
    assert bench.run("pause", "main").stdout.splitlines()[1] == "nothing is in flight"
    extract = bench.write_csv(make_leads("Banking", 5))
    with bench.start("load", extract, "--cycle", CYCLE) as process:
        _wait_for_line(process, "main is paused since")
        process.send_signal(number)
        ended = end(process)
    assert ended.exit_code == exit_code
    assert "Traceback" not in ended.stderr
    assert (bench.n_posts(), len(bench.keys_in("pending")["finance"])) == (0, 5)
    bench.run("unpause", "main")
    assert ends_of(bench.load(extract).json) == {"delivered": 5}


def _wait_for_line(process: Process, words: str) -> None:
    assert process.stderr is not None
    for line in process.stderr:
        if words in line:
            return
    message = f"the load ended ({process.wait()}) without saying {words!r}"
    raise AssertionError(message)


def test_an_unknown_workspace_is_refused_with_the_nearest_and_unpausing_twice_is_no_error(
    bench: Workbench,
) -> None:
    ended = bench.run("pause", "mian")
    assert ended.exit_code == 10
    assert ended.error_lines[0] == "CLY-CFG-09 there is no workspace 'mian'; nearest: 'main'"
    assert bench.query("SELECT COUNT(*) FROM workspaces WHERE paused_at IS NOT NULL") == [(0,)]
    ended = bench.run("unpause", "main")
    assert (ended.exit_code, ended.stdout) == (0, "main was not paused\n")
