"""Is a lead's newest content the last that arrives, whatever loads overlap, crash and are replayed?

The real store on a real database, two Ledger objects as two processes, time turned by hand.
A lead may change back to what it was: its contents are numbered as they are loaded ("0007b" is
what the seventh run had, and what is sent is "b"), so a greater one is a newer one.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from support.examples import count_dear
from support.scenes.ledger_places import Place, PostgresPlaces, SqlitePlaces
from support.scenes.ledger_scene import CYCLE, TABLE, TIMEOUT_S, LedgerScene, each, make_config

from clayload.delivery.grant import Finished, Grant, GrantedLead, Verdicts, Wait
from clayload.delivery.verdict import (
    Answered,
    AnswerLost,
    NotConnected,
    Verdict,
    VerdictKind,
    judge,
    unsent,
)
from clayload.ledger.audit.audit import audit
from clayload.ledger.granting.grants import ChunkGrants, GrantTerms
from clayload.ledger.granting.recovery import recover
from clayload.ledger.granting.register import Owing, register_chunk
from clayload.ledger.granting.reopen import find_replayable
from clayload.ledger.rules.boot_session import read_boot_id
from clayload.ledger.rules.departures import Departures
from clayload.ledger.rules.owing import Lead
from clayload.ledger.rules.states import REPLAYABLE
from clayload.model import ChunkRef

pytestmark = pytest.mark.hypothesis  # it marks no state machine; `make laws` asks for it
NOW = datetime(2026, 11, 2, tzinfo=UTC)
KEYS = ["ada", "bob"]
DELIVERED = judge(Answered(200, {}, ""), NOW)
REFUSED = judge(Answered(400, {}, ""), NOW)
LATE = unsent("its moment had passed")
verdicts = st.sampled_from(
    [DELIVERED] * 4
    + [REFUSED, judge(AnswerLost("reset"), NOW)]
    + [judge(NotConnected("refused"), NOW), LATE] * 2
)
NewPlace = Callable[[], AbstractContextManager[Place]]

NEWEST = """
SELECT lead_key, payload_hash, state FROM submissions WHERE submission_id IN (
    SELECT MAX(submission_id) FROM submissions GROUP BY lead_key
)
"""
OWED_BUT_NOT_NEWEST = """
SELECT lead_key FROM submissions WHERE state = 'pending' AND submission_id NOT IN (
    SELECT MAX(submission_id) FROM submissions GROUP BY lead_key
)
"""


@dataclass
class Chunk:
    """One chunk in one process, what it holds, and the grant it has: what it sends by that."""

    ref: ChunkRef
    sender: str
    grants: ChunkGrants
    contents: Mapping[str, str]
    open: Grant | None = None
    granted_at: float = 0.0
    sends: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Clay:
    """What arrived, or may have: (when, content) by lead, and which contents surely did."""

    arrived: dict[str, list[tuple[float, str]]] = field(default_factory=dict)
    delivered: list[tuple[str, str]] = field(default_factory=list)
    doubted: set[tuple[str, str]] = field(default_factory=set)

    def take(self, key: str, content: str, at: float) -> None:
        self.arrived.setdefault(key, []).append((at, content))

    def in_order(self, key: str) -> list[str]:
        return [content for _, content in sorted(self.arrived.get(key, ()), key=lambda it: it[0])]


CHUNK = st.integers(0, 2)
of_an_open_chunk = precondition(lambda machine: any(c.open for c in machine.all_chunks))


class ChangingLeads(RuleBasedStateMachine):
    """Loads of the same few leads, again and again with other contents."""

    def __init__(self, new_place: NewPlace, on_in_doubt: str) -> None:
        super().__init__()
        self.new_place = new_place
        self.on_in_doubt = on_in_doubt
        self.at_the_end = ExitStack()

    @initialize()
    def open_two(self) -> None:
        place = self.at_the_end.enter_context(self.new_place())
        self.notes = Path(self.at_the_end.enter_context(TemporaryDirectory()))
        config = make_config(
            workspace={"rate_per_s": 10_000.0, "burst": 10_000},
            resend="when_changed",
            on_in_doubt=self.on_in_doubt,
        )
        self.scene = LedgerScene(place, config)
        self.at_the_end.callback(self.scene.close)
        self.ledgers = [self.scene.open(), self.scene.open()]
        self.clay = Clay()
        self.newest: dict[str, str] = {}
        self.all_chunks: list[Chunk] = []
        self.n_runs = self.n_senders = 0
        # Where it all begins: a lead is under way when another load has it differently.
        self.load(KEYS, "aa", 0)
        self._ask(self.all_chunks[0], ())
        self.load(KEYS, "bb", 1)

    def teardown(self) -> None:
        """Let the ledger's own check look for damage: what is damaged stays so to the end."""
        with self.at_the_end:
            if hasattr(self, "clay"):
                assert not [found for found in audit(self.ledgers[0]) if found.is_damage]

    @rule(
        keys=st.sampled_from([KEYS, KEYS, KEYS[:1]]),
        payloads=st.text("abc", min_size=2, max_size=2),
        process=st.integers(0, 1),
    )
    def load(self, keys: list[str], payloads: str, process: int) -> None:
        ref = self._name_chunk()
        self.scene.start_run(self.ledgers[process], ref.run_id)
        contents = dict(zip(keys, payloads, strict=False))
        for key, payload in contents.items():
            if payload != _payload_of(self.newest.get(key, "")):
                self.newest[key] = f"{self.n_runs:04}{payload}"
        self._register(ref, contents, process)
        self.all_chunks.append(self._new_process(ref, contents, process))

    @rule(which=CHUNK, data=st.data())
    def record_and_ask(self, which: int, data: st.DataObject) -> None:
        chunk = _one_of(self.all_chunks, which)
        self._ask(chunk, [(lead, data.draw(verdicts)) for lead in _leads_of(chunk)])

    @of_an_open_chunk
    @rule(which=CHUNK, kind=verdicts)
    def record(self, which: int, kind: Verdict) -> None:
        chunk = _one_of(self._open(), which)
        chunk.grants.record(self._learn(chunk, each(_leads_of(chunk), kind)))

    @of_an_open_chunk
    @rule(which=CHUNK, n_departed=st.none() | st.integers(0, 2), process=st.integers(0, 1))
    def die_and_resume(self, which: int, n_departed: int | None, process: int) -> None:
        """With its machine, or alone: then others see how many leads had left."""
        chunk = _one_of(self._open(), which)
        departed = _leads_of(chunk)[:n_departed]
        self._doubt(chunk, departed)
        if n_departed is not None:
            note = b"".join(struct.pack("<q", lead.submission_id) for lead in departed)
            (self.notes / f"{chunk.sender}.departures").write_bytes(note)
            recover(self.ledgers[process], self.notes)
        self._register(chunk.ref, chunk.contents, process)
        chunk.__dict__.update(vars(self._new_process(chunk.ref, chunk.contents, process)))

    @rule(which=CHUNK, process=st.integers(0, 1))
    def replay(self, which: int, process: int) -> None:
        chunk, ledger = _one_of(self.all_chunks, which), self.ledgers[process]
        found = find_replayable(ledger, chunk.ref.run_id, REPLAYABLE)
        if not found:
            return
        contents = {lead.lead_key: str(lead.payload_hash) for lead in found}
        assert contents.items() <= chunk.contents.items()
        assert contents.items() <= self._newest_payloads().items()
        ref = self._name_chunk()
        assert self.scene.replay(ledger, ref, found) == len(found)
        self.all_chunks.append(self._new_process(ref, contents, process))

    @rule(seconds=st.sampled_from([1.0, 36.0]), process=st.integers(0, 1))
    def pass_time_and_give_up_overdue(self, seconds: float, process: int) -> None:
        self.scene.clock.at += seconds
        self.ledgers[process].give_up_overdue()

    @rule()
    def let_all_loads_end(self) -> None:
        for chunk in self.all_chunks:
            self._doubt(chunk, _leads_of(chunk))
            chunk.open = None
        self.scene.clock.at += 400
        self.ledgers[0].give_up_overdue()
        for chunk in self.all_chunks:
            while not isinstance(answer := self._deliver(chunk), Finished):
                self.scene.clock.at += answer.wait_s if isinstance(answer, Wait) else 0
        for key, content, state in self.scene.query(NEWEST):
            assert state in ("delivered", "refused", "in_doubt")
            if state == "delivered":
                assert self.clay.in_order(key)[-1] == self.newest[key]
                assert content == _payload_of(self.newest[key])

    def _newest_payloads(self) -> dict[str, str]:
        return {key: _payload_of(content) for key, content in self.newest.items()}

    def _open(self) -> list[Chunk]:
        return [chunk for chunk in self.all_chunks if chunk.open is not None]

    def _name_chunk(self) -> ChunkRef:
        self.n_runs += 1
        return self.scene.chunk(f"run-{self.n_runs}", "chunk-1")

    def _register(self, ref: ChunkRef, contents: Mapping[str, str], process: int) -> None:
        leads = [Lead(n, key, content) for n, (key, content) in enumerate(contents.items())]
        register_chunk(
            self.ledgers[process], ref, Owing(CYCLE, self.scene.config.tables[TABLE]), leads
        )

    def _new_process(self, ref: ChunkRef, contents: Mapping[str, str], process: int) -> Chunk:
        self.n_senders += 1
        sender = f"{read_boot_id()}.{self.n_senders}"
        terms = GrantTerms(self.scene.config, TIMEOUT_S, Departures(sender))
        return Chunk(ref, sender, ChunkGrants(self.ledgers[process], ref, terms), contents)

    def _deliver(self, chunk: Chunk) -> object:
        return self._ask(chunk, each(_leads_of(chunk), DELIVERED))

    def _ask(self, chunk: Chunk, told: Verdicts) -> object:
        answer = chunk.grants.grant(len(KEYS), self._learn(chunk, told))
        chunk.open = answer if isinstance(answer, Grant) else None
        chunk.granted_at = self.scene.clock()
        # Nothing is granted but what the lead is now, in whichever chunk's file.
        chunk.sends = {lead.lead_key: self.newest[lead.lead_key] for lead in _leads_of(chunk)}
        assert all(
            chunk.contents[key] == _payload_of(content) for key, content in chunk.sends.items()
        )
        return answer

    def _learn(self, chunk: Chunk, told: Verdicts) -> Verdicts:
        at = self._latest_arrival(chunk)
        for lead, verdict in told:
            key, content = lead.lead_key, chunk.sends[lead.lead_key]
            if verdict.kind is VerdictKind.DELIVERED:
                self.clay.take(key, content, at)
                self.clay.delivered.append((key, content))
            if verdict.kind is VerdictKind.IN_DOUBT or at < self.scene.clock():
                self._doubt(chunk, [lead])
        chunk.open = None
        return told

    def _doubt(self, chunk: Chunk, leads: Iterable[GrantedLead]) -> None:
        """These leads of the open grant may have arrived."""
        for lead in leads:
            key, content = lead.lead_key, chunk.sends[lead.lead_key]
            self.clay.take(key, content, self._latest_arrival(chunk))
            self.clay.doubted.add((key, content))

    def _latest_arrival(self, chunk: Chunk) -> float:
        """What is told late was answered in time, or the request would have been given up."""
        return min(self.scene.clock(), chunk.granted_at + TIMEOUT_S)

    @invariant()
    def nothing_older_arrives_after_something_newer(self) -> None:
        if hasattr(self, "clay"):
            for key in KEYS:
                assert self.clay.in_order(key) == sorted(self.clay.in_order(key))

    @invariant()
    def no_content_is_delivered_twice_unless_it_was_in_doubt(self) -> None:
        if hasattr(self, "clay"):
            sure = [one for one in self.clay.delivered if one not in self.clay.doubted]
            assert len(sure) == len(set(sure))

    @invariant()
    def the_ledger_names_what_was_sent_and_owes_what_is_newest(self) -> None:
        if not hasattr(self, "clay"):
            return
        sent = self.scene.query(
            "SELECT lead_key, payload_hash FROM submissions WHERE state = 'delivered'"
        )
        assert set(sent) <= {(key, _payload_of(content)) for key, content in self.clay.delivered}
        newest = {key: content for key, content, _ in self.scene.query(NEWEST)}
        assert newest == self._newest_payloads()
        assert self.scene.query(OWED_BUT_NOT_NEWEST) == []


