"""Does the doctor name just the trouble a run has, with its figures, and leave all as it is?"""

from __future__ import annotations

import signal
from dataclasses import replace
from pathlib import Path

import pytest
from support.scenes.load_kit import CYCLE, WORKSPACE, Ended, Process, Workbench, end, kill
from support.scenes.load_tables import (
    FINANCE,
    TECH,
    BenchOptions,
    BenchSlot,
    BenchTable,
    describe_config,
)
from support.scenes.load_tables import make_leads as leads_of
from support.servers.refusing_server import start_refusing_server
from support.servers.standin_process import StandIn

LEADS = leads_of("Software", 50) + leads_of("Banking", 30)
ATTENTION = 21


def _diagnose(bench: Workbench, *arguments: str) -> tuple[int, dict[str, str]]:
    """Give the exit code, and what was found by name."""
    ended = bench.run("doctor", *arguments, "--json")
    found = ended.json["findings"]
    assert ended.json["exit_code"] == ended.exit_code
    assert len({one["name"] for one in found}) == len(found)
    return ended.exit_code, {one["name"]: f"{one['what']} NEXT {one['next_step']}" for one in found}


def _only(bench: Workbench, name: str, *arguments: str) -> str:
    """Give what the one finding says; there must be no other."""
    exit_code, found = _diagnose(bench, *arguments)
    assert (exit_code, list(found)) == (ATTENTION, [name])
    return found[name]


def _in_order(said: str, *parts: str) -> bool:
    places = [said.find(part) for part in parts]
    return -1 not in places and places == sorted(places)


def test_nothing_is_wrong_with_a_healthy_run_and_looking_changes_nothing(bench: Workbench) -> None:
    loaded = bench.load(bench.write_csv(LEADS)).json
    ledger = bench.home / "ledger.db"
    before = (ledger.read_bytes(), bench.n_posts())
    told = bench.run("doctor")
    assert (told.exit_code, told.stderr) == (0, "")
    assert told.stdout == f"run {loaded['run_id']}: nothing is wrong with it\n"
    assert _diagnose(bench, loaded["run_id"]) == (0, {})
    assert (ledger.read_bytes(), bench.n_posts()) == before


def test_a_run_that_clay_slows_down_is_throttled_and_the_rates_are_told(
    standin: StandIn, tmp_path: Path
) -> None:
    bench = Workbench(standin, tmp_path, BenchOptions(rate_per_s=100, burst=20))
    standin.set_workspace(WORKSPACE, rate_per_s=20, burst=5)
    assert bench.load(bench.write_csv(LEADS[:40])).exit_code == 0
    n_429 = standin.traffic(WORKSPACE)["answers"]["429"]
    said = _only(bench, "throttled")
    assert _in_order(
        said, f"429 to {n_429:,} of {n_429 + 40:,}", "/s of 100/s configured", "/s reached"
    )
    assert _in_order(said, "last slowed down at 20", "somebody else takes up to", "NEXT stop what")


def test_a_run_whose_webhook_wore_out_is_told_which_and_how_to_add_one(
    standin: StandIn, tmp_path: Path
) -> None:
    worn = BenchTable("tech", "Software", (BenchSlot("tech-1", safe_limit=20),))
    bench = Workbench(standin, tmp_path, BenchOptions(tables=(worn, FINANCE)))
    assert bench.load(bench.write_csv(LEADS)).exit_code == 20
    said = _only(bench, "slot-used-up")
    assert _in_order(said, "tech: tech-1 20 of 20 (100%)", "take 0 more", "30 leads of this run")
    assert "`clayload slots add tech NEW-NAME --url env:...`" in said
    spare = BenchTable("tech", "Software", (*worn.slots, BenchSlot("tech-2")))
    bench.reconfigure(BenchOptions(tables=(spare, FINANCE)))
    assert bench.load(bench.folder / "leads.csv").exit_code == 0
    assert _diagnose(bench) == (0, {})


