"""Does the ledger on disk keep who is owed, who may send, and what was answered?"""

from __future__ import annotations

import itertools
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.scenes.ledger_scene import (
    CYCLE,
    TIMEOUT_S,
    HandClock,
    LedgerScene,
    each,
    make_config,
    take_grant,
)

from clayload.delivery.grant import Exhausted, Finished, Grant, Limit, Wait
from clayload.delivery.pace import HORIZON_S
from clayload.delivery.verdict import (
    Answered,
    AnswerLost,
    NotConnected,
    Verdict,
    judge,
    too_large,
    unsent,
)
from clayload.ledger.books.run_books import Books
from clayload.ledger.database.engine import open_engine
from clayload.ledger.granting.grants import ChunkGrants, GrantTerms
from clayload.ledger.granting.register import Owing, register_chunk
from clayload.ledger.rules.owing import Lead
from clayload.ledger.rules.states import SubmissionState
from clayload.ledger.store import Ledger
from clayload.model import ChunkRef, Priority, RowEnd

NOW = datetime(2026, 11, 2, tzinfo=UTC)
KEYS = [f"lead-{i:02}@example.com" for i in range(12)]
ALL_ROWS = (
    "SELECT * FROM submissions ORDER BY submission_id",
    "SELECT * FROM chunks ORDER BY chunk_no",
    "SELECT * FROM chunk_leads ORDER BY chunk_no, row_number",
)
DELIVERED = judge(Answered(200, {}, ""), NOW)
REFUSED = judge(Answered(400, {}, "bad JSON"), NOW)
TOO_MANY = judge(Answered(429, {"retry-after": "7"}, ""), NOW)
LIMIT_REACHED = judge(Answered(403, {}, "Record limit reached for webhook"), NOW)
BAD_TOKEN = judge(Answered(401, {}, ""), NOW)
SERVER_FAILED = judge(Answered(503, {}, ""), NOW)
LOST = judge(AnswerLost("reset"), NOW)
DOWN = judge(NotConnected("refused"), NOW)

VERDICTS = [
    (DELIVERED, "delivered", True),
    (REFUSED, "refused", False),
    (too_large(200_000, 100_000), "refused", False),
    (TOO_MANY, "pending", False),
    (LIMIT_REACHED, "pending", False),
    (BAD_TOKEN, "pending", False),
    (DOWN, "pending", False),
    (unsent("its moment had passed"), "pending", False),
    (SERVER_FAILED, "in_doubt", True),
    (LOST, "in_doubt", True),
]
every_verdict = pytest.mark.parametrize(
    ("verdict", "state", "is_charged"), VERDICTS, ids=[v.reason for v, _, _ in VERDICTS]
)


def test_a_grant_names_the_first_leads_owed_and_writes_the_intent_before_any_byte(
    scene: LedgerScene,
) -> None:
    grant = take_grant(scene.load(KEYS), 5)
    assert [lead.lead_key for lead in grant.leads] == KEYS[:5]
    assert [state for _, state in sorted(scene.states.items())] == ["sending"] * 5 + ["pending"] * 7
    assert scene.used == {"tech-1": 5}
    assert scene.rows_used == 5
    rows = scene.query(
        "SELECT DISTINCT run_id, slot, grant_id FROM submissions WHERE grant_id > ''"
    )
    assert rows == [("run-1", "tech-1", grant.grant_id)]


@every_verdict
def test_a_verdict_moves_the_lead_and_settles_the_charge(
    scene: LedgerScene, verdict: Verdict, state: str, *, is_charged: bool
) -> None:
    grants = scene.load(KEYS[:3])
    grant = take_grant(grants, 3)
    mixed = [*each(grant.leads[:1], DELIVERED), *each(grant.leads[1:], verdict)]
    grants.record(mixed)
    assert list(scene.states.values()) == ["delivered", state, state]
    n_charged = 1 + 2 * is_charged
    assert scene.used == {"tech-1": n_charged}
    assert scene.rows_used == n_charged


@every_verdict
def test_a_verdict_that_comes_after_its_grant_was_given_up_still_tells_what_happened(
    scene: LedgerScene, verdict: Verdict, state: str, *, is_charged: bool
) -> None:
    grants = scene.load(KEYS[:1])
    grant = take_grant(grants, 1)
    scene.clock.at += 3_600
    assert scene.opened[0].give_up_overdue() == 1
    assert list(scene.states.values()) == ["in_doubt"]
    grants.record(each(grant.leads, verdict))
    assert list(scene.states.values()) == [state]
    assert scene.used == ({"tech-1": 1} if is_charged else {})


