"""After a process is killed: is only that in doubt which it had put on the wire?"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.scenes.ledger_scene import TABLE, LedgerScene, each, take_grant

from clayload.delivery.grant import Grant
from clayload.delivery.verdict import Verdict, VerdictKind
from clayload.ledger.books.orphans import NO_ORPHANS, Orphans, find_orphans
from clayload.ledger.books.pauses import InFlight, count_in_flight
from clayload.ledger.books.run_books import Books, LeadRow
from clayload.ledger.granting.grants import ChunkGrants, GrantTerms
from clayload.ledger.granting.recovery import Recovered, recover
from clayload.ledger.granting.reopen import Replayable, find_replayable
from clayload.ledger.rules.departures import Departures, ended_senders, open_departures
from clayload.ledger.rules.states import REPLAYABLE, SubmissionState
from clayload.ledger.rules.unanswered import LOST
from clayload.ledger.store import Ledger
from clayload.model import RowEnd

DELIVERED = Verdict(VerdictKind.DELIVERED, "accepted", 200)
KEYS = [f"lead-{i:02}" for i in range(12)]
NOTES_AND_WAITS = """
import sys
from pathlib import Path
from clayload.ledger.rules.departures import open_departures
departures = open_departures(Path(sys.argv[1]))
for submission_id in map(int, sys.argv[2:]):
    departures.note(submission_id)