def test_a_running_load_that_takes_too_long_backs_up_and_once_stopped_is_to_be_run_again(
    standin: StandIn, tmp_path: Path
) -> None:
    bench = Workbench(standin, tmp_path, BenchOptions(rate_per_s=0.02, burst=20))
    extract = bench.write_csv(leads_of("Software", 200))
    with bench.start("load", extract, "--cycle", CYCLE) as process:
        bench.wait_for_rows(18)
        said = _only(bench, "queue-backing-up")
        patient = _diagnose(bench, "--within-h", "3")
        process.send_signal(signal.SIGTERM)
        assert end(process).exit_code == 143
    assert _in_order(said, "this run owes 18", "2 h 3", "at 0.02/s, and 2 h 0 min", "NEXT")
    assert patient == (0, {})
    stopped = _only(bench, "process-ended")
    assert "the run was interrupted " in stopped
    assert " ago; 182 leads are still to be sent" in stopped


@pytest.mark.parametrize(
    ("tables", "given"),
    [
        ((replace(TECH, priority="low"), replace(FINANCE, priority="high")), ()),
        ((TECH, FINANCE), ("--priority", "high")),
    ],
    ids=["of its table", "given to it"],
)
def test_leads_that_wait_behind_another_load_of_higher_priority_are_told_of_it(
    standin: StandIn, tmp_path: Path, tables: tuple[BenchTable, ...], given: tuple[str, ...]
) -> None:
    bench = Workbench(standin, tmp_path, BenchOptions(tables, rate_per_s=0.02, burst=20))
    urgent = bench.write_csv(leads_of("Banking", 200), "urgent.csv")
    bulk = bench.write_csv(leads_of("Software", 10), "bulk.csv")
    with bench.start("load", urgent, "--cycle", CYCLE, *given) as first:
        bench.wait_for_rows(18)
        with bench.start("load", bulk, "--cycle", CYCLE) as second:
            _wait_for_run(second)
            said = _only(bench, "queue-backing-up")
            for process in (second, first):
                process.send_signal(signal.SIGTERM)
                assert end(process).exit_code == 143
    assert _in_order(said, "this run owes 10 leads", "other runs 182", "182 of them with a higher")
    assert "fewer loads at once" in said


def _wait_for_run(process: Process) -> None:
    """Wait until a load has written down what it owes, as its first line says."""
    assert process.stderr is not None
    assert process.stderr.readline().startswith("run ")


def test_a_run_whose_table_is_full_is_told_to_split_it(standin: StandIn, tmp_path: Path) -> None:
    small = replace(FINANCE, slots=(BenchSlot("finance-1", already_used=100),))
    bench = Workbench(standin, tmp_path, BenchOptions(tables=(small,)))
    bench.write_config(tables={"finance": small.describe() | {"row_limit": 112}})
    assert bench.load(bench.write_csv(leads_of("Banking", 40))).exit_code == 20
    said = _only(bench, "table-too-large")
    assert _in_order(said, "finance: 112 of 112 rows (100%)", "28 leads", "about 10,000", "split")


def test_a_run_whose_budget_was_too_small_is_told_which_and_until_when(bench: Workbench) -> None:
    document = describe_config(WORKSPACE, bench.options)
    for table in document["tables"].values():
        table |= {"credits_per_lead": 6, "volume_per_month": 20}
    document["tables"]["tech"]["budget"] = {"credits_per_billing_month": 125}
    bench.write_config(**document)
    repeated = bench.write_csv(LEADS + LEADS[:10])
    assert bench.load(repeated).exit_code == 23
    said = _only(bench, "credit-overrun")
    assert _in_order(
        said, "tables.tech.budget.credits_per_billing_month: 120 of 125 credits used", "needs 180"
    )
    assert _in_order(said, "5 are left", "30 leads are deferred", "saved about 60 credits", "raise")


