"""What the flows do that a schedule, an event or a form starts."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import yaml
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.flow_engine import run_flow
from prefect.states import AwaitingRetry, Pending, Scheduled
from support.benches.flow_bench import (
    FlowBench,
    FlowRunRecord,
    client,
    create_run,
    go_through,
    record_of,
)
from support.scenes.load_tables import (
    FINANCE,
    TECH,
    BenchOptions,
    BenchSlot,
    BenchTable,
    make_leads,
)

from flows.capacity_plan import capacity_plan
from flows.event_backfill import event_backfill
from flows.followup_orders import ReplayOrder, ResubmitOrder
from flows.load_leads import load_leads
from flows.month_order import MonthOrder
from flows.monthly_load import monthly_load
from flows.orders import EventBackfill, ManualLoad, MonthlyLoad
from flows.reconcile import reconcile
from flows.replay import replay
from flows.resubmit import resubmit
from flows.watch_capacity import watch_capacity

LEADS = make_leads("Software", 20)


def run(flow: Callable[..., Any], *order: object) -> FlowRunRecord:
    return record_of(flow(*order, return_state=True))


def a_months_extracts(bench: FlowBench, month: str) -> MonthlyLoad:
    folder = bench.work.folder / "extracts" / month
    folder.mkdir(parents=True)
    for n, part in enumerate((LEADS[:12], LEADS[12:])):
        bench.work.write_csv(part).rename(folder / f"part-{n}.csv")
    pattern = str(folder.parent / "{cycle}" / "*.{csv,parquet,xlsx}")
    return MonthlyLoad(cycle=month, files=pattern)


def test_a_months_extracts_are_loaded_as_one_and_only_once(bench: FlowBench) -> None:
    month = a_months_extracts(bench, "2026-10")
    first = run(monthly_load, month)
    assert first.state.message == "complete: 20 delivered"
    assert first.flow_run.name == "load month 2026-10"
    assert bench.work.query("SELECT DISTINCT cycle FROM submissions") == [("2026-10",)]
    again = run(monthly_load, month)
    assert (again.state.type.value, bench.work.n_posts()) == ("FAILED", 20)
    assert "CLY-EXT-06" in str(again.state.message)
    # Of a refused load nothing stays: nobody would look for the leads in its folder.
    ((run_id,),) = bench.work.query("SELECT run_id FROM runs")
    assert [path.name for path in (bench.work.home / "runs").iterdir()] == [run_id]


def test_a_month_that_was_loaded_file_by_file_is_not_loaded_again(bench: FlowBench) -> None:
    month = a_months_extracts(bench, "2026-10")
    folder = bench.work.folder / "extracts" / "2026-10"
    for file in sorted(folder.iterdir()):
        bench.load(file, cycle="2026-10")
    again = run(monthly_load, month)
    assert (again.state.type.value, bench.work.n_posts()) == ("FAILED", 20)
    assert "all 20 leads accepted of this extract were loaded for 2026-10" in str(
        again.state.message
    )
    assert len(list((bench.work.home / "runs").iterdir())) == 2
    bench.work.write_csv(make_leads("Software", 1, first=20)).rename(folder / "late.csv")
    grown = run(monthly_load, month)
    assert grown.state.message == "complete: 1 delivered, 20 already delivered"


def test_a_month_of_which_leads_are_still_owed_is_resumed(bench: FlowBench) -> None:
    month = a_months_extracts(bench, "2026-10")
    worn = BenchTable("tech", "Software", (BenchSlot("tech-1", already_used=44_990),))
    bench.work.reconfigure(BenchOptions(tables=(worn, FINANCE)))
    assert run(monthly_load, month).state.name == "LeadsPending"
    fresh = BenchTable("tech", "Software", (*worn.slots, BenchSlot("tech-2")))
    bench.work.reconfigure(BenchOptions(tables=(fresh, FINANCE)))
    resumed = run(monthly_load, month)
    assert resumed.state.message == "complete: 10 delivered, 10 already delivered"


def test_a_month_without_extracts_fails_and_says_where_it_looked(bench: FlowBench) -> None:
    pattern = str(bench.work.folder / "extracts" / "{cycle}" / "*.csv")
    missing = run(monthly_load, MonthlyLoad(cycle="2026-09", files=pattern))
    assert missing.state.type.value == "FAILED"
    assert "CLY-EXT-07" in str(missing.state.message)
    assert "2026-09/*.csv" in str(missing.state.message)


def test_an_events_list_goes_to_its_table_with_what_it_does_not_say_itself(
    bench: FlowBench,
) -> None:
    people = [{"Badge": "Ana", "Work Email": f"p{n}@one.example", "Notes": "x"} for n in range(5)]
    order = EventBackfill(
        event="saas-day",
        file=str(bench.work.write_csv(people, "attendees.csv")),
        table="finance",
        headers={"Badge": "first_name"},
        industry="Software",
    )
    loaded = run(event_backfill, order)
    assert loaded.state.message == "complete: 5 delivered"
    assert loaded.flow_run.name == "backfill saas-day · attendees.csv"
    sent = [row["payload"] for row in bench.work.standin.rows("finance")]
    assert {(one["first_name"], one["industry"]) for one in sent} == {("Ana", "Software")}
    assert bench.work.query("SELECT DISTINCT cycle FROM submissions") == [("saas-day",)]


def test_a_hint_for_a_column_that_is_not_there_stops_before_anything_is_sent(
    bench: FlowBench,
) -> None:
    file = str(bench.work.write_csv(LEADS))
    order = EventBackfill(event="e", file=file, table="tech", headers={"Bagde": "full_name"})
    refused = run(event_backfill, order)
    assert "CLY-EXT-05" in str(refused.state.message)
    assert bench.work.n_posts() == 0


def test_only_planned_means_that_nothing_is_sent_and_the_plan_is_an_artifact(
    bench: FlowBench,
) -> None:
    order = ManualLoad(files=[str(bench.work.write_csv(LEADS))], cycle="2026-11", dry_run=True)
    planned = run(load_leads, order)
    assert (planned.state.type.value, planned.state.name) == ("COMPLETED", "Planned")
    assert str(planned.state.message).startswith("20 leads to send for 2026-11 at ")
    assert "| tech | 20 | 0 | 20 | tech-1 20 | 0 |" in str(planned.artifacts()["load-plan"].data)
    assert bench.work.n_posts() == 0
    assert not (bench.work.home / "ledger.db").exists()


def test_a_load_that_names_a_plan_keeps_to_it_or_is_refused(bench: FlowBench) -> None:
    extract = bench.work.write_csv(LEADS)
    planned = bench.work.run("plan", extract, "--cycle", "2026-11", "--save", "--json")
    plan_id = planned.json["plan_id"]
    other = bench.work.write_csv(LEADS[:5], "other.csv")
    refused = run(load_leads, ManualLoad(files=[str(other)], plan=plan_id))
    assert refused.state.type.value == "FAILED"
    assert f"CLY-PLN-02 the load does not keep to {plan_id}" in str(refused.state.message)
    assert bench.work.n_posts() == 0
    kept = run(load_leads, ManualLoad(files=[str(extract)], plan=plan_id))
    assert kept.state.message == "complete: 20 delivered"


def test_leads_in_doubt_are_planned_first_and_sent_again_when_confirmed(bench: FlowBench) -> None:
    lost = {"kind": "reset_before_store", "source": TECH.slots[0].source_id, "count": 2}
    bench.work.standin.faults(lost)
    first = bench.load(bench.work.write_csv(LEADS))
    assert first.state.name == "NeedsAttention"
    ((run_id,),) = bench.work.query("SELECT run_id FROM runs")
    order = {"run": run_id, "refused": False, "in_doubt": True}
    planned = run(replay, ReplayOrder.model_validate(order))
    assert planned.flow_run.name == f"plan replay of {run_id}"
    assert str(planned.state.message).startswith("2 leads to send again: ")
    confirmed = order | {"looked_in_clay": True, "dry_run": False}
    sent = run(replay, ReplayOrder.model_validate(confirmed))
    assert sent.state.message == "complete: 2 delivered"


def test_corrected_rows_are_sent_for_the_run_that_had_set_them_aside(bench: FlowBench) -> None:
    extract = bench.work.write_csv([*LEADS, {**LEADS[0], "email": "not an address"}])
    bench.load(extract)
    ((run_id,),) = bench.work.query("SELECT run_id FROM runs")
    fixed = bench.work.folder / "fixed.csv"
    assert bench.work.run("quarantine", "export", run_id, "--out", fixed).exit_code == 0
    fixed.write_text(fixed.read_text().replace("not an address", "fixed@one.example"))
    again = run(resubmit, ResubmitOrder(files=[str(fixed)]))
    assert again.state.message == "complete: 1 delivered"


def test_the_daily_flows_tell_how_slots_and_books_stand(bench: FlowBench) -> None:
    bench.load(bench.work.write_csv(LEADS))
    assert run(watch_capacity).state.name == "Completed"
    checked = run(reconcile)
    assert checked.state.message == "the ledger is whole, and its books agree"
    planned = run(capacity_plan)
    assert "leads a month at" in str(planned.state.message)
    page = str(planned.artifacts()["capacity-plan"].data)
    assert "## Credits, Actions and the plan" in page
    assert "| tech | 1,000 | tech-1 1,000 | 0 |" in page


def test_a_month_of_asked_leads_is_planned_without_the_slots(bench: FlowBench) -> None:
    planned = run(capacity_plan, MonthOrder(leads=50_000, credits_per_lead=6))
    assert planned.flow_run.name == "plan a month of 50,000 leads"
    assert "300,000 data credits, 250,000 Actions" in str(planned.state.message)
    page = str(planned.artifacts()["capacity-plan"].data)
    assert "| data credits | 300,000 | 300,000 |" in page
    assert "Room in the slots" not in page
    assert not (bench.work.home / "ledger.db").exists()


def test_a_damaged_ledger_fails_and_says_what_to_do(bench: FlowBench) -> None:
    bench.load(bench.work.write_csv(LEADS))
    with closing(sqlite3.connect(bench.work.home / "ledger.db")) as ledger, ledger:
        ledger.execute("UPDATE slots SET used = used + 5 WHERE slot = 'tech-1'")
    checked = run(reconcile)
    assert (checked.state.type.value, checked.state.name) == ("FAILED", "LedgerDamaged")
    said = str(checked.state.message)
    assert said.startswith("CLY-LED-06 the ledger is damaged: 1 finding, the first: slot tech-1")
    assert "Next: load nothing more; keep a copy of the ledger" in said


def test_a_run_is_named_by_what_it_does(bench: FlowBench) -> None:
    bench.load(bench.work.write_csv(LEADS))
    names = [run(flow).flow_run.name for flow in (capacity_plan, reconcile, watch_capacity)]
    assert names == ["plan a month", "check the ledger", "check budgets, slots and loads"]


def create_due_month(bench: FlowBench, due: datetime) -> UUID:
    pattern = str(bench.work.folder / "extracts" / "{cycle}" / "*.csv")
    parameters = {"month": {"files": pattern}}
    return create_run(monthly_load, parameters, Scheduled(scheduled_time=due))


def begin(flow_run_id: UUID) -> FlowRun:
    """Run it as a worker does; give how it stands at the end."""
    go_through(flow_run_id, Pending())
    with client() as prefect:
        begun = prefect.read_flow_run(flow_run_id)
        run_flow(monthly_load, flow_run=begun, parameters=begun.parameters, return_type="state")
        return prefect.read_flow_run(flow_run_id)


def test_a_scheduled_month_is_named_where_the_workspaces_people_live(bench: FlowBench) -> None:
    bench.work.write_config(workspace=describe_workspace(bench, time_zone="Pacific/Auckland"))
    flow_run_id = create_due_month(bench, datetime(2026, 10, 31, 17, tzinfo=UTC))
    assert begin(flow_run_id).name == "load month 2026-11"


def test_a_month_that_is_run_again_in_the_next_stays_the_month_it_was_due_in(
    bench: FlowBench,
) -> None:
    flow_run_id = create_due_month(bench, datetime(2026, 10, 1, 6, tzinfo=UTC))
    without_extracts = begin(flow_run_id)
    assert without_extracts.state_type is StateType.FAILED
    a_months_extracts(bench, "2026-10")
    go_through(flow_run_id, AwaitingRetry(scheduled_time=datetime(2026, 11, 2, 9, tzinfo=UTC)))
    again = begin(flow_run_id)
    assert (again.name, again.state_name) == ("load month 2026-10", "Completed")


def test_a_month_is_named_even_without_a_readable_configuration(bench: FlowBench) -> None:
    (bench.work.folder / "tables.yaml").unlink()
    failed = run(monthly_load, MonthlyLoad())
    assert failed.flow_run.name == "load month"
    assert str(failed.state.message).startswith("CLY-CFG-01 ")


def describe_workspace(bench: FlowBench, **changes: object) -> dict[str, object]:
    written = yaml.safe_load((bench.work.folder / "tables.yaml").read_text())
    return {**written["workspace"], **changes}
