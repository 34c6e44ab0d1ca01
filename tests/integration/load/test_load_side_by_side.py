"""Do two loads at once keep to one set of books, and does a stopped table hold up another?"""

from __future__ import annotations

from pathlib import Path

from support.scenes.load_kit import CYCLE, Workbench, end, ends_of
from support.scenes.load_tables import BenchOptions, make_leads
from support.servers.standin_process import StandIn

LEADS = make_leads("Software", 200) + make_leads("Banking", 100)


def test_two_processes_with_the_same_extract_send_each_lead_once_and_both_balance(
    standin: StandIn, tmp_path: Path
) -> None:
    bench = Workbench(standin, tmp_path, BenchOptions(rate_per_s=200, burst=40))
    command = ("load", bench.write_csv(LEADS), "--cycle", CYCLE, "--json")
    with bench.start(*command) as first, bench.start(*command) as second:
        reports = [end(first), end(second)]
    assert [report.exit_code for report in reports] == [0, 0]
    ends = [ends_of(report.json) for report in reports]
    assert [sum(of_one.values()) for of_one in ends] == [300, 300]
    assert sum(of_one.get("delivered", 0) for of_one in ends) == 300
    rows = bench.delivered()
    assert sorted(rows["tech"] + rows["finance"]) == sorted(lead["email"] for lead in LEADS)
    assert bench.n_taken() == 300
    assert bench.is_paced()
    assert bench.query("SELECT SUM(used) FROM slots") == [(300,)]


def test_two_extracts_that_share_leads_send_the_shared_ones_once(
    standin: StandIn, tmp_path: Path
) -> None:
    bench = Workbench(standin, tmp_path, BenchOptions(rate_per_s=200, burst=40))
    here = bench.write_csv(LEADS[:150], "here.csv")
    there = bench.write_csv(LEADS[100:], "there.csv")
    with (
        bench.start("load", here, "--cycle", CYCLE, "--json") as first,
        bench.start("load", there, "--cycle", CYCLE, "--json") as second,
    ):
        ends = [ends_of(end(first).json), ends_of(end(second).json)]
    assert [sum(of_one.values()) for of_one in ends] == [150, 200]
    assert bench.n_taken() == bench.n_rows() == 300
