"""Does anybody work on a run, who waits beside it, and what became of its leads?

All who ask the first get one answer: whoever would resume the same leads, the doctor, the alerts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from support.scenes.clocked_setup import ClockedSetup, make_setup
from support.scenes.ledger_scene import CYCLE, NOVEMBER, TABLE, LedgerScene, each, take_grant
from support.scenes.report_scene import make_extract

from clayload.account.problem import Problem, dump_problems
from clayload.delivery.grant import Finished, Wait
from clayload.delivery.verdict import Answered, judge, too_large
from clayload.errors import Code, RunError
from clayload.ledger.books.condition import read_condition
from clayload.ledger.books.orphans import NO_ORPHANS, Orphans
from clayload.ledger.books.run_activity import RunActivity, RunStatus, read_activity
from clayload.ledger.books.run_books import Books
from clayload.ledger.books.runs import find_run
from clayload.ledger.granting.grants import ChunkGrants
from clayload.ledger.granting.register import Owing, register_chunk
from clayload.ledger.granting.reopen import find_replayable, start_replay
from clayload.ledger.rules.owing import Lead
from clayload.ledger.rules.states import SubmissionState
from clayload.ledger.store import RunStart
from clayload.loading.followups.resume_deferred import list_deferrals, prepare_resume
from clayload.model import Outcome, Priority, RunKind
from clayload.monitoring.alerts import look_around
from clayload.monitoring.diagnosis.finding import Trouble
from clayload.monitoring.doctor import diagnose_run
from clayload.monitoring.run_account import read_report

KEYS = [f"lead-{i:02}@example.com" for i in range(20)]
NOW = datetime(2026, 11, 2, tzinfo=UTC)
DELIVERED = judge(Answered(200, {}, ""), NOW)
REFUSED = judge(Answered(400, {}, "bad JSON"), NOW)
WAITS = Problem(code=Code.BUDGET_EXHAUSTED, table=TABLE, message="used up", hint="wait")
PARENT, CHILD = "run-1", "run-2"


@dataclass(frozen=True)
class Resuming:
    """A run that had to defer all its leads, and one that has sent five of them since."""

    scene: LedgerScene
    setup: ClockedSetup
    grants: ChunkGrants

    def read(self, orphans: Orphans = NO_ORPHANS) -> RunActivity:
        ledger = self.setup.ledger
        return read_activity(Books(ledger, orphans), find_run(ledger, CHILD), "main")

    def is_seen_at_work(self) -> list[bool]:
        """Whether the one who would resume, the doctor and the alerts take the run for alive."""
        (deferral,) = list_deferrals(self.setup)
        troubles = {finding.name for finding in diagnose_run(CHILD, self.setup).findings}
        judged = {one.subject for one in look_around(self.setup).conditions}
        return [
            deferral.resumed_by == CHILD,
            Trouble.PROCESS_ENDED not in troubles,
            f"clayload.load.main.resume.{CYCLE}.{TABLE}" not in judged,
        ]


@pytest.fixture
def resuming(scene: LedgerScene, tmp_path: Path) -> Resuming:
    setup = replace(make_setup(scene, tmp_path), environ={"URL_0": "https://clay.example/hook"})
    ledger, chunk = setup.ledger, scene.chunk(CHILD, "chunk-1")
    (tmp_path / PARENT / TABLE).mkdir(parents=True)
    pl.DataFrame({"row_number": range(len(KEYS)), "lead_key": KEYS, "email": KEYS}).write_parquet(
        tmp_path / PARENT / TABLE / "chunk-1.parquet"
    )
    extract = make_extract(n_rows=20, n_unrouted=0, folder=str(tmp_path / PARENT)).model_dump_json()
    ledger.start_run(RunStart(PARENT, "extract-1", CYCLE, extract), scene.config)
    scene.register(ledger, PARENT, "chunk-1", KEYS)
    ledger.finish_run(PARENT, Outcome.DEFERRED, dump_problems([WAITS]))
    deferred = find_replayable(ledger, PARENT, {SubmissionState.PENDING})
    run = RunStart(CHILD, "extract-1", CYCLE, extract, RunKind.RESUME, PARENT)
    start_replay(ledger, run, scene.config, {chunk: deferred})
    grants = scene.grants(ledger, CHILD, "chunk-1")
    grants.record(each(take_grant(grants, 5).leads, DELIVERED))
    return Resuming(scene, setup, grants)


def test_a_run_that_sends_is_at_work_for_all_who_ask(resuming: Resuming) -> None:
    take_grant(resuming.grants, 5)
    assert resuming.read().status is RunStatus.RUNNING
    assert resuming.is_seen_at_work() == [True, True, True]


def test_a_halted_run_with_five_leads_in_flight_is_at_work_until_they_are_answered(
    resuming: Resuming,
) -> None:
    grant = take_grant(resuming.grants, 5)
    resuming.setup.ledger.halt_run(CHILD, "interrupted")
    assert resuming.read().status is RunStatus.STOPPING
    assert resuming.is_seen_at_work() == [True, True, True]
    resuming.grants.record(each(grant.leads, DELIVERED))
    assert resuming.read().status is RunStatus.ABANDONED
    assert resuming.is_seen_at_work() == [False, False, False]


def test_a_run_that_is_idle_for_45_s_is_at_work_and_after_a_minute_no_more(
    resuming: Resuming,
) -> None:
    resuming.scene.clock.at += 45
    assert resuming.read().status is RunStatus.RUNNING
    assert resuming.is_seen_at_work() == [True, True, True]
    resuming.scene.clock.at += 16
    assert resuming.read().status is RunStatus.ABANDONED
    assert resuming.is_seen_at_work() == [False, False, False]


def test_a_run_that_a_person_has_paused_for_20_minutes_is_at_work_as_long_as_it_asks(
    resuming: Resuming,
) -> None:
    resuming.setup.ledger.pause("main", "a look")
    for _ in range(20):
        resuming.scene.clock.at += 60
        assert isinstance(resuming.grants.grant(5, ()), Wait)
    assert resuming.read().status is RunStatus.WAITING
    assert resuming.is_seen_at_work() == [True, True, True]
    resuming.scene.clock.at += 60  # nobody asks any more
    assert resuming.read().status is RunStatus.ABANDONED
    assert resuming.is_seen_at_work() == [False, False, False]


def test_as_long_as_a_run_is_at_work_nobody_else_resumes_the_same(resuming: Resuming) -> None:
    grant = take_grant(resuming.grants, 5)
    resuming.setup.ledger.halt_run(CHILD, "interrupted")
    with pytest.raises(RunError, match=f"resumed already, by run {CHILD}") as refused:
        prepare_resume(PARENT, resuming.setup)
    assert refused.value.code is Code.RESUMED_ALREADY
    resuming.grants.record(each(grant.leads, DELIVERED))
    again = prepare_resume(PARENT, resuming.setup)
    assert again is not None
    assert again.n_owed == 10


def test_a_run_that_was_taken_for_dead_is_given_no_grant_beside_the_one_that_goes_on(
    resuming: Resuming,
) -> None:
    resuming.scene.clock.at += 61
    again = prepare_resume(PARENT, resuming.setup)
    assert again is not None
    assert resuming.grants.grant(5, ()) == Finished()
    assert resuming.read().status is RunStatus.CLOSED


def test_the_duration_of_a_run_ends_with_its_last_move_once_nobody_works_on_it(
    resuming: Resuming,
) -> None:
    def read_duration() -> float:
        return read_report(CHILD, resuming.setup).duration_s

    resuming.scene.clock.at += 20
    resuming.grants.record(each(take_grant(resuming.grants, 5).leads, DELIVERED))
    resuming.scene.clock.at += 10
    assert read_duration() == 30.0
    resuming.scene.clock.at += 3_600
    assert read_duration() == 20.0
    resuming.setup.ledger.finish_run(CHILD, Outcome.PENDING, "[]")
    assert read_duration() == 3_630.0


def test_what_is_granted_awaits_its_answer_until_its_process_is_found_to_have_ended(
    resuming: Resuming,
) -> None:
    idle = resuming.read()
    assert (idle.in_flight, idle.is_anybody_asking, idle.moved_at) == ({}, True, NOVEMBER)
    resuming.scene.clock.at += 5
    first, second, *others = take_grant(resuming.grants, 6).leads
    told = resuming.read()
    assert (told.in_flight, told.unsent, told.n_lost) == ({TABLE: 6}, {}, 0)
    assert (told.is_anybody_asking, told.moved_at, told.idle_s) == (True, NOVEMBER + 5, 0)
    left = Orphans(frozenset({first.submission_id}), frozenset({second.submission_id}))
    ended = resuming.read(left)
    assert (ended.in_flight, ended.unsent, ended.n_lost) == ({TABLE: len(others)}, {TABLE: 1}, 1)


def test_nobody_is_asking_any_more_some_seconds_after_the_last_grant(resuming: Resuming) -> None:
    take_grant(resuming.grants, 5)
    assert resuming.read().is_anybody_asking
    resuming.scene.clock.at += 30
    told = resuming.read()
    assert (told.now, told.is_anybody_asking) == (NOVEMBER + 30, False)


def test_a_throttle_of_the_workspace_is_known_for_nobody_can_move_meanwhile(
    resuming: Resuming,
) -> None:
    resuming.grants.throttle(300.0)
    resuming.scene.clock.at += 299
    told = resuming.read()
    assert (told.throttled_until, told.status) == (NOVEMBER + 300, RunStatus.RUNNING)


def test_owed_are_the_leads_of_runs_that_may_go_on_each_once(scene: LedgerScene) -> None:
    grants = scene.load(KEYS[:10])
    ledger = scene.opened[0]
    for run_id, keys in (("run-2", KEYS[5:]), ("run-3", ["other@example.com"])):
        scene.start_run(ledger, run_id)
        scene.register(ledger, run_id, "chunk-1", keys)
    assert read_condition(ledger, "run-1").owed == {(TABLE, None): 21}
    grants.record(each(take_grant(grants, 4).leads, DELIVERED))
    assert read_condition(ledger, "run-1").owed == {(TABLE, None): 17}
    ledger.halt_run("run-3", "interrupted")
    assert read_condition(ledger, "run-1").owed == {(TABLE, None): 16}
    ledger.finish_run("run-2", Outcome.PENDING, "[]")
    assert read_condition(ledger, "run-1").owed == {(TABLE, None): 6}


def test_what_several_open_runs_owe_is_owed_once_at_the_priority_of_the_newest(
    scene: LedgerScene,
) -> None:
    scene.load(KEYS[:2])
    ledger = scene.opened[0]
    for priority, keys in ((Priority.HIGH, KEYS[:10]), (Priority.LOW, KEYS[4:12])):
        scene.clock.at += 60
        run = RunStart(priority, "extract-1", CYCLE, "{}", priority=priority)
        ledger.start_run(run, scene.config)
        scene.register(ledger, priority, "chunk-1", keys)
    assert read_condition(ledger, "run-1").owed == {(TABLE, "high"): 4, (TABLE, "low"): 8}
    ledger.halt_run("low", "interrupted")
    assert read_condition(ledger, "run-1").owed == {(TABLE, "high"): 10}


def test_refusals_are_counted_by_status_and_reason_the_most_first(scene: LedgerScene) -> None:
    grants = scene.load(KEYS)
    first, *others = take_grant(grants, 5).leads
    grants.record([(first, too_large(200_000, 100_000)), *each(others, REFUSED)])
    assert read_condition(scene.opened[0], "run-1").refusals == (
        (400, "refused with 400", 4),
        (None, "payload of 200,000 bytes is over 100,000", 1),
    )


def test_a_lead_is_sent_again_only_if_an_earlier_cycle_delivered_it(scene: LedgerScene) -> None:
    grants = scene.load(KEYS[:6])
    ledger = scene.opened[0]
    refused, *others = take_grant(grants, 4).leads
    grants.record([(refused, REFUSED), *each(others, DELIVERED)])
    assert read_condition(ledger, "run-1").n_sent_before == 0
    scene.clock.at = NOVEMBER + 100
    scene.start_run(ledger, "run-2")
    owing = Owing("2026-12", scene.config.tables[TABLE])
    leads = [Lead(row_number, key) for row_number, key in enumerate(KEYS[:6])]
    register_chunk(ledger, scene.chunk("run-2", "chunk-1"), owing, leads)
    again = scene.grants(ledger, "run-2", "chunk-1")
    again.record(each(take_grant(again, 6).leads, DELIVERED))
    assert read_condition(ledger, "run-2").n_sent_before == 3
    assert read_condition(ledger, "run-1").n_sent_before == 0
