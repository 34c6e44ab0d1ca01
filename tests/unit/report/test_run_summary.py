"""Does the summary of a run say the truth first, and what a person must decide?"""

from __future__ import annotations

import pytest
from support.scenes.report_scene import BEGAN_AT, make_extract, make_report

from clayload.account.problem import Problem
from clayload.account.run_report import ChildRun, RunReport
from clayload.account.sample_account import SampleAccount
from clayload.account.standing import RunStanding
from clayload.errors import Code
from clayload.ledger.books.pauses import Pause
from clayload.model import RowEnd
from clayload.report.run.run_summary import (
    describe_next_step,
    describe_run,
    list_decisions,
    render_run_summary,
)

SAMPLE = make_report(
    extract=make_extract(n_rows=2_000, n_quarantined=56, n_duplicates=50, n_unrouted=270),
    tables={
        "event-attendees": {RowEnd.DELIVERED: 158},
        "inbound-leads": {RowEnd.DELIVERED: 226},
        "outbound-leads-finance": {RowEnd.DELIVERED: 513},
        "outbound-leads-tech": {RowEnd.DELIVERED: 727},
    },
    duration_s=15.1,
)
HALF_WAY = make_report(tables={"tech": {RowEnd.DELIVERED: 40, RowEnd.PENDING: 48}})
RUNNING = RunStanding(is_running=True, rate_per_s=10.0, idle_s=0.2)
KILLED = RunStanding(is_running=False, rate_per_s=0.0, idle_s=18.0)


def said_of(report: RunReport, standing: RunStanding | None = None) -> str:
    summary = render_run_summary(report, standing)
    return "\n".join((summary.verdict, *summary.facts, *summary.decisions, *summary.notes))


def test_a_complete_run_says_so_first_with_its_rate() -> None:
    assert describe_run(SAMPLE) == "complete: 1,624 leads delivered in 15 s (107.5/s)"


def test_the_table_has_every_row_read_once_and_only_columns_with_figures() -> None:
    grid = render_run_summary(SAMPLE).grid
    assert grid.header == ("table", "rows", "delivered")
    parts = {row[0]: int(row[1].replace(",", "")) for row in grid.rows}
    assert parts.pop("rows read") == sum(parts.values()) == 2_000
    assert parts["set aside"] == 56 + 50 + 270


def test_rows_that_nobody_can_place_stand_in_the_table_by_themselves() -> None:
    report = make_report(extract=make_extract(n_rows=103))
    assert ("not accounted for", "3", "") in render_run_summary(report).grid.rows
    assert said_of(report).startswith("unbalanced: 88 leads delivered")


def test_the_smaller_of_many_tables_are_one_line_and_still_add_up() -> None:
    tables = {f"table-{n}": {RowEnd.DELIVERED: n} for n in range(1, 31)}
    grid = render_run_summary(make_report(tables=tables)).grid
    assert [row[0] for row in grid.rows][:5] == [
        "table-28", "table-29", "table-30", "27 more tables", "set aside"
    ]  # fmt: skip
    assert grid.rows[3][1] == f"{sum(range(1, 28)):,}"


def test_what_was_set_aside_needs_a_decision_with_its_command() -> None:
    export = f"`clayload quarantine export {SAMPLE.run_id}"
    assert tuple(list_decisions(SAMPLE)) == (
        f"56 rows are quarantined: {export}`",
        f"270 rows match no table's filter: {export} --unrouted`",
    )


def test_rows_that_were_corrected_and_delivered_since_need_no_decision() -> None:
    child = ChildRun(
        run_id="r2", kind="resubmit", n_rows=12, ends={RowEnd.DELIVERED: 12}, n_recovered=12
    )
    assert list(list_decisions(make_report(children=(child,)))) == []


def test_a_running_run_says_its_rate_and_time_to_go_and_never_to_run_it_again() -> None:
    assert describe_run(HALF_WAY, RUNNING) == "running: 40 of 88 leads, 10.0/s, 4.8 s to go"
    assert "again" not in said_of(HALF_WAY, RUNNING)
    assert "again" not in describe_next_step(HALF_WAY, RUNNING)


