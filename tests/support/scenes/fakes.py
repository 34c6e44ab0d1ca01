"""What stands in for the world where no disk, network or time is wanted?

In:    leads, limits, and what the destination is to answer.
Out:   a ledger in memory, a scripted destination, virtual time, and a reference of Clay's limiter.
Never: a second opinion on the arithmetic: the ledger in memory runs `delivery.grant` itself.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from clayload.delivery.fair_share import FairShare, FairShares
from clayload.delivery.grant import (
    Finished,
    Grant,
    GrantAnswer,
    GrantedLead,
    Reservation,
    SlotSnapshot,
    TableSnapshot,
    Verdicts,
    WorkspaceSnapshot,
    reserve,
)
from clayload.delivery.pace import PaceState, Rate, throttle
from clayload.delivery.verdict import Answer, Answered, Verdict, VerdictKind
from clayload.model import Priority

T = TypeVar("T")
EPOCH = datetime(2026, 11, 2, tzinfo=UTC)
ACCEPTED = Answered(200, {}, "OK")
WEIGHTS = {Priority.HIGH: 8, Priority.NORMAL: 3, Priority.LOW: 1}


def workspace_at(
    now: float, pace: PaceState | None = None, rate: Rate | None = None
) -> WorkspaceSnapshot:
    """A workspace that nobody else wants just now."""
    rate = rate or Rate(10.0, 20)
    shares = FairShares(dict.fromkeys(Priority, FairShare()), WEIGHTS, rate.per_s)
    return WorkspaceSnapshot(now, now, rate, pace or PaceState(), shares)


class _JumpingSelector(selectors.DefaultSelector):
    """Instead of waiting, moves the loop's time to the moment it would have waited for."""

    now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if timeout is None and not events:
            raise RuntimeError("nothing can ever happen: every task waits for another")
        if not events:
            self.now_s += timeout or 0.0
        return events


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop in which sleeping takes no time."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now_s


def run_virtually(main: Coroutine[Any, Any, T]) -> T:
    """Run to the end in virtual time, which begins at 0."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)


class VirtualClock:
    """The loop's own time as `delivery.ports.Clock`."""

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    def utc_now(self) -> datetime:
        return EPOCH + timedelta(seconds=self.monotonic())

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@dataclass
class FakeLedger:
    """A table of one chunk in memory; `keys` in the order they are owed."""

    keys: Sequence[str]
    now: Callable[[], float]
    rate: Rate = field(default_factory=lambda: Rate(10.0, 20))
    slots: list[SlotSnapshot] = field(default_factory=lambda: [SlotSnapshot("tech-1", 0, 45_000)])
    row_limit: int = 50_000
    recorded: list[tuple[str, Verdict]] = field(default_factory=list)
    grants: list[tuple[float, GrantAnswer]] = field(default_factory=list)
    pace: PaceState = field(default_factory=PaceState)
    departed: list[str] = field(default_factory=list)
    silenced: list[tuple[float, float]] = field(default_factory=list)
    grant_takes_s: float = 0.0

    def __post_init__(self) -> None:
        self.state_of = dict.fromkeys(self.keys, "pending")
        self._open: Grant | None = None

    async def grant(self, n: int, verdicts: Verdicts) -> GrantAnswer:
        await self.record(verdicts)
        await asyncio.sleep(self.grant_takes_s)
        answer = self._decide(n)
        self.grants.append((self.now(), answer))
        return answer

    def depart(self, lead: GrantedLead) -> None:
        self.departed.append(lead.lead_key)

    async def record(self, verdicts: Verdicts) -> None:
        for lead, verdict in verdicts:
            assert self._open is not None, "verdicts without a grant"
            assert self.state_of[lead.lead_key] == "sending"
            is_owed = verdict.kind is VerdictKind.RETRY
            self.state_of[lead.lead_key] = "pending" if is_owed else verdict.kind.value
            self.recorded.append((lead.lead_key, verdict))
            self._mark_slot(self._open.slot, verdict)
        self._open = None

    async def throttle(self, throttle_s: float) -> None:
        self.silenced.append((self.now(), throttle_s))
        self.pace = throttle(self.pace, self.rate, self.now(), throttle_s)

    def _decide(self, n: int) -> GrantAnswer:
        owed = [key for key in self.keys if self.state_of[key] == "pending"][:n]
        if not owed:
            return Finished()
        rows_used = sum(slot.used for slot in self.slots)
        table = TableSnapshot(rows_used, self.row_limit, self.slots)
        at = workspace_at(self.now(), self.pace, self.rate)
        decision = reserve(at, table, Priority.NORMAL, len(owed))
        if not isinstance(decision, Reservation):
            return decision
        self.pace = decision.pace
        leads = tuple(
            GrantedLead(self.keys.index(key), key, delay_s)
            for key, delay_s in zip(owed, decision.delays_s, strict=False)
        )
        for lead in leads:
            self.state_of[lead.lead_key] = "sending"
            self._charge(decision.slot, 1)
        grant_id = f"grant-{len(self.grants)}"
        self._open = Grant(grant_id, decision.slot, leads, self.rate.lateness_s, at.read_at)
        return self._open

    def _mark_slot(self, name: str, verdict: Verdict) -> None:
        if not verdict.is_charged:
            self._charge(name, -1)
        if verdict.slot_effect is not None:
            for i in self._find(name):
                slot = self.slots[i]
                state = type(slot.state)(verdict.slot_effect)
                self.slots[i] = SlotSnapshot(
                    name, slot.used, slot.safe_limit, state, verdict.reason
                )

    def _charge(self, name: str, n: int) -> None:
        for i in self._find(name):
            slot = self.slots[i]
            self.slots[i] = SlotSnapshot(
                name, slot.used + n, slot.safe_limit, slot.state, slot.reason
            )

    def _find(self, name: str) -> Iterator[int]:
        yield from (i for i, slot in enumerate(self.slots) if slot.name == name)


@dataclass
class FakeDestination:
    """Answers what `script` says for a body, one answer a call, then `ACCEPTED`."""

    latency_s: float = 0.0
    script: Mapping[str, Sequence[Answer]] = field(default_factory=dict)
    sent: list[tuple[float, str, str]] = field(default_factory=list)
    n_in_flight: int = 0
    most_in_flight: int = 0

    async def submit(self, slot: str, body: bytes) -> Answer:
        key = body.decode()
        n_before = sum(sent_key == key for _, _, sent_key in self.sent)
        self.sent.append((asyncio.get_running_loop().time(), slot, key))
        self.n_in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.n_in_flight)
        try:
            await asyncio.sleep(self.latency_s)
        finally:
            self.n_in_flight -= 1
        answers = self.script.get(key, ())
        return answers[n_before] if n_before < len(answers) else ACCEPTED


@dataclass
class TokenBucket:
    """Clay's limiter as documented: `burst` tokens at first, `per_s` refilled (§1).

    Written for tests, independently of `delivery.pace`: it holds tokens, not arrival times.
    """

    per_s: float
    burst: int
    tokens: float = field(init=False)
    at: float | None = None

    def __post_init__(self) -> None:
        self.tokens = float(self.burst)

    def take(self, at: float) -> bool:
        """Take a token at this moment, or say no; moments must not go back."""
        if self.at is not None:
            assert at >= self.at, "moments must come in order"
            self.tokens = min(self.burst, self.tokens + (at - self.at) * self.per_s)
        self.at = at
        # Epoch seconds are exact to a quarter of a microsecond; ten of them are forgiven.
        if self.tokens < 1 - 2.5e-6 * self.per_s:
            return False
        self.tokens -= 1
        return True