def test_verdicts_are_recorded_with_the_next_grant_in_one_transaction(scene: LedgerScene) -> None:
    grants = scene.load(KEYS)
    first = take_grant(grants, 5)
    second = take_grant(grants, 5, each(first.leads, DELIVERED))
    assert [lead.lead_key for lead in second.leads] == KEYS[5:10]
    assert list(scene.states.values()) == ["delivered"] * 5 + ["sending"] * 5 + ["pending"] * 2


def test_a_chunk_of_which_nothing_is_owed_is_finished(scene: LedgerScene) -> None:
    grants = scene.load(KEYS[:2])
    grant = take_grant(grants, 10)
    assert grants.grant(10, each(grant.leads, DELIVERED)) == Finished()
    assert grants.grant(10, ()) == Finished()


def test_registering_a_chunk_again_changes_nothing(scene: LedgerScene) -> None:
    grants = scene.load(KEYS)
    grants.grant(5, ())
    before = [scene.query(rows) for rows in ALL_ROWS]
    assert scene.register(scene.opened[0], "run-1", "chunk-1", KEYS) == 7
    assert [scene.query(rows) for rows in ALL_ROWS] == before


def test_a_lead_in_two_chunks_and_two_runs_is_owed_once(scene: LedgerScene) -> None:
    grants = scene.load(KEYS[:6])
    ledger = scene.opened[0]
    scene.register(ledger, "run-1", "chunk-2", KEYS[4:8])
    scene.start_run(ledger, "run-2")
    assert scene.register(ledger, "run-2", "chunk-1", KEYS) == 12
    assert scene.query("SELECT COUNT(*) FROM submissions") == [(12,)]
    chunks = [
        grants,
        scene.grants(ledger, "run-1", "chunk-2"),
        scene.grants(ledger, "run-2", "chunk-1"),
    ]
    granted = [lead.lead_key for chunk in chunks for lead in take_grant(chunk, 10).leads]
    assert sorted(granted) == KEYS


def test_the_same_lead_is_owed_again_in_another_cycle_and_in_another_table(
    scene: LedgerScene,
) -> None:
    scene.load(KEYS[:1])
    ledger = scene.opened[0]
    leads, table = [Lead(0, KEYS[0])], scene.config.tables["outbound-leads-tech"]
    chunk = ChunkRef("run-1", "chunk-2", "outbound-leads-tech", 1, Path("chunk"))
    assert register_chunk(ledger, chunk, Owing("2026-12", table), leads) == 1
    elsewhere = ChunkRef("run-1", "chunk-3", "event-attendees", 1, Path("chunk"))
    assert register_chunk(ledger, elsewhere, Owing(CYCLE, table), leads) == 1
    assert scene.query("SELECT COUNT(*) FROM submissions") == [(3,)]


def test_a_crash_puts_exactly_the_open_grant_in_doubt_and_only_after_its_deadline(
    scene: LedgerScene,
) -> None:
    grants = scene.load(KEYS)
    first = take_grant(grants, 3)
    crashed = take_grant(grants, 4, each(first.leads, DELIVERED))
    ledger = scene.open()
    last_s = crashed.leads[-1].delay_s + crashed.lateness_s + TIMEOUT_S
    scene.clock.at += last_s
    assert ledger.give_up_overdue() == 0
    scene.clock.at += 10
    assert ledger.give_up_overdue() == 4
    assert list(scene.states.values()) == ["delivered"] * 3 + ["in_doubt"] * 4 + ["pending"] * 5
    assert scene.used == {"tech-1": 7}
    resumed = scene.grants(ledger, "run-1", "chunk-1")
    assert [lead.lead_key for lead in take_grant(resumed, 10).leads] == KEYS[7:]


def test_starting_a_run_gives_up_what_is_overdue(scene: LedgerScene) -> None:
    take_grant(scene.load(KEYS), 3)
    scene.clock.at += 3_600
    scene.start_run(scene.opened[0], "run-2")
    assert list(scene.states.values()).count("in_doubt") == 3


def test_a_verdict_under_an_old_grant_does_not_touch_the_lead(scene: LedgerScene) -> None:
    stale = scene.load(KEYS[:1])
    old = take_grant(stale, 1)
    scene.clock.at += 3_600
    scene.opened[0].give_up_overdue()
    # A person has decided that it is to be sent again.
    scene.query("UPDATE submissions SET state = 'pending'")
    scene.clock.at += 1
    fresh = scene.grants(scene.opened[0], "run-1", "chunk-1")
    take_grant(fresh, 1)
    before = scene.query("SELECT * FROM submissions")
    stale.record(each(old.leads, DELIVERED))
    assert scene.query("SELECT * FROM submissions") == before


