"""Of a lead that two loads hold differently, is the newest content sent, once, and nothing older
after it?
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.scenes.ledger_scene import CYCLE, TABLE, LedgerScene, each, make_config, take_grant

from clayload.delivery.grant import Finished, Grant, Wait
from clayload.delivery.verdict import Verdict, VerdictKind, unsent
from clayload.ledger.audit.audit import audit
from clayload.ledger.books.orphans import NO_ORPHANS
from clayload.ledger.books.run_books import Books
from clayload.ledger.books.story import read_story
from clayload.ledger.granting.grants import ChunkGrants, GrantTerms
from clayload.ledger.granting.recovery import recover
from clayload.ledger.granting.reopen import Replayable, find_replayable
from clayload.ledger.rules.boot_session import read_boot_id
from clayload.ledger.rules.departures import Departures
from clayload.ledger.rules.newest import OVERTAKEN
from clayload.ledger.rules.states import REPLAYABLE
from clayload.ledger.store import Ledger
from clayload.model import RowEnd
from clayload.report.lead_story import list_next_steps

KEYS = ["ada@example.com", "bob@example.com"]
DELIVERED = Verdict(VerdictKind.DELIVERED, "accepted", 200)
REFUSED = Verdict(VerdictKind.REFUSED, "refused with 400", 400)
LOST = Verdict(VerdictKind.IN_DOUBT, "reset")
LATE = unsent("its moment had passed")
CONTENTS = "SELECT state, payload_hash, run_id FROM submissions ORDER BY submission_id"
OLD, NEW = "old content", "new content"
SENDER = f"{read_boot_id()}.one"


@pytest.fixture
def scene(scene: LedgerScene) -> LedgerScene:
    scene.config = make_config(resend="when_changed")
    return scene


def load(scene: LedgerScene, run_id: str, content: str | None) -> ChunkGrants:
    """A run whose one chunk holds both leads so."""
    ledger = scene.opened[0] if scene.opened else scene.open()
    scene.start_run(ledger, run_id)
    scene.register(ledger, run_id, "chunk-1", KEYS, content)
    chunk = scene.chunk(run_id, "chunk-1")
    return ChunkGrants(ledger, chunk, GrantTerms(scene.config, 30.0, Departures(SENDER)))


def deliver(grants: ChunkGrants) -> None:
    grants.record(each(take_grant(grants, 10).leads, DELIVERED))


def n_owed_to_a_later_load(scene: LedgerScene, content: str) -> int:
    scene.start_run(scene.opened[0], "later")
    return scene.register(scene.opened[0], "later", "chunk-1", KEYS, content)


def ends_of(scene: LedgerScene, run_id: str) -> dict[RowEnd, int]:
    return Books(scene.opened[0]).count_ends(run_id)[TABLE]


def test_the_chunk_that_holds_the_newest_content_sends_it_and_no_other_does(
    scene: LedgerScene,
) -> None:
    first, second = load(scene, "first", OLD), load(scene, "second", NEW)
    assert first.grant(10, ()) == Finished()
    deliver(second)
    assert scene.query(CONTENTS) == [("delivered", NEW, "second")] * 2
    assert ends_of(scene, "first") == {RowEnd.ALREADY_DELIVERED: 2}
    assert n_owed_to_a_later_load(scene, NEW) == 0


def test_registering_an_older_chunk_again_does_not_make_it_the_newest(scene: LedgerScene) -> None:
    first, second = load(scene, "first", OLD), load(scene, "second", NEW)
    assert scene.register(scene.opened[0], "first", "chunk-1", KEYS, OLD) == 0
    assert first.grant(10, ()) == Finished()
    deliver(second)


def test_a_newer_content_waits_for_the_answer_to_an_older_one(scene: LedgerScene) -> None:
    first = load(scene, "first", OLD)
    sent = take_grant(first, 10).leads
    second = load(scene, "second", NEW)
    assert second.grant(10, ()) == Wait(1.0)
    first.record(each(sent, DELIVERED))
    deliver(second)
    assert scene.query(CONTENTS) == [
        *[("delivered", OLD, "first")] * 2,
        *[("delivered", NEW, "second")] * 2,
    ]


def test_it_does_not_wait_for_an_answer_that_can_no_longer_come(scene: LedgerScene) -> None:
    take_grant(load(scene, "first", OLD), 10)
    second = load(scene, "second", NEW)
    scene.clock.at += 3_600
    deliver(second)


def answer_late(scene: LedgerScene, first: ChunkGrants, sent: Grant, folder: Path) -> None:
    assert folder
    scene.clock.at += 3_600
    scene.opened[0].give_up_overdue()
    first.record(each(sent.leads, LATE))


def answer(scene: LedgerScene, first: ChunkGrants, sent: Grant, folder: Path) -> None:
    assert scene
    assert folder
    first.record(each(sent.leads, LATE))


def be_killed(scene: LedgerScene, first: ChunkGrants, sent: Grant, folder: Path) -> None:
    assert first
    assert sent
    (folder / f"{SENDER}.departures").write_bytes(b"")
    recover(scene.opened[0], folder)


COMING_BACK = pytest.mark.parametrize("come_back", [answer, answer_late, be_killed])
ComeBack = Callable[[LedgerScene, ChunkGrants, Grant, Path], None]


GAVE_WAY = "nothing: a newer content of the lead takes its place"


def steps_of(scene: LedgerScene, lead_key: str) -> list[str]:
    ledger = scene.opened[0]
    told = list_next_steps(read_story(ledger, [lead_key], NO_ORPHANS), [])
    return [step.removeprefix(f"{TABLE}, cycle {CYCLE}: ") for step in told]


@COMING_BACK
def test_an_older_content_that_never_arrived_gives_way_to_a_newer_one(
    scene: LedgerScene, come_back: ComeBack, tmp_path: Path
) -> None:
    first = load(scene, "first", OLD)
    sent = take_grant(first, 10)
    second = load(scene, "second", NEW)
    come_back(scene, first, sent, tmp_path)
    assert first.grant(10, ()) == Finished()
    deliver(second)
    assert ends_of(scene, "first") == {RowEnd.ALREADY_DELIVERED: 2}
    assert ends_of(scene, "second") == {RowEnd.DELIVERED: 2}
    assert scene.used == {"tech-1": 2}
    assert dict(scene.query("SELECT state, MIN(reason) FROM submissions GROUP BY state")) == {
        "refused": OVERTAKEN,
        "delivered": "accepted",
    }
    assert n_owed_to_a_later_load(scene, NEW) == 0
    assert audit(scene.opened[0]) == []
    assert steps_of(scene, KEYS[0]) == [GAVE_WAY, "nothing: Clay took it"]


def test_an_older_content_in_doubt_is_not_resent_after_a_newer_one(scene: LedgerScene) -> None:
    scene.config = make_config(resend="when_changed", on_in_doubt="resend")
    first = load(scene, "first", OLD)
    first.record(each(take_grant(first, 10).leads, LOST))
    second = load(scene, "second", NEW)
    scene.clock.at += 60
    assert first.grant(10, ()) == Finished()
    deliver(second)


def test_a_replay_leaves_out_what_a_newer_content_stands_for(scene: LedgerScene) -> None:
    first = load(scene, "first", OLD)
    first.record(each(take_grant(first, 10).leads, REFUSED))
    ledger = scene.opened[0]
    seen_before = find_replayable(ledger, "first", REPLAYABLE)
    assert len(seen_before) == 2
    (step,) = steps_of(scene, KEYS[0])
    assert "`clayload replay first --refused`" in step
    load(scene, "second", NEW)
    assert steps_of(scene, KEYS[0])[0] == GAVE_WAY
    assert find_replayable(ledger, "first", REPLAYABLE) == []
    assert _replay(scene, ledger, seen_before) == Finished()


def test_a_replay_that_was_interrupted_leaves_a_newer_content_to_its_load(
    scene: LedgerScene,
) -> None:
    first = load(scene, "first", OLD)
    first.record(each(take_grant(first, 10).leads, REFUSED))
    ledger = scene.opened[0]
    found = find_replayable(ledger, "first", REPLAYABLE)
    assert scene.replay(ledger, scene.chunk("interrupted", "chunk-1"), found) == 2
    left = find_replayable(ledger, "first", REPLAYABLE)
    assert len(left) == 2
    second = load(scene, "second", NEW)
    assert find_replayable(ledger, "first", REPLAYABLE) == []
    assert _replay(scene, ledger, left) == Finished()
    deliver(second)


def _replay(scene: LedgerScene, ledger: Ledger, leads: list[Replayable]) -> object:
    assert scene.replay(ledger, scene.chunk("replay", "chunk-1"), leads) == 0
    return scene.grants(ledger, "replay", "chunk-1").grant(10, ())


@pytest.mark.parametrize(
    ("before", "after"), [("when_changed", "each_cycle"), ("each_cycle", "when_changed")]
)
def test_a_table_that_changes_its_mind_has_the_newest_load_send(
    scene: LedgerScene, before: str, after: str
) -> None:
    contents = {"when_changed": OLD, "each_cycle": None}
    scene.config = make_config(resend=before)
    first = load(scene, "first", contents[before])
    scene.config = make_config(resend=after)
    second = load(scene, "second", contents[after])
    assert first.grant(10, ()) == Finished()
    sent = take_grant(second, 10).leads
    second.record(each(sent, REFUSED))
    assert scene.query(CONTENTS) == [("refused", contents[after], "second")] * 2
    found = find_replayable(scene.opened[0], "first", REPLAYABLE)
    assert scene.replay(scene.opened[0], scene.chunk("replay", "chunk-1"), found) == 2
    deliver(scene.grants(scene.opened[0], "replay", "chunk-1"))
    assert scene.query(CONTENTS) == [("delivered", contents[before], "replay")] * 2


def test_in_other_tables_the_first_chunk_to_come_sends(scene: LedgerScene) -> None:
    scene.config = make_config(resend="each_cycle")
    first, second = load(scene, "first", None), load(scene, "second", None)
    deliver(first)
    assert second.grant(10, ()) == Finished()
    assert scene.query("SELECT DISTINCT cycle, run_id FROM submissions") == [(CYCLE, "first")]