def _payload_of(content: str) -> str:
    return content[4:]


def _one_of(chunks: Sequence[Chunk], which: int) -> Chunk:
    """One of those that came last: most happens between them."""
    return chunks[-1 - which % len(chunks)]


def _leads_of(chunk: Chunk) -> tuple[GrantedLead, ...]:
    return () if chunk.open is None else chunk.open.leads


def _hold(new_place: NewPlace, on_in_doubt: str, n_examples: int) -> None:
    class Laws(ChangingLeads):
        def __init__(self) -> None:
            super().__init__(new_place, on_in_doubt)

    how = settings(max_examples=count_dear(n_examples), stateful_step_count=20)
    run_state_machine_as_test(Laws, settings=how)


@pytest.mark.parametrize("on_in_doubt", ["hold", "resend"])
def test_the_newest_content_is_the_last_to_arrive_on_sqlite(
    sqlite_places: SqlitePlaces, on_in_doubt: str
) -> None:
    _hold(sqlite_places.new, on_in_doubt, 10)


@pytest.mark.parametrize("on_in_doubt", ["hold", "resend"])
def test_the_newest_content_is_the_last_to_arrive_on_postgres(
    postgres_places: PostgresPlaces, on_in_doubt: str
) -> None:
    _hold(postgres_places.new, on_in_doubt, 4)
