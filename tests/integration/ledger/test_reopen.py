"""Is a replayed lead owed once, remembered whole, and safe from verdicts that come late?"""

from __future__ import annotations

from pathlib import Path

from support.scenes.ledger_scene import TABLE, TIMEOUT_S, LedgerScene, each, take_grant

from clayload.delivery.verdict import Verdict, VerdictKind
from clayload.ledger.books.run_books import Books
from clayload.ledger.granting.reopen import Replayable, find_replayable
from clayload.ledger.rules.states import REPLAYABLE, SubmissionState
from clayload.ledger.store import Ledger
from clayload.model import ChunkRef, RowEnd

REFUSED = Verdict(VerdictKind.REFUSED, "refused with 400", 400, "no")
LIMITED = Verdict(VerdictKind.RETRY, "rate limited", 429)
LOST = Verdict(VerdictKind.IN_DOUBT, "no answer")
DELIVERED = Verdict(VerdictKind.DELIVERED, "accepted", 200)
KEYS = ["a@example.com", "b@example.com"]


def _find(ledger: Ledger, run_id: str = "run-1") -> list[Replayable]:
    return find_replayable(ledger, run_id, REPLAYABLE)


def _replay(scene: LedgerScene, ledger: Ledger, run_id: str, leads: list[Replayable]) -> int:
    chunk = ChunkRef(run_id, "again-1", TABLE, len(leads), Path("again"))
    return scene.replay(ledger, chunk, leads)


def test_a_replayed_lead_is_owed_anew_and_its_old_verdict_remembered(scene: LedgerScene) -> None:
    grants = scene.load(KEYS)
    ledger = scene.open()
    first, second = take_grant(grants, 2).leads
    grants.record([(first, REFUSED), (second, LOST)])
    scene.clock.at += 10
    found = _find(ledger)
    assert [(one.lead_key, one.state) for one in found] == [
        (KEYS[0], SubmissionState.REFUSED),
        (KEYS[1], SubmissionState.IN_DOUBT),
    ]
    assert _replay(scene, ledger, "run-2", found) == 2
    assert set(scene.states.values()) == {"pending"}
    assert scene.used == {"tech-1": 1}  # what Clay may have stays charged
    past = scene.query("SELECT what, status, run_id, reason FROM past_verdicts ORDER BY past_no")
    assert past == [
        ("refused", 400, "run-1", "refused with 400"),
        ("in_doubt", None, "run-1", "no answer"),
        ("replayed", None, "run-2", "replayed by run run-2"),
        ("replayed", None, "run-2", "replayed by run run-2"),
    ]
    again = scene.grants(ledger, "run-2", "again-1")
    again.record(each(take_grant(again, 5).leads, DELIVERED))
    assert Books(ledger).count_ends("run-2") == {TABLE: {RowEnd.DELIVERED: 2}}
    assert Books(ledger).count_ends("run-1") == {TABLE: {RowEnd.ALREADY_DELIVERED: 2}}
    assert scene.used == {"tech-1": 3}


def test_of_two_replays_of_the_same_leads_the_second_moves_nothing(scene: LedgerScene) -> None:
    grants = scene.load(KEYS)
    ledger = scene.open()
    grants.record(each(take_grant(grants, 2).leads, LOST))
    seen_by_both = _find(ledger)
    assert _replay(scene, ledger, "run-2", seen_by_both) == 2
    again = scene.grants(ledger, "run-2", "again-1")
    again.record(each(take_grant(again, 5).leads, LOST))
    # In doubt as before, but of another send: nobody has asked to repeat that one.
    assert _replay(scene, ledger, "run-3", seen_by_both) == 0
    assert set(scene.states.values()) == {"in_doubt"}
    assert Books(ledger).count_ends("run-3") == {TABLE: {RowEnd.IN_DOUBT: 2}}


def test_a_verdict_that_comes_after_the_replay_changes_nothing(scene: LedgerScene) -> None:
    grants = scene.load(KEYS[:1])
    ledger = scene.open()
    late = take_grant(grants, 1).leads
    scene.clock.at += TIMEOUT_S + 10
    assert ledger.give_up_overdue() == 1
    assert _replay(scene, ledger, "run-2", _find(ledger)) == 1
    grants.record(each(late, REFUSED))
    assert scene.states == {KEYS[0]: "pending"}


def test_what_an_interrupted_replay_left_is_found_again_until_it_is_sent(
    scene: LedgerScene,
) -> None:
    grants = scene.load(KEYS)
    ledger = scene.open()
    grants.record(each(take_grant(grants, 2).leads, REFUSED))
    assert _replay(scene, ledger, "run-2", _find(ledger)) == 2
    left = _find(ledger)
    assert {one.state for one in left} == {SubmissionState.PENDING}
    assert _replay(scene, ledger, "run-3", left) == 2
    again = scene.grants(ledger, "run-3", "again-1")
    again.record(each(take_grant(again, 5).leads, DELIVERED))
    assert _find(ledger) == []


def test_what_an_interrupted_replay_left_is_known_as_in_doubt_if_it_was_so_when_chosen(
    scene: LedgerScene,
) -> None:
    grants = scene.load(KEYS)
    ledger = scene.open()
    first, second = take_grant(grants, 2).leads
    grants.record([(first, LOST), (second, REFUSED)])
    _replay(scene, ledger, "run-2", _find(ledger))
    assert [(one.state, one.was_in_doubt) for one in _find(ledger)] == [
        (SubmissionState.PENDING, True),
        (SubmissionState.PENDING, False),
    ]
    again = scene.grants(ledger, "run-2", "again-1")
    again.record(each(take_grant(again, 5).leads, REFUSED))
    _replay(scene, ledger, "run-3", _find(ledger))
    again = scene.grants(ledger, "run-3", "again-1")
    again.record(each(take_grant(again, 5).leads, LIMITED))
    assert [one.was_in_doubt for one in _find(ledger)] == [False, False]
