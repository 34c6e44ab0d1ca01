"""How a load ends in Prefect: its final state says what a person has to do."""

from __future__ import annotations

import os

from support.benches.flow_bench import FlowBench
from support.scenes.load_kit import WORKSPACE
from support.scenes.load_tables import (
    FINANCE,
    TECH,
    BenchOptions,
    BenchSlot,
    BenchTable,
    describe_config,
    make_leads,
)
from support.servers.refusing_server import start_refusing_server

BOTH = [*make_leads("Software", 30), *make_leads("Banking", 20)]
N_STEPS = 2  # prepare and close


def test_a_load_ends_completed_with_the_ledgers_leads_as_rows_in_clay(bench: FlowBench) -> None:
    run = bench.load(bench.work.write_csv([*BOTH, *make_leads("Farming", 3)]))
    assert (run.state.type.value, run.state.name) == ("COMPLETED", "Completed")
    assert run.state.message == "complete: 50 delivered, 3 unrouted"
    in_clay = {table: sorted(keys) for table, keys in bench.work.delivered().items()}
    assert in_clay == bench.work.keys_in("delivered")
    assert [len(keys) for keys in in_clay.values()] == [30, 20]
    assert bench.work.query("SELECT outcome FROM runs") == [("complete",)]


def test_used_up_slots_leave_leads_pending_and_the_other_table_goes_on(bench: FlowBench) -> None:
    worn = BenchTable("tech", "Software", (BenchSlot("tech-1", already_used=44_990),))
    bench.work.reconfigure(BenchOptions(tables=(worn, FINANCE)))
    run = bench.load(bench.work.write_csv(BOTH))
    assert (run.state.type.value, run.state.name) == ("FAILED", "LeadsPending")
    assert run.state.message == (
        "pending: 30 delivered, 20 pending. Next: 20 leads are still owed: "
        "add a slot for the table to tables.yaml and run the same load again"
    )
    assert {table: len(keys) for table, keys in bench.work.delivered().items()} == {
        "tech": 10,
        "finance": 20,
    }


def test_refused_leads_and_leads_in_doubt_need_attention(bench: FlowBench) -> None:
    lost_answer = {"kind": "reset_after_store", "source": TECH.slots[0].source_id, "count": 1}
    bench.work.standin.faults(lost_answer)
    with start_refusing_server() as url:
        os.environ[FINANCE.slots[0].url_variable] = url
        run = bench.load(bench.work.write_csv([*BOTH[:-1], {**BOTH[-1], "notes": "refuse me"}]))
    assert (run.state.type.value, run.state.name) == ("COMPLETED", "NeedsAttention")
    ends = "attention: 48 delivered, 1 refused, 1 in doubt. Next: "
    assert str(run.state.message).startswith(ends)


def test_an_unreadable_extract_fails_with_its_code_and_sends_nothing(bench: FlowBench) -> None:
    extract = bench.work.folder / "leads.csv"
    extract.write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" * 10)
    run = bench.load(extract)
    assert (run.state.type.value, run.state.name) == ("FAILED", "Failed")
    assert "CLY-EXT-02" in str(run.state.message)
    assert "Next: " in str(run.state.message)
    assert bench.work.n_posts() == 0


def test_the_same_extract_again_maps_no_chunk_and_sends_nothing(bench: FlowBench) -> None:
    extract = bench.work.write_csv(BOTH)
    bench.load(extract)
    n_posts = bench.work.n_posts()
    again = bench.load(extract)
    assert again.state.message == "complete: 50 already delivered"
    assert {task_run.name for task_run in again.task_runs(N_STEPS)} == {"prepare", "close"}
    assert again.artifacts()["load-progress"].data == 100
    assert bench.work.n_posts() == n_posts == 50


def test_a_load_never_maps_more_chunks_than_the_setting_says(bench: FlowBench) -> None:
    os.environ |= {"CLAYLOAD_CHUNK_ROWS": "1", "CLAYLOAD_MAX_CHUNKS": "5"}
    run = bench.load(bench.work.write_csv(make_leads("Software", 100)))
    names = {task_run.name for task_run in run.task_runs(N_STEPS + 5)}
    assert {name for name in names if "chunk" in name} == {
        f"tech chunk {number}/5" for number in range(1, 6)
    }


def test_a_used_up_budget_defers_leads_and_that_is_no_failure(bench: FlowBench) -> None:
    extract = bench.work.write_csv(BOTH)
    document = describe_config(WORKSPACE, bench.work.options)
    document["tables"]["tech"] |= {"credits_per_lead": 6, "budget": {"credits_per_day": 60}}
    bench.work.write_config(**document)
    run = bench.load(extract)
    assert (run.state.type.value, run.state.name) == ("COMPLETED", "LeadsDeferred")
    assert str(run.state.message).startswith(
        "deferred: 30 delivered, 20 deferred. Next: 20 leads are deferred by a budget: wait for "
    )
    assert bench.work.query("SELECT outcome FROM runs") == [("deferred",)]