@every_verdict
def test_a_delivered_lead_stays_delivered_whatever_comes_after(
    scene: LedgerScene, verdict: Verdict, state: str, *, is_charged: bool
) -> None:
    assert (state, is_charged) in {(s, c) for _, s, c in VERDICTS}
    grants = scene.load(KEYS[:1])
    grant = take_grant(grants, 1)
    scene.query("UPDATE submissions SET state = 'delivered'")
    grants.record(each(grant.leads, verdict))
    assert list(scene.states.values()) == ["delivered"]


def test_answers_are_kept_for_a_person_and_attempts_are_counted(scene: LedgerScene) -> None:
    grants = scene.load(KEYS[:2])
    first = take_grant(grants, 2)
    grants.record(each(first.leads, DOWN))
    scene.clock.at += 10
    second = take_grant(grants, 2)
    grants.record(each(second.leads, REFUSED))
    found = scene.query("SELECT state, status, reason, body, n_attempts FROM submissions")
    assert found == [("refused", 400, "refused with 400", "bad JSON", 2)] * 2


def test_a_429_pauses_every_chunk_of_the_workspace(scene: LedgerScene) -> None:
    grants = scene.load(KEYS)
    grant = take_grant(grants, 5)
    other = scene.grants(scene.open(), "run-1", "chunk-1")
    verdicts = [*each(grant.leads[:1], TOO_MANY), *each(grant.leads[1:], unsent("over the rate"))]
    grants.throttle(7)
    # At once: the other answers of the grant may be long in coming.
    answer = other.grant(5, ())
    assert answer == grants.grant(5, verdicts) == Wait(pytest.approx(7 - HORIZON_S / 2, abs=0.01))  # type: ignore[arg-type] # pytest compares floats
    assert scene.query("SELECT n_rate_limited FROM workspaces") == [(1,)]
    scene.clock.at += 7
    first, *more = (lead.delay_s for lead in take_grant(other, 5).leads)
    assert first == pytest.approx(0)
    assert more == pytest.approx([1 / 9.1, 2 / 9.1, 3 / 9.1, 4 / 9.1], abs=0.01)


def test_a_storm_of_429s_slows_the_workspace_once_and_it_recovers_by_itself(
    scene: LedgerScene,
) -> None:
    grants = scene.load([f"lead-{i:03}" for i in range(100)])
    chunks = [grants, scene.grants(scene.open(), "run-1", "chunk-1")]
    opened = [take_grant(chunk, 5) for chunk in chunks]
    for chunk, grant in zip(chunks, opened, strict=True):
        chunk.throttle(7)
        chunk.throttle(7)
        chunk.record(each(grant.leads, TOO_MANY))
    assert scene.query("SELECT slowed_to FROM workspaces") == [(pytest.approx(0.7),)]
    for seconds, per_s in ((7, 9.1), (1, 9.4), (2, 10)):
        scene.clock.at += seconds
        saved_up = take_grant(grants, 30)
        scene.clock.at += saved_up.leads[-1].delay_s
        grant = take_grant(grants, 3, each(saved_up.leads, DELIVERED))
        gaps_s = [b.delay_s - a.delay_s for a, b in itertools.pairwise(grant.leads)]
        assert gaps_s == pytest.approx([1 / per_s] * 2, rel=0.03)
        grants.record(each(grant.leads, DELIVERED))


def test_a_used_up_slot_is_left_for_the_next_and_stays_so_for_ever(scene: LedgerScene) -> None:
    scene.config = make_config({"name": "tech-1"}, {"name": "tech-2"})
    grants = scene.load(KEYS)
    grant = take_grant(grants, 2)
    after = take_grant(grants, 2, each(grant.leads, LIMIT_REACHED))
    assert after.slot == "tech-2"
    assert scene.used == {"tech-2": 2}
    scene.start_run(scene.opened[0], "run-2")
    assert scene.query("SELECT slot, state FROM slots ORDER BY slot") == [
        ("tech-1", "used_up"),
        ("tech-2", "active"),
    ]


