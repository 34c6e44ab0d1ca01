"""Do the ledger's laws hold under any interleaving of grants, verdicts, crashes and resumed runs?

The real store on a real database, two Ledger objects as two processes, time turned by hand.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from support.examples import count_dear
from support.scenes.fakes import TokenBucket
from support.scenes.ledger_model import LedgerModel
from support.scenes.ledger_places import Place, PostgresPlaces, SqlitePlaces
from support.scenes.ledger_scene import CYCLE, TABLE, TIMEOUT_S, LedgerScene, make_config

from clayload.delivery.budget import OverBudget
from clayload.delivery.grant import (
    Exhausted,
    Finished,
    Grant,
    GrantAnswer,
    GrantedLead,
    Verdicts,
)
from clayload.delivery.sample import ApprovalRequired, Decision
from clayload.delivery.verdict import Answered, AnswerLost, NotConnected, judge, unsent
from clayload.ledger.audit.audit import audit
from clayload.ledger.audit.charges import check_charges
from clayload.ledger.books.run_books import Books
from clayload.ledger.granting.grants import ChunkGrants, GrantTerms
from clayload.ledger.granting.recovery import recover
from clayload.ledger.granting.reopen import find_replayable
from clayload.ledger.granting.sampling import open_sample, record_decision
from clayload.ledger.moment import consistent_read
from clayload.ledger.rules.boot_session import read_boot_id
from clayload.ledger.rules.departures import Departures
from clayload.ledger.rules.owing import Lead
from clayload.ledger.rules.states import REPLAYABLE
from clayload.model import ChunkRef, Priority
from clayload.tables.costs import LeadCost
from clayload.tables.tables_file import TablesConfig

pytestmark = pytest.mark.hypothesis  # it marks no state machine; `make laws` asks for it
NOW = datetime(2026, 11, 2, tzinfo=UTC)
KEYS = [f"lead-{i:02}" for i in range(24)]
ROW_LIMIT, RATE_PER_S, BURST = 19, 10.0, 6
COSTS = (1.5, 2.25, 0.0)
SAFE_LIMITS = {"tech-1": 9, "tech-2": 4, "tech-3": 30}
USED_BEFORE = {"tech-1": 2, "tech-2": 0, "tech-3": 0}


@dataclass(frozen=True)
class Limits:
    """Budgets in credits, loose or tight, and how many leads are a sample."""

    per_day: float
    per_cycle: float
    sample_first: int | None = None


LOOSE, TIGHT, SAMPLED = Limits(12.5, 40.0), Limits(4.0, 7.75), Limits(12.5, 40.0, 5)


def _config(on_in_doubt: str, limits: Limits) -> TablesConfig:
    return make_config(
        *(
            {"name": name, "safe_limit": limit, "already_used": USED_BEFORE[name]}
            for name, limit in SAFE_LIMITS.items()
        ),
        workspace={
            "rate_per_s": RATE_PER_S,
            "burst": BURST,
            "budget": {"credits_per_billing_month": limits.per_cycle},
        },
        budget={"credits_per_day": limits.per_day},
        row_limit=ROW_LIMIT,
        sample_first=limits.sample_first,
        on_in_doubt=on_in_doubt,
    )


def _by_month(spent: Mapping[str, int]) -> Counter[str]:
    months: Counter[str] = Counter()
    for day, n in spent.items():
        months[day[:7]] += n
    return months


NewPlace = Callable[[], AbstractContextManager[Place]]

# Deliveries more often than the rest, or every slot is soon refused.
verdicts = st.sampled_from(
    [judge(Answered(200, {}, ""), NOW)] * 5
    + [judge(Answered(status, {}, ""), NOW) for status in (400, 429, 503)]
    + [judge(NotConnected("refused"), NOW), judge(AnswerLost("reset"), NOW), unsent("late")]
)
slot_verdicts = st.sampled_from(
    [
        judge(Answered(401, {}, ""), NOW),
        judge(Answered(403, {}, "Record limit reached for webhook"), NOW),
    ]
)


@dataclass
class Chunk:
    """One chunk in one process, and the grant it holds."""

    ref: ChunkRef
    sender: str
    grants: ChunkGrants
    cost: float
    open: Grant | None = None


class LedgerLaws(RuleBasedStateMachine):
    """Random loads on one ledger."""

    chunks = Bundle("chunks")

    def __init__(self, new_place: NewPlace, on_in_doubt: str, limits: Limits) -> None:
        super().__init__()
        self.limits = limits
        self.new_place = new_place
        self.on_in_doubt = on_in_doubt
        self.at_the_end = ExitStack()

    @initialize()
    def open_two(self) -> None:
        place = self.at_the_end.enter_context(self.new_place())
        self.notes = Path(self.at_the_end.enter_context(TemporaryDirectory()))
        self.scene = LedgerScene(place, _config(self.on_in_doubt, self.limits))
        self.at_the_end.callback(self.scene.close)
        self.ledgers = [self.scene.open(), self.scene.open()]
        self.model = LedgerModel(
            resends=self.on_in_doubt == "resend", n_allowed=self.limits.sample_first
        )
        self.n_senders = 0

    def teardown(self) -> None:
        """Let the ledger's own check look for damage: what is damaged stays so to the end."""
        with self.at_the_end:
            if hasattr(self, "model"):
                assert not [found for found in audit(self.ledgers[0]) if found.is_damage]

    @rule(
        target=chunks,
        keys=st.lists(st.sampled_from(KEYS), min_size=1, unique=True),
        process=st.integers(0, 1),
        is_resumed=st.booleans(),
        priority=st.sampled_from(Priority),
    )
    def start_run(
        self, keys: list[str], process: int, priority: Priority, *, is_resumed: bool
    ) -> Chunk:
        ledger, run_id = self.ledgers[process], f"run-{len(self.model.runs)}"
        self._give_up(self.scene.clock())
        self.scene.start_run(ledger, run_id)
        keys = KEYS if is_resumed else keys
        n_owed = self.scene.register(ledger, run_id, "chunk-1", keys)
        assert n_owed == self.model.register(run_id, keys)
        ref = replace(self.scene.chunk(run_id, "chunk-1"), priority=priority)
        return self._new_process(ref, process)

    @rule(chunk=chunks, n=st.integers(1, 8), data=st.data())
    def record_and_ask(self, chunk: Chunk, n: int, data: st.DataObject) -> None:
        told = [(lead, data.draw(verdicts)) for lead in self._leads_of(chunk)]
        self._learn(chunk, told)
        self._check_answer(chunk, n, chunk.grants.grant(n, told))

    @rule(chunk=chunks, data=st.data())
    def record(self, chunk: Chunk, data: st.DataObject) -> None:
        told = [(lead, data.draw(verdicts | slot_verdicts)) for lead in self._leads_of(chunk)]
        self._learn(chunk, told)
        chunk.grants.record(told)

    @rule(chunk=chunks, process=st.integers(0, 1))
    def vanish_and_resume_in_another_process(self, chunk: Chunk, process: int) -> None:
        """As if its machine were gone: nobody can look what had left."""
        chunk.__dict__.update(vars(self._new_process(chunk.ref, process)))

    @rule(chunk=chunks, n_departed=st.integers(0, 8), process=st.integers(0, 1))
    def kill_and_recover(self, chunk: Chunk, n_departed: int, process: int) -> None:
        departed = self._leads_of(chunk)[:n_departed]
        note = b"".join(struct.pack("<q", lead.submission_id) for lead in departed)
        (self.notes / f"{chunk.sender}.departures").write_bytes(note)
        recover(self.ledgers[process], self.notes)
        if chunk.open is not None:
            self.model.recover(chunk.open, [lead.lead_key for lead in departed])
        chunk.__dict__.update(vars(self._new_process(chunk.ref, process)))

    @rule(target=chunks, data=st.data(), process=st.integers(0, 1))
    def replay(self, data: st.DataObject, process: int) -> Chunk | MultipleResults[Chunk]:
        run_id = f"run-{len(self.model.runs)}"
        ledger, parents = self.ledgers[process], list(self.model.runs)
        if not parents:
            return multiple()
        found = find_replayable(ledger, data.draw(st.sampled_from(parents)), REPLAYABLE)
        if not found:
            return multiple()
        self._give_up(self.scene.clock())
        ref = self.scene.chunk(run_id, "chunk-1")
        assert self.scene.replay(ledger, ref, found) == len(found)
        self.model.replay(run_id, [lead.lead_key for lead in found])
        return self._new_process(ref, process)

    @rule(process=st.integers(0, 1))
    def hold_or_release(self, process: int) -> None:
        ledger, name = self.ledgers[process], self.scene.config.workspace.name
        if not self.model.runs:
            return
        self.model.is_paused = not self.model.is_paused
        if self.model.is_paused:
            ledger.pause(name, "a person says so")
        else:
            ledger.unpause(name)

    @rule(process=st.integers(0, 1), decision=st.sampled_from(Decision), n_more=st.integers(1, 4))
    def record_decision(self, process: int, decision: Decision, n_more: int) -> None:
        if self.limits.sample_first is None or not self.model.runs:
            return
        ledger = self.ledgers[process]
        record_decision(ledger, open_sample(ledger, "run-0", TABLE), decision, n_more)
        self.model.record_decision(decision, n_more)

    @rule(seconds=st.sampled_from([0.01, 0.1, 0.5, 1.0, 5.0, 36.0, 400.0, 86_400.0]))
    def pass_time(self, seconds: float) -> None:
        self.scene.clock.at += seconds

    @rule(process=st.integers(0, 1))
    def give_up_overdue(self, process: int) -> None:
        n_given_up = self._give_up(self.scene.clock())
        assert self.ledgers[process].give_up_overdue() == n_given_up

    def _new_process(self, ref: ChunkRef, process: int) -> Chunk:
        self.n_senders += 1
        sender = f"{read_boot_id()}.{self.n_senders}"
        # As if somebody had changed what a lead costs.
        cost = COSTS[self.n_senders % len(COSTS)]
        costs = {ref.table: LeadCost(cost, 0.0)}
        terms = GrantTerms(self.scene.config, TIMEOUT_S, Departures(sender), costs)
        return Chunk(ref, sender, ChunkGrants(self.ledgers[process], ref, terms), cost)

    def _leads_of(self, chunk: Chunk) -> Sequence[GrantedLead]:
        return () if chunk.open is None else chunk.open.leads

    def _learn(self, chunk: Chunk, told: Verdicts) -> None:
        if chunk.open is not None:
            self.model.learn(chunk.open, told)
        chunk.open = None

    def _check_answer(self, chunk: Chunk, n: int, answer: GrantAnswer) -> None:
        assert isinstance(answer, Finished) == (not self.model.owed_by(chunk.ref.run_id))
        if isinstance(answer, Exhausted):
            assert self._is_exhausted()
        if isinstance(answer, ApprovalRequired):
            assert self.model.n_allowed is not None
            assert self.model.charged.total() >= self.model.n_allowed
        if isinstance(answer, OverBudget):
            assert self._is_over_budget(chunk.cost)
        if isinstance(answer, Grant):
            assert not self.model.is_paused
            assert 1 <= len(answer.leads) <= n
            self.model.grant(answer, self.scene.clock(), round(chunk.cost * 1_000))
            chunk.open = answer

    def _is_over_budget(self, cost: float) -> bool:
        today = datetime.fromtimestamp(self.scene.clock(), UTC).date().isoformat()
        per_day = self.model.spent[today] / 1_000
        per_cycle = _by_month(self.model.spent)[today[:7]] / 1_000
        return per_day + cost > self.limits.per_day or per_cycle + cost > self.limits.per_cycle

    def _is_exhausted(self) -> bool:
        rows = self.scene.query("SELECT slot, used, state FROM slots")
        is_spent = all(
            state != "active" or used + USED_BEFORE[slot] >= SAFE_LIMITS[slot]
            for slot, used, state in rows
        )
        return is_spent or self.scene.rows_used + sum(USED_BEFORE.values()) >= ROW_LIMIT

    def _give_up(self, now: float) -> int:
        overdue = self.scene.query(
            "SELECT lead_key FROM submissions WHERE state = 'sending' AND give_up_at < ?", now
        )
        self.model.give_up(key for (key,) in overdue)
        return len(overdue)

    @invariant()
    def every_lead_stands_where_the_rules_put_it(self) -> None:
        if hasattr(self, "model"):
            assert self.scene.states == self.model.states

    @invariant()
    def slots_and_rows_are_charged_for_exactly_what_may_have_been_accepted(self) -> None:
        if not hasattr(self, "model") or not self.model.runs:
            return
        charged = +self.model.charged
        assert self.scene.used == dict(charged)
        assert self.scene.rows_used == charged.total()
        assert charged.total() + sum(USED_BEFORE.values()) <= ROW_LIMIT
        for slot, n in charged.items():
            assert n + USED_BEFORE[slot] <= SAFE_LIMITS[slot]

    @invariant()
    def what_is_spent_is_what_was_charged_and_never_over_budget(self) -> None:
        if not hasattr(self, "model"):
            return
        spent = {day: credits_milli for day, (credits_milli, _) in self.scene.spent.items()}
        assert {day: n for day, n in spent.items() if n} == dict(+self.model.spent)
        assert max(spent.values(), default=0) <= self.limits.per_day * 1_000
        assert max(_by_month(spent).values(), default=0) <= self.limits.per_cycle * 1_000

    @invariant()
    def a_sample_counts_just_what_may_have_been_accepted(self) -> None:
        if hasattr(self, "model") and self.limits.sample_first is not None:
            counted = self.scene.query("SELECT n_sent FROM samples")
            assert sum(n for (n,) in counted) == self.model.charged.total()

    @invariant()
    def the_charges_agree_with_each_other(self) -> None:
        if hasattr(self, "model"):
            with consistent_read(self.ledgers[0]) as moment:
                assert not list(check_charges(moment.connection))

    @invariant()
    def the_rate_is_never_passed(self) -> None:
        if hasattr(self, "model"):
            bucket = TokenBucket(RATE_PER_S, BURST)
            assert all(bucket.take(at) for at in sorted(self.model.moments))

    @invariant()
    def the_books_of_every_run_balance(self) -> None:
        if not hasattr(self, "model"):
            return
        books = Books(self.ledgers[0])
        for run_id, keys in list(self.model.runs.items())[-2:]:
            ends = sum((Counter(table) for table in books.count_ends(run_id).values()), Counter())
            assert ends.total() == len(keys)
        states = self.model.states
        owed = {k for k, s in states.items() if s == "sending" or self.model.may_be_granted(k)}
        leads = [Lead(row_number, key) for row_number, key in enumerate(states)]
        ((name, table),) = self.scene.config.tables.items()
        assert books.owed_keys(name, table, CYCLE, leads) == owed