def test_a_run_that_has_sent_nothing_yet_promises_no_end() -> None:
    report = make_report(tables={"tech": {RowEnd.PENDING: 88}})
    standing = RunStanding(is_running=True, rate_per_s=0.0, idle_s=0.0)
    assert describe_run(report, standing) == "running: 0 of 88 leads"


def test_leads_that_were_delivered_before_are_not_on_the_way() -> None:
    tables = {"tech": {RowEnd.ALREADY_DELIVERED: 60, RowEnd.DELIVERED: 8, RowEnd.PENDING: 20}}
    assert "running: 8 of 28 leads" in describe_run(make_report(tables=tables), RUNNING)


def test_a_paused_run_says_who_lets_it_go_on() -> None:
    standing = RunStanding(
        is_running=True, rate_per_s=0.0, idle_s=1_200.0, pause=Pause("main", BEGAN_AT, "audit")
    )
    assert "`clayload unpause main` ends it" in describe_run(HALF_WAY, standing)


@pytest.mark.parametrize("halted_by", [None, "interrupted"])
def test_a_stopped_run_says_since_when_and_what_is_still_to_be_sent(halted_by: str | None) -> None:
    standing = RunStanding(is_running=False, rate_per_s=0.0, idle_s=18.0, halted_by=halted_by)
    assert describe_run(HALF_WAY, standing) == (
        "interrupted 18 s ago: 40 leads delivered in 2 min (0.4/s)"
    )
    first = next(list_decisions(HALF_WAY, standing))
    assert first == "48 leads are still to be sent: run the same load again"


def test_a_run_that_an_error_stopped_names_its_code() -> None:
    standing = RunStanding(is_running=False, rate_per_s=0.0, idle_s=18.0, halted_by="CLY-LED-04")
    assert describe_run(HALF_WAY, standing).startswith("stopped by CLY-LED-04 18 s ago: ")


def test_what_stopped_a_table_comes_before_what_can_wait() -> None:
    stop = Problem(code=Code.SLOTS_USED_UP, table="tech", message="used up", hint="add a slot")
    report = make_report(
        tables={"tech": {RowEnd.DELIVERED: 38, RowEnd.REFUSED: 1, RowEnd.PENDING: 49}},
        problems=(stop,),
    )
    stopped, refused, unrouted = list_decisions(report)
    assert stopped == "tech: used up: add a slot (CLY-CAP-01)"
    assert refused.startswith("1 lead was refused by Clay: ")
    assert unrouted.startswith("12 rows match no table's filter: ")


def test_a_sample_that_waits_is_said_once_with_what_it_came_to() -> None:
    stop = Problem(code=Code.SAMPLE_SENT, table="tech", message="sent", hint="look at the rows")
    sample = SampleAccount(
        run_id="r", table="tech", n_sent=8, n_allowed=8, decision=None, decided_at=None,
        ends={RowEnd.DELIVERED: 8}, n_in_flight=0, n_owed=80, credits=48, actions=8,
    )  # fmt: skip
    tables = {"tech": {RowEnd.DELIVERED: 8, RowEnd.DEFERRED: 80}}
    report = make_report(tables=tables, problems=(stop,), samples=(sample,))
    first, second = list_decisions(report)
    assert first == (
        "tech: 8 delivered, about 48 credits and 8 Actions; 80 leads wait for approval: "
        "`clayload approve r`"
    )
    assert second.startswith("12 rows match no table's filter")


def test_what_later_runs_made_of_it_is_told() -> None:
    child = ChildRun(
        run_id="r2", kind="resubmit", n_rows=1, ends={RowEnd.DELIVERED: 1}, n_recovered=1
    )
    assert "Run r2 (resubmit) took up 1 row: 1 delivered." in said_of(
        make_report(children=(child,))
    )


def test_a_second_load_says_that_all_was_delivered_before() -> None:
    report = make_report(tables={"tech": {RowEnd.ALREADY_DELIVERED: 88}})
    assert describe_run(report) == "complete: no lead delivered; 88 already delivered"