def test_a_benched_slot_gets_a_new_chance_with_the_next_run(scene: LedgerScene) -> None:
    grants = scene.load(KEYS)
    grant = take_grant(grants, 1)
    answer = grants.grant(1, each(grant.leads, BAD_TOKEN))
    assert answer == Exhausted(Limit.SLOTS_SUSPENDED, "tech-1 0 of 45,000 (slot answers 401)")
    scene.start_run(scene.opened[0], "run-2")
    scene.clock.at += 1
    assert take_grant(grants, 1).slot == "tech-1"


def test_slots_rotate_at_the_safe_limit_counting_what_they_took_before(
    scene: LedgerScene,
) -> None:
    scene.config = make_config(
        {"name": "tech-1", "already_used": 16, "safe_limit": 20},
        {"name": "tech-2", "already_used": 1_999, "safe_limit": 2_000},
    )
    grants = scene.load(KEYS)
    first = take_grant(grants, 10)
    assert (first.slot, len(first.leads)) == ("tech-1", 4)
    second = take_grant(grants, 10, each(first.leads, DELIVERED))
    assert (second.slot, len(second.leads)) == ("tech-2", 1)
    answer = grants.grant(10, each(second.leads, DELIVERED))
    figures = "tech-1 20 of 20; tech-2 2,000 of 2,000"
    assert answer == Exhausted(Limit.SLOTS_USED_UP, figures)
    assert list(scene.states.values()).count("pending") == 7


def test_the_tables_rows_are_one_limit_over_all_its_slots(scene: LedgerScene) -> None:
    scene.config = make_config(
        {"name": "tech-1", "safe_limit": 4}, {"name": "tech-2", "already_used": 2}, row_limit=8
    )
    grants = scene.load(KEYS)
    first = take_grant(grants, 10)
    second = take_grant(grants, 10, each(first.leads, DELIVERED))
    assert [len(first.leads), len(second.leads)] == [4, 2]
    answer = grants.grant(10, each(second.leads, DELIVERED))
    assert answer == Exhausted(Limit.TABLE_FULL, "8 of 8 rows")


def test_a_slot_added_while_the_run_goes_on_is_used(scene: LedgerScene) -> None:
    scene.config = make_config({"name": "tech-1", "safe_limit": 3})
    grants = scene.load(KEYS)
    first = take_grant(grants, 10)
    assert isinstance(grants.grant(10, each(first.leads, DELIVERED)), Exhausted)
    scene.config = make_config({"name": "tech-1", "safe_limit": 3}, {"name": "tech-2"})
    assert take_grant(scene.grants(scene.opened[0], "run-1", "chunk-1"), 4).slot == "tech-2"
    assert scene.used == {"tech-1": 3, "tech-2": 4}


def test_a_renamed_table_keeps_what_its_slots_have_spent(scene: LedgerScene) -> None:
    grants = scene.load(KEYS[:6])
    grants.record(each(take_grant(grants, 6).leads, DELIVERED))
    slot = {"name": "tech-1", "safe_limit": 10}
    scene.config = make_config(slot, table="software-leads")
    ledger = scene.open()
    scene.start_run(ledger, "run-2")
    scene.register(ledger, "run-2", "chunk-1", KEYS)
    renamed = scene.grants(ledger, "run-2", "chunk-1")
    scene.clock.at += 10
    assert len(take_grant(renamed, 10).leads) == 4
    assert scene.used == {"tech-1": 10}


@pytest.mark.parametrize("was_paused", [False, True])
def test_a_clock_stepped_back_an_hour_delays_the_next_grant_by_two_seconds_at_most(
    scene: LedgerScene, *, was_paused: bool
) -> None:
    grants = scene.load(KEYS)
    grant = take_grant(grants, 5)
    if was_paused:
        grants.throttle(7)
        grants.grant(5, each(grant.leads, TOO_MANY))
        scene.clock.at += 8
        grants.record(each(take_grant(grants, 1).leads, DELIVERED))
    scene.clock.at -= 3_600
    began = scene.clock.at
    while not isinstance(answer := grants.grant(5, ()), Grant):
        assert isinstance(answer, Wait)
        scene.clock.at += answer.wait_s
        assert scene.clock.at < began + 60, "frozen"
    assert scene.clock.at + answer.leads[0].delay_s - began <= 2


def test_a_clock_stepped_forward_an_hour_lets_no_lead_go_sooner_or_later(
    scene: LedgerScene,
) -> None:
    scene.steady = HandClock(1_000.0)
    grants = scene.load([f"lead-{i:02}@example.com" for i in range(60)])
    while isinstance(answer := grants.grant(30, ()), Grant):
        pass
    assert isinstance(answer, Wait)
    scene.clock.at += 3_600
    stepped = grants.grant(30, ())
    assert isinstance(stepped, Wait)
    assert stepped.wait_s == pytest.approx(answer.wait_s, abs=1e-5)


