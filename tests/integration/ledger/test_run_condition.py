"""Does the ledger tell who works on a run, who waits beside it, and what became of its leads?"""

from __future__ import annotations

from datetime import UTC, datetime

from support.scenes.ledger_scene import CYCLE, NOVEMBER, TABLE, LedgerScene, each, take_grant

from clayload.delivery.verdict import Answered, judge, too_large
from clayload.ledger.books.condition import RunCondition, read_condition
from clayload.ledger.books.orphans import NO_ORPHANS, Orphans
from clayload.ledger.books.runs import find_run
from clayload.ledger.granting.register import Owing, register_chunk
from clayload.ledger.rules.owing import Lead
from clayload.ledger.store import Ledger, RunStart
from clayload.model import Priority

NOW = datetime(2026, 11, 2, tzinfo=UTC)
DELIVERED = judge(Answered(200, {}, ""), NOW)
REFUSED = judge(Answered(400, {}, "bad JSON"), NOW)
KEYS = [f"lead-{i:02}@example.com" for i in range(20)]


def condition_of(ledger: Ledger, run_id: str, left: Orphans = NO_ORPHANS) -> RunCondition:
    return read_condition(ledger, find_run(ledger, run_id), "main", left)


def test_what_is_granted_awaits_its_answer_until_its_process_is_found_to_have_ended(
    scene: LedgerScene,
) -> None:
    grants = scene.load(KEYS)
    ledger = scene.opened[0]
    idle = condition_of(ledger, "run-1")
    assert (idle.in_flight, idle.is_anybody_asking, idle.moved_at) == ({}, False, NOVEMBER)
    scene.clock.at = NOVEMBER + 5
    first, second, *others = take_grant(grants, 6).leads
    told = condition_of(ledger, "run-1")
    assert (told.in_flight, told.unsent, told.n_lost) == ({TABLE: 6}, {}, 0)
    assert (told.is_anybody_asking, told.moved_at) == (True, NOVEMBER + 5)
    left = Orphans(frozenset({first.submission_id}), frozenset({second.submission_id}))
    ended = condition_of(ledger, "run-1", left)
    assert (ended.in_flight, ended.unsent, ended.n_lost) == ({TABLE: len(others)}, {TABLE: 1}, 1)


def test_nobody_is_asking_any_more_some_seconds_after_the_last_grant(scene: LedgerScene) -> None:
    grants = scene.load(KEYS)
    ledger = scene.opened[0]
    grants.record(each(take_grant(grants, 4).leads, DELIVERED))
    assert condition_of(ledger, "run-1").is_anybody_asking
    scene.clock.at = NOVEMBER + 30
    told = condition_of(ledger, "run-1")
    assert (told.now, told.is_anybody_asking) == (NOVEMBER + 30, False)


def test_owed_are_the_leads_of_runs_that_may_go_on_each_once(scene: LedgerScene) -> None:
    grants = scene.load(KEYS[:10])
    ledger = scene.opened[0]
    for run_id, keys in (("run-2", KEYS[5:]), ("run-3", ["other@example.com"])):
        scene.start_run(ledger, run_id)
        scene.register(ledger, run_id, "chunk-1", keys)
    assert condition_of(ledger, "run-1").owed == {(TABLE, None): 21}
    grants.record(each(take_grant(grants, 4).leads, DELIVERED))
    assert condition_of(ledger, "run-1").owed == {(TABLE, None): 17}
    ledger.halt_run("run-3", "interrupted")
    assert condition_of(ledger, "run-1").owed == {(TABLE, None): 16}
    ledger.finish_run("run-2", "pending", "[]")
    assert condition_of(ledger, "run-1").owed == {(TABLE, None): 6}


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
    assert condition_of(ledger, "run-1").owed == {(TABLE, "high"): 4, (TABLE, "low"): 8}
    ledger.halt_run("low", "interrupted")
    assert condition_of(ledger, "run-1").owed == {(TABLE, "high"): 10}


def test_refusals_are_counted_by_status_and_reason_the_most_first(scene: LedgerScene) -> None:
    grants = scene.load(KEYS)
    first, *others = take_grant(grants, 5).leads
    grants.record([(first, too_large(200_000, 100_000)), *each(others, REFUSED)])
    assert condition_of(scene.opened[0], "run-1").refusals == (
        (400, "refused with 400", 4),
        (None, "payload of 200,000 bytes is over 100,000", 1),
    )


def test_a_lead_is_sent_again_only_if_an_earlier_cycle_delivered_it(scene: LedgerScene) -> None:
    grants = scene.load(KEYS[:6])
    ledger = scene.opened[0]
    refused, *others = take_grant(grants, 4).leads
    grants.record([(refused, REFUSED), *each(others, DELIVERED)])
    assert condition_of(ledger, "run-1").n_sent_before == 0
    scene.clock.at = NOVEMBER + 100
    scene.start_run(ledger, "run-2")
    owing = Owing("2026-12", scene.config.tables[TABLE])
    leads = [Lead(row_number, key) for row_number, key in enumerate(KEYS[:6])]
    register_chunk(ledger, scene.chunk("run-2", "chunk-1"), owing, leads)
    again = scene.grants(ledger, "run-2", "chunk-1")
    again.record(each(take_grant(again, 6).leads, DELIVERED))
    assert condition_of(ledger, "run-2").n_sent_before == 3
    assert condition_of(ledger, "run-1").n_sent_before == 0
