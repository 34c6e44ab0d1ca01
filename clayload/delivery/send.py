"""How does one chunk get delivered?

In:    the chunk's bodies by lead_key, and three ports: ledger, destination, clock.
Out:   how many leads ended how; every verdict recorded in the ledger.
Never: a lead sent without a grant, later than its moment allows, or twice within a grant; a sleep
       that outlasts the word to stop.

The loop: grant -> send at the granted moments -> verdicts -> next grant. The verdicts of a grant
are recorded with the next one, so a crash leaves at most one grant in doubt.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from clayload.delivery.grant import (
    Finished,
    Grant,
    GrantedLead,
    Verdicts,
    Wait,
)
from clayload.delivery.health import Health
from clayload.delivery.limits import stop_of
from clayload.delivery.payload import LIMIT_BYTES
from clayload.delivery.ports import Clock, Destination, GrantPort
from clayload.delivery.stop import Stop
from clayload.delivery.verdict import Verdict, VerdictKind, judge, too_large, unsent
from clayload.errors import Code, DestinationDownError, LedgerError

MAX_ATTEMPTS = 3
FIRST_BACKOFF_S = 5.0
STOP_GRACE_S = 7.0
"""How long answers are waited for once the word to stop has come; the rest of ten seconds is for
recording them and for the process to end."""

_SAME_PAUSE_S = 0.1


@dataclass(frozen=True, slots=True)
class Pacing:
    """How a chunk asks and sends: leads per grant, and requests in flight at once."""

    grant_size: int = 10
    requests_per_chunk: int = 10


@dataclass(slots=True)
class ChunkDelivery:
    """One chunk on its way: `bodies` by lead_key, the ports, and what came of it so far."""

    bodies: Mapping[str, bytes]
    ledger: GrantPort
    destination: Destination
    clock: Clock
    pacing: Pacing = field(default_factory=Pacing)
    counts: Counter[str] = field(default_factory=Counter)
    stop: Stop = field(default_factory=Stop)
    health: Health = field(default_factory=Health)
    n_to_ask: int = 0

    async def run(self) -> Counter[str]:
        """Deliver until nothing of the chunk is owed, or the word to stop has come.

        Raises:
            StopTableError: a limit of the table or a budget is reached; the rest stays owed.
            DestinationDownError: no connection, or no sure answer, in three attempts; the rest
                stays pending.
        """
        verdicts: Verdicts = ()
        self.n_to_ask = self.pacing.grant_size
        while not self.stop.is_asked:
            # One lead finds out whether the outage is over.
            n_to_ask = 1 if self.health.outage.is_known else self.n_to_ask
            answer = await self.ledger.grant(n_to_ask, verdicts)
            verdicts = ()
            match answer:
                case Finished():
                    return self.counts
                case Wait(wait_s):
                    await self._rest(wait_s)
                case Grant():
                    verdicts = await self._send_grant(answer)
                case _:
                    raise stop_of(answer)
        if verdicts:
            await self.ledger.record(verdicts)
        return self.counts

    async def _rest(self, seconds: float) -> None:
        async with self.stop.cutting(0.0):
            await self.clock.sleep(seconds)

    async def _send_grant(self, grant: Grant) -> Verdicts:
        """Send, and back off if that failed; gives the verdicts that are still to be recorded."""
        verdicts = await self._send(grant)
        failure = self.health.see_grant(verdicts)
        if failure is None:
            return self.health.blame_slot(verdicts)
        await self.ledger.record(verdicts)
        await self._back_off(failure)
        return ()

    async def _send(self, grant: Grant) -> Verdicts:
        sending = _GrantSending(self, grant)
        try:
            async with self.stop.cutting(STOP_GRACE_S):
                await sending.send_all()
            return sending.verdicts_so_far()
        except BaseException:
            # Cancelled or interrupted: what is known is recorded, what never left stays owed.
            await self.ledger.record(sending.verdicts_so_far())
            raise
        finally:
            self._count(sending.verdicts_so_far())

    def _count(self, verdicts: Verdicts) -> None:
        self.counts.update(verdict.kind.value for _, verdict in verdicts)
        n_sent = sum(verdict.was_sent for _, verdict in verdicts)
        # A moment that passes unused is lost to the workspace: ask for no more than we can send.
        is_too_much = n_sent < len(verdicts)
        # Growing by one wastes one moment a grant where the destination is slow; doubling, a third.
        self.n_to_ask = max(n_sent, 1) if is_too_much else self.n_to_ask + 1
        self.n_to_ask = min(self.n_to_ask, self.pacing.grant_size)

    async def _back_off(self, reason: str) -> None:
        n_failed = self.health.n_failed_grants
        if n_failed >= MAX_ATTEMPTS:
            raise DestinationDownError(
                Code.DESTINATION_DOWN,
                f"nothing accepted in {MAX_ATTEMPTS} attempts: {reason}",
                hint="check the network and the host, then run the same load again: it resumes",
            )
        jitter = random.uniform(0.5, 1.5)  # noqa: S311 - spreads waits, guards nothing
        await self._rest(FIRST_BACKOFF_S * 2 ** (n_failed - 1) * jitter)


class _GrantSending:
    """The sends of one grant; the first answer that concerns all of them halts the rest."""

    def __init__(self, chunk: ChunkDelivery, grant: Grant) -> None:
        self._chunk = chunk
        self._grant = grant
        self._in_flight = asyncio.Semaphore(chunk.pacing.requests_per_chunk)
        self._halted_by: str | None = None
        self._failure: LedgerError | None = None
        self._quiet_until = 0.0
        self._started: set[int] = set()
        self._verdicts: dict[int, Verdict] = {}

    async def send_all(self) -> None:
        """Send each lead at its moment.

        Raises:
            LedgerError: a departure or a pause could not be written down; what had left was
                answered, and nothing left after.
        """
        async with asyncio.TaskGroup() as group:
            for lead in self._grant.leads:
                group.create_task(self._send_one(lead))
        if self._failure is not None:
            raise self._failure

    def verdicts_so_far(self) -> Verdicts:
        return [(lead, self._verdict_of(lead)) for lead in self._grant.leads]

    def _verdict_of(self, lead: GrantedLead) -> Verdict:
        known = self._verdicts.get(lead.submission_id)
        if known is not None:
            return known
        if lead.submission_id in self._started:
            return Verdict(VerdictKind.IN_DOUBT, "interrupted before the answer came")
        return unsent("interrupted before it was sent")

    async def _send_one(self, lead: GrantedLead) -> None:
        try:
            await self._send_at_its_moment(lead)
        except LedgerError as error:
            self._failure = error
            self._halted_by = error.message

    async def _send_at_its_moment(self, lead: GrantedLead) -> None:
        clock = self._chunk.clock
        due = self._grant.given_at + lead.delay_s
        await clock.sleep(max(0.0, due - clock.monotonic()))
        async with self._in_flight:
            verdict = self._reason_not_to_send(lead, due) or await self._submit(lead)
        self._verdicts[lead.submission_id] = verdict
        self._halt_if_it_concerns_all(verdict)
        if verdict.throttle_s is not None:
            await self._silence(verdict.throttle_s)

    async def _silence(self, throttle_s: float) -> None:
        """Silence the workspace at once: the slowest answer of this grant may be long in coming."""
        until = self._chunk.clock.monotonic() + throttle_s
        if until > self._quiet_until + _SAME_PAUSE_S:
            self._quiet_until = until
            await self._chunk.ledger.throttle(throttle_s)

    def _halt_if_it_concerns_all(self, verdict: Verdict) -> None:
        if not verdict.was_sent:
            return
        self._chunk.health.record(verdict)
        if verdict.kind is VerdictKind.RETRY or self._chunk.health.is_doubtful:
            self._halted_by = verdict.reason

    def _reason_not_to_send(self, lead: GrantedLead, due: float) -> Verdict | None:
        n_bytes = len(self._chunk.bodies[lead.lead_key])
        if n_bytes > LIMIT_BYTES:
            return too_large(n_bytes, LIMIT_BYTES)
        if self._halted_by is not None:
            return unsent(self._halted_by)
        if self._chunk.clock.monotonic() - due > self._grant.lateness_s:
            return unsent("its moment had passed")
        return None

    async def _submit(self, lead: GrantedLead) -> Verdict:
        body = self._chunk.bodies[lead.lead_key]
        self._chunk.ledger.depart(lead)
        self._started.add(lead.submission_id)
        answer = await self._chunk.destination.submit(self._grant.slot, body)
        return judge(answer, self._chunk.clock.utc_now())
