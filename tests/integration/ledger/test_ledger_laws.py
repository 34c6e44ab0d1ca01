"""Do the ledger's laws hold under any interleaving of grants, verdicts, crashes and resumed runs?

The real store on a real database, two Ledger objects as two processes, time turned by hand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from fakes import TokenBucket
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from ledger_places import Place, PostgresPlaces, SqlitePlaces
from ledger_scene import CYCLE, LedgerScene, make_config

from clayload.delivery.grant import Exhausted, Finished, Grant, GrantAnswer
from clayload.delivery.verdict import (
    Answered,
    AnswerLost,
    NotConnected,
    Verdict,
    judge,
    unsent,
)
from clayload.ledger.books import Books
from clayload.ledger.grants import ChunkGrants
from clayload.ledger.owing import Lead
from clayload.ledger.states import AFTER_VERDICT

NOW = datetime(2026, 11, 2, tzinfo=UTC)
KEYS = [f"lead-{i:02}" for i in range(24)]
ROW_LIMIT, RATE_PER_S, BURST = 19, 10.0, 6
SAFE_LIMITS = {"tech-1": 9, "tech-2": 4, "tech-3": 30}
USED_BEFORE = {"tech-1": 2, "tech-2": 0, "tech-3": 0}
CONFIG = make_config(
    *(
        {"name": name, "safe_limit": limit, "used_before": USED_BEFORE[name]}
        for name, limit in SAFE_LIMITS.items()
    ),
    workspace={"rate_per_s": RATE_PER_S, "burst": BURST},
    row_limit=ROW_LIMIT,
)

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

    run_id: str
    chunk_id: str
    grants: ChunkGrants
    open: Grant | None = None


@dataclass
class Model:
    """What must be so, by the rules of design.md §2 and §5 alone."""

    states: dict[str, str] = field(default_factory=dict)
    granted_under: dict[str, str] = field(default_factory=dict)
    runs: dict[str, set[str]] = field(default_factory=dict)
    moments: list[float] = field(default_factory=list)


class LedgerLaws(RuleBasedStateMachine):
    """Random loads on one ledger."""

    chunks = Bundle("chunks")

    def __init__(self, new_place: NewPlace) -> None:
        super().__init__()
        self.new_place = new_place
        self.at_the_end = ExitStack()

    @initialize()
    def open_two(self) -> None:
        place = self.at_the_end.enter_context(self.new_place())
        self.scene = LedgerScene(place, CONFIG)
        self.at_the_end.callback(self.scene.close)
        self.ledgers = [self.scene.open(), self.scene.open()]
        self.model = Model()

    def teardown(self) -> None:
        self.at_the_end.close()

    @rule(
        target=chunks,
        keys=st.lists(st.sampled_from(KEYS), min_size=1, unique=True),
        process=st.integers(0, 1),
        is_resumed=st.booleans(),
    )
    def start_run(self, keys: list[str], process: int, *, is_resumed: bool) -> Chunk:
        ledger, run_id = self.ledgers[process], f"run-{len(self.model.runs)}"
        self._give_up(self.scene.clock())
        self.scene.start_run(ledger, run_id)
        keys = KEYS if is_resumed else keys
        n_owed = self.scene.register(ledger, run_id, "chunk-1", keys)
        for key in keys:
            self.model.states.setdefault(key, "pending")
        self.model.runs[run_id] = set(keys)
        assert n_owed == sum(self.model.states[key] == "pending" for key in keys)
        return Chunk(run_id, "chunk-1", self.scene.grants(ledger, run_id, "chunk-1"))

    @rule(chunk=chunks, n=st.integers(1, 8), data=st.data())
    def record_and_ask(self, chunk: Chunk, n: int, data: st.DataObject) -> None:
        told = [(lead, data.draw(verdicts)) for lead in self._leads_of(chunk)]
        self._learn(chunk, [(lead.lead_key, verdict) for lead, verdict in told])
        answer = chunk.grants.grant(n, told)
        self._check_answer(chunk, n, answer)

    @rule(chunk=chunks, data=st.data())
    def record(self, chunk: Chunk, data: st.DataObject) -> None:
        one_of_both = verdicts | slot_verdicts
        told = [(lead, data.draw(one_of_both)) for lead in self._leads_of(chunk)]
        self._learn(chunk, [(lead.lead_key, verdict) for lead, verdict in told])
        chunk.grants.record(told)

    @rule(chunk=chunks, process=st.integers(0, 1))
    def crash_and_resume_in_another_process(self, chunk: Chunk, process: int) -> None:
        chunk.open = None
        chunk.grants = self.scene.grants(self.ledgers[process], chunk.run_id, chunk.chunk_id)

    @rule(seconds=st.sampled_from([0.01, 0.1, 0.5, 1.0, 5.0, 36.0, 400.0]))
    def pass_time(self, seconds: float) -> None:
        self.scene.clock.at += seconds

    @rule(process=st.integers(0, 1))
    def give_up_overdue(self, process: int) -> None:
        n_given_up = self._give_up(self.scene.clock())
        assert self.ledgers[process].give_up_overdue() == n_given_up

    def _leads_of(self, chunk: Chunk) -> tuple:  # type: ignore[type-arg] # of GrantedLead
        return () if chunk.open is None else chunk.open.leads

    def _learn(self, chunk: Chunk, told: list[tuple[str, Verdict]]) -> None:
        """Only the grant a lead was last sent under may speak of it, and never of a settled one."""
        for key, verdict in told:
            assert chunk.open is not None
            is_its_grant = self.model.granted_under[key] == chunk.open.grant_id
            if is_its_grant and self.model.states[key] in ("sending", "in_doubt"):
                self.model.states[key] = AFTER_VERDICT[verdict.kind].value
        chunk.open = None

    def _check_answer(self, chunk: Chunk, n: int, answer: GrantAnswer) -> None:
        mine = [k for k in self.model.runs[chunk.run_id] if self.model.states[k] == "pending"]
        assert isinstance(answer, Finished) == (not mine)
        if isinstance(answer, Exhausted):
            assert self._is_exhausted()
        if not isinstance(answer, Grant):
            return
        assert 1 <= len(answer.leads) <= n
        for lead in answer.leads:
            assert self.model.states[lead.lead_key] == "pending", "granted twice"
            self.model.states[lead.lead_key] = "sending"
            self.model.granted_under[lead.lead_key] = answer.grant_id
            self.model.moments.append(self.scene.clock() + lead.delay_s)
        chunk.open = answer

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
        for (key,) in overdue:
            assert self.model.states[key] == "sending"
            self.model.states[key] = "in_doubt"
        return len(overdue)

    @invariant()
    def every_lead_stands_where_the_rules_put_it(self) -> None:
        if hasattr(self, "model"):
            assert self.scene.states == self.model.states

    @invariant()
    def slots_and_rows_are_charged_for_exactly_what_may_have_been_accepted(self) -> None:
        if not hasattr(self, "model") or not self.model.runs:
            return
        charged = self.scene.charged
        assert self.scene.used == dict(charged)
        assert self.scene.rows_used == charged.total()
        assert charged.total() + sum(USED_BEFORE.values()) <= ROW_LIMIT
        for slot, n in charged.items():
            assert n + USED_BEFORE[slot] <= SAFE_LIMITS[slot]

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
        owed = {k for k, s in self.model.states.items() if s in ("pending", "sending")}
        leads = [Lead(row_number, key) for row_number, key in enumerate(self.model.states)]
        ((name, table),) = CONFIG.tables.items()
        assert books.owed_keys(name, table, CYCLE, leads) == owed


def _hold(new_place: NewPlace, n_examples: int) -> None:
    class Laws(LedgerLaws):
        def __init__(self) -> None:
            super().__init__(new_place)

    how = settings(max_examples=n_examples, stateful_step_count=40, deadline=None)
    run_state_machine_as_test(Laws, settings=how)


def test_the_ledgers_laws_hold_on_sqlite(tmp_path: Path) -> None:
    _hold(SqlitePlaces(tmp_path).new, n_examples=40)


def test_the_ledgers_laws_hold_on_postgres(postgres_places: PostgresPlaces) -> None:
    _hold(postgres_places.new, n_examples=10)