def _hold(new_place: NewPlace, on_in_doubt: str, n_examples: int, limits: Limits = LOOSE) -> None:
    class Laws(LedgerLaws):
        def __init__(self) -> None:
            super().__init__(new_place, on_in_doubt, limits)

    how = settings(max_examples=count_dear(n_examples), stateful_step_count=40)
    run_state_machine_as_test(Laws, settings=how)


@pytest.mark.parametrize(("on_in_doubt", "n_examples"), [("hold", 9), ("resend", 6)])
def test_the_ledgers_laws_hold_on_sqlite(
    sqlite_places: SqlitePlaces, on_in_doubt: str, n_examples: int
) -> None:
    _hold(sqlite_places.new, on_in_doubt, n_examples)


@pytest.mark.parametrize(("on_in_doubt", "n_examples"), [("hold", 4), ("resend", 3)])
def test_the_ledgers_laws_hold_on_postgres(
    postgres_places: PostgresPlaces, on_in_doubt: str, n_examples: int
) -> None:
    _hold(postgres_places.new, on_in_doubt, n_examples)


def test_the_ledgers_laws_hold_under_a_tight_budget_on_sqlite(sqlite_places: SqlitePlaces) -> None:
    _hold(sqlite_places.new, "resend", 6, TIGHT)


def test_the_ledgers_laws_hold_under_a_tight_budget_on_postgres(
    postgres_places: PostgresPlaces,
) -> None:
    _hold(postgres_places.new, "hold", 3, TIGHT)


def test_the_ledgers_laws_hold_with_a_sample_on_sqlite(sqlite_places: SqlitePlaces) -> None:
    _hold(sqlite_places.new, "resend", 4, SAMPLED)


def test_the_ledgers_laws_hold_with_a_sample_on_postgres(postgres_places: PostgresPlaces) -> None:
    _hold(postgres_places.new, "hold", 2, SAMPLED)