print(departures.sender, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """The folder in which processes note what leaves."""
    folder = tmp_path / "departures"
    folder.mkdir()
    return folder


@contextmanager
def _sender(folder: Path, *departed: int) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Another process that has noted these departures and lives on."""
    command = [sys.executable, "-c", NOTES_AND_WAITS, str(folder), *map(str, departed)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip(), process
        finally:
            process.kill()


def _grant_to(scene: LedgerScene, sender: str, n: int) -> tuple[ChunkGrants, Grant]:
    ledger = scene.open()
    scene.start_run(ledger, "run-1")
    scene.register(ledger, "run-1", "chunk-1", KEYS)
    terms = GrantTerms(scene.config, 30.0, Departures(sender))
    grants = ChunkGrants(ledger, scene.chunk("run-1", "chunk-1"), terms)
    return grants, take_grant(grants, n)


def test_what_a_killed_process_had_not_sent_is_owed_again_and_the_rest_in_doubt_at_once(
    scene: LedgerScene, notes: Path
) -> None:
    with _sender(notes, 2, 4, 99) as (sender, process):
        _grant_to(scene, sender, 6)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert recover(scene.opened[0], notes) == Recovered(n_taken_back=4, n_in_doubt=2)
    states = list(scene.states.values())
    assert [states[i] for i in (1, 3)] == ["in_doubt"] * 2
    assert states.count("pending") == len(KEYS) - 2
    assert scene.used == {"tech-1": 2}
    assert scene.rows_used == 2
    assert list(notes.iterdir()) == []


def test_a_process_that_lives_is_left_alone(scene: LedgerScene, notes: Path) -> None:
    with _sender(notes, 1) as (sender, process):
        _grant_to(scene, sender, 6)
        assert recover(scene.opened[0], notes) == Recovered()
        assert process.poll() is None
        assert list(scene.states.values())[:6] == ["sending"] * 6


def test_what_a_process_had_recorded_before_it_was_killed_stands(
    scene: LedgerScene, notes: Path
) -> None:
    with _sender(notes, 1, 2, 3, 4) as (sender, process):
        grants, first = _grant_to(scene, sender, 3)
        take_grant(grants, 3, each(first.leads, DELIVERED))
        process.kill()
        process.wait()
        assert recover(scene.opened[0], notes) == Recovered(n_taken_back=2, n_in_doubt=1)
    assert list(scene.states.values())[:4] == ["delivered"] * 3 + ["in_doubt"]


def test_recovering_twice_or_at_once_settles_each_lead_once(
    scene: LedgerScene, notes: Path
) -> None:
    with _sender(notes, 1) as (sender, process):
        _grant_to(scene, sender, 4)
        process.kill()
        process.wait()
        with ended_senders(notes) as found_by_another:
            assert [ended.sender for ended in found_by_another] == [sender]
            assert recover(scene.opened[0], notes) == Recovered(3, 1)
        assert recover(scene.opened[0], notes) == Recovered()
    assert scene.used == {"tech-1": 1}


def _leave_two_departed_and_two_elsewhere(scene: LedgerScene, notes: Path) -> Ledger:
    """Two of a dead process's four leads had left; a process of another machine has two."""
    with _sender(notes, 1, 3) as (sender, process):
        _grant_to(scene, sender, 4)
        process.kill()
        process.wait()
    take_grant(_grants_of(scene, "of-another-machine"), 2)
    return scene.opened[0]


def test_in_flight_is_only_what_a_process_still_awaits_the_answer_of(
    scene: LedgerScene, notes: Path
) -> None:
    ledger = _leave_two_departed_and_two_elsewhere(scene, notes)
    assert _fly(ledger, notes).n_leads == 2
    scene.clock.at += 60
    assert _fly(ledger, notes) == InFlight(0, None)
    with _sender(notes, 7) as (sender, _):
        take_grant(_grants_of(scene, sender), 3)
        in_flight = _fly(ledger, notes)
    assert in_flight.n_leads == 3
    assert in_flight.recorded_by is not None
    assert in_flight.recorded_by > scene.clock()


def _fly(ledger: Ledger, notes: Path) -> InFlight:
    return count_in_flight(ledger, {TABLE}, find_orphans(ledger, notes))


def test_who_only_looks_sees_what_a_recovery_then_writes_down(
    scene: LedgerScene, notes: Path
) -> None:
    ledger = _leave_two_departed_and_two_elsewhere(scene, notes)
    scene.clock.at += 60
    with _sender(notes, 7) as (sender, _):
        take_grant(_grants_of(scene, sender), 2)
        before = _table_rows(scene)
        seen = _look(ledger, find_orphans(ledger, notes))
        assert _table_rows(scene) == before
        recover(ledger, notes)
        ledger.give_up_overdue()
        assert _look(ledger, find_orphans(ledger, notes)) == _look(ledger, NO_ORPHANS) == seen
    ends, in_doubt, replayable = seen
    assert ends == {TABLE: {RowEnd.PENDING: 8, RowEnd.IN_DOUBT: 4}}
    assert len(in_doubt) == len(replayable) == 4
    assert {(lead.reason, lead.n_attempts) for lead in in_doubt} == {(LOST, 1)}


def _grants_of(scene: LedgerScene, sender: str) -> ChunkGrants:
    terms = GrantTerms(scene.config, 30.0, Departures(sender))
    return ChunkGrants(scene.open(), scene.chunk("run-1", "chunk-1"), terms)


def _table_rows(scene: LedgerScene) -> list[tuple[object, ...]]:
    return sorted(scene.query("SELECT * FROM submissions"))


def _look(
    ledger: Ledger, left: Orphans
) -> tuple[dict[str, dict[RowEnd, int]], list[LeadRow], list[Replayable]]:
    books = Books(ledger, left)
    in_doubt = books.leads_in("run-1", SubmissionState.IN_DOUBT)
    return books.count_ends("run-1"), in_doubt, find_replayable(ledger, "run-1", REPLAYABLE, left)


def test_notes_from_before_the_machine_was_started_anew_prove_nothing(
    scene: LedgerScene, notes: Path
) -> None:
    (notes / "another-boot.0123.departures").touch()
    _grant_to(scene, "another-boot.0123", 4)
    assert recover(scene.opened[0], notes) == Recovered()
    assert list(scene.states.values())[:4] == ["sending"] * 4
    assert list(notes.iterdir()) == []


def test_a_note_that_was_cut_short_is_of_a_lead_that_did_not_leave(notes: Path) -> None:
    with _sender(notes, 7, 8) as (_, process):
        process.kill()
        process.wait()
        (path,) = notes.iterdir()
        path.write_bytes(path.read_bytes()[:-3])
        with ended_senders(notes) as (ended,):
            assert ended.departed == {7}


def test_this_process_is_not_taken_for_ended(notes: Path) -> None:
    departures = open_departures(notes)
    departures.note(1)
    with ended_senders(notes) as ended:
        assert ended == []
    assert departures.sender