def test_a_killed_run_is_known_by_its_process_and_by_nobody_working_on_it(
    standin: StandIn, tmp_path: Path
) -> None:
    bench = Workbench(standin, tmp_path, BenchOptions(rate_per_s=50, burst=20))
    standin.faults({"kind": "latency", "latency_s": 0.5})
    with bench.start("load", bench.write_csv(LEADS), "--cycle", CYCLE) as process:
        bench.wait_for_rows(20)
        kill(process)
    exit_code, found = _diagnose(bench)
    assert (exit_code, set(found) - {"in-doubt"}) == (ATTENTION, {"process-ended"})
    assert "a process of the run ended; " in found["process-ended"]


def test_a_paused_workspace_is_told_while_leads_wait(standin: StandIn, tmp_path: Path) -> None:
    bench = Workbench(standin, tmp_path, BenchOptions(rate_per_s=20, burst=20))
    with bench.start("load", bench.write_csv(LEADS), "--cycle", CYCLE) as process:
        bench.wait_for_rows(20)
        bench.run("pause", "main", "--because", "a look")
        said = _only(bench, "paused")
        bench.run("unpause", "main")
        assert end(process).exit_code == 0
    assert _in_order(said, "main is paused since 20", "(a look)", "NEXT `clayload unpause main`")


@pytest.mark.parametrize(
    ("plan", "token", "name"), [("launch", None, "no-webhooks"), (None, "other", "slot-suspended")]
)
def test_slots_that_clay_refuses_are_told_apart_by_its_answer(
    standin: StandIn, tmp_path: Path, plan: str | None, token: str | None, name: str
) -> None:
    only = replace(TECH, slots=(BenchSlot("tech-1"),))
    bench = Workbench(standin, tmp_path, BenchOptions(tables=(only,)))
    if plan:
        standin.set_workspace(WORKSPACE, plan=plan)
    if token:
        standin.set_source(only.slots[0].source_id, token=token)
    assert bench.load(bench.write_csv(leads_of("Software", 8))).exit_code == 20
    said = _only(bench, name)
    assert "slot answers 40" in said
    assert "8 leads" in said


def test_refused_leads_are_counted_by_what_clay_answered(bench: Workbench) -> None:
    leads = leads_of("Banking", 8)
    for lead in leads[:3]:
        lead["notes"] = "refuse me"
    with start_refusing_server() as url:
        bench.load(bench.write_csv(leads), CLAY_WEBHOOK_FINANCE_1=f"{url}/hook")
    said = _only(bench, "refused")
    assert _in_order(said, "3 leads were refused, all alike: 3 refused with 400", "--refused`")
    told = bench.run("doctor")
    assert told.exit_code == ATTENTION
    assert _in_order(told.stdout, ": 1 found", "trouble: refused", "3 leads", "next: ")


def test_a_file_of_bad_rows_is_told_with_the_main_reasons(bench: Workbench) -> None:
    leads = leads_of("Banking", 20)
    for lead in leads[:8]:
        lead["email"] = "not an address"
    bench.load(bench.write_csv(leads))
    said = _only(bench, "quarantine-high")
    assert _in_order(said, "8 of 20 rows (40%)", " 8", "clayload quarantine export")


def test_leads_that_an_earlier_cycle_had_are_only_advice(bench: Workbench) -> None:
    extract = bench.write_csv(LEADS)
    bench.load(extract)
    bench.run("load", extract, "--cycle", "2026-12")
    exit_code, found = _diagnose(bench)
    assert (exit_code, list(found)) == (0, ["sent-again"])
    assert "80 leads that this run delivered" in found["sent-again"]


def test_an_unknown_run_and_a_missing_ledger_are_said_so(bench: Workbench) -> None:
    nothing: Ended = bench.run("doctor")
    assert nothing.exit_code == 22
    assert nothing.error_lines[0].startswith("CLY-RUN-02")
    assert not bench.home.exists()