def test_a_clock_stepped_back_leaves_nobody_waiting_for_who_is_gone(scene: LedgerScene) -> None:
    scene.steady = HandClock(1_000.0)
    grants = scene.load(KEYS)
    take_grant(grants, 1)
    waits = "SELECT present_until_normal FROM workspaces"
    ((until,),) = scene.query(waits)
    assert until > scene.clock.at
    scene.clock.at -= 3_600
    low = replace(scene.chunk("run-1", "chunk-1"), priority=Priority.LOW)
    others = ChunkGrants(scene.opened[0], low, GrantTerms(scene.config, TIMEOUT_S))
    others.grant(1, ())
    assert scene.query(waits) == [(0.0,)]


def test_a_grant_says_when_its_moments_were_chosen_so_that_writing_it_down_counts(
    scene: LedgerScene,
) -> None:
    began = time.monotonic()
    grant = take_grant(scene.load(KEYS), 12)
    assert began < grant.given_at < time.monotonic()
    assert grant.leads[0].delay_s == 0


def test_an_open_grant_without_verdicts_stays_sending_until_it_is_given_up(
    scene: LedgerScene,
) -> None:
    grants = scene.load(KEYS)
    take_grant(grants, 3)
    take_grant(grants, 3, ())
    assert list(scene.states.values()) == ["sending"] * 6 + ["pending"] * 6


def test_the_books_list_every_refused_lead_or_the_first(scene: LedgerScene) -> None:
    keys = [f"lead-{number:04}" for number in range(1_200)]
    scene.load(keys)
    scene.query("UPDATE submissions SET state = 'refused'")
    books = Books(scene.opened[0])
    listed = books.leads_in("run-1", SubmissionState.REFUSED)
    assert [lead.lead_key for lead in listed] == keys
    assert books.leads_in("run-1", SubmissionState.REFUSED, 3) == listed[:3]


def test_the_books_of_each_run_balance_and_name_what_needs_a_person(scene: LedgerScene) -> None:
    grants = scene.load(KEYS)
    leads = take_grant(grants, 6).leads
    verdicts = [DELIVERED, DELIVERED, DELIVERED, REFUSED, LOST, DOWN]
    grants.record(list(zip(leads, verdicts, strict=True)))
    ledger = scene.opened[0]
    scene.start_run(ledger, "run-2")
    scene.register(ledger, "run-2", "chunk-1", KEYS)
    books = Books(ledger)
    table = "outbound-leads-tech"
    assert books.count_ends("run-1") == {
        table: {
            RowEnd.DELIVERED: 3,
            RowEnd.REFUSED: 1,
            RowEnd.IN_DOUBT: 1,
            RowEnd.PENDING: 7,
        }
    }
    second = books.count_ends("run-2")[table]
    assert second[RowEnd.ALREADY_DELIVERED] == 3
    assert sum(second.values()) == len(KEYS)
    (in_doubt,) = books.leads_in("run-1", SubmissionState.IN_DOUBT)
    assert (in_doubt.row_number, in_doubt.lead_key, in_doubt.reason) == (4, KEYS[4], "reset")
    assert books.slots_used_by("run-1") == {"tech-1": 4}
    leads_of_run = [Lead(row_number, key) for row_number, key in enumerate(KEYS)]
    config = scene.config.tables[table]
    assert sorted(books.owed_keys(table, config, CYCLE, leads_of_run)) == KEYS[5:]


def test_the_last_moment_an_answer_may_come_is_known_while_one_is_awaited(
    scene: LedgerScene,
) -> None:
    grants = scene.load(KEYS)
    books = Books(scene.opened[0])
    assert books.last_give_up_at("run-1") is None
    leads = take_grant(grants, 2).leads
    give_up_at = books.last_give_up_at("run-1")
    assert give_up_at is not None
    assert TIMEOUT_S < give_up_at - scene.clock.at < TIMEOUT_S + 20
    grants.record(each(leads, DELIVERED))
    assert books.last_give_up_at("run-1") is None


def test_a_ledger_of_todays_clock_grants_now(scene: LedgerScene) -> None:
    """Without a clock of the test's own: the default is the machine's."""
    scene.load(KEYS)
    ledger = Ledger(open_engine(scene.url))
    grant = take_grant(scene.grants(ledger, "run-1", "chunk-1"), 1)
    assert -0.5 < grant.leads[0].delay_s <= 0
    ledger.close()
