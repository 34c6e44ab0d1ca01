"""How does a chunk get permission to send, and where do its verdicts go?

In:    verdicts of the chunk's last grant, and how many leads it would send next.
Out:   the next grant, decided by `delivery.grant` over what one transaction reads.
Never: two transactions where one will do: the verdicts of a grant, the slot's and the table's
       charge, the workspace's pace and the intent to send are written together or not at all.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, Row

from clayload.delivery.grant import (
    Finished,
    Grant,
    GrantAnswer,
    GrantedLead,
    Reservation,
    Verdicts,
    reserve,
)
from clayload.delivery.pace import PaceState, Rate, pause, undo_clock_step
from clayload.delivery.verdict import Verdict
from clayload.ledger import statements
from clayload.ledger.snapshot import read_table
from clayload.ledger.states import AFTER_VERDICT
from clayload.ledger.store import Ledger
from clayload.tables.models import TablesConfig

_RECORDING_SLACK_S = 5.0


@dataclass(frozen=True, slots=True)
class GrantTerms:
    """For whom grants are asked: the run, the table, and how long one request may take."""

    run_id: str
    table: str
    config: TablesConfig
    request_timeout_s: float


class ChunkGrants:
    """The grants of one chunk, one after the other (`delivery.ports.GrantPort`)."""

    def __init__(self, ledger: Ledger, chunk_id: str, terms: GrantTerms) -> None:
        self._ledger = ledger
        self._terms = terms
        self._chunk_no = ledger.chunk_no(terms.run_id, chunk_id)
        # The configuration may have gained a slot since the run began.
        ledger.introduce(terms.config)
        self._table = terms.config.tables[terms.table]
        workspace = terms.config.workspace
        self._workspace = workspace.name
        self._rate = Rate(workspace.rate_per_s, workspace.burst)
        self._open: Grant | None = None

    def grant(self, n: int, verdicts: Verdicts) -> GrantAnswer:
        """Record the verdicts of the open grant and give the next, in one transaction."""
        with self._ledger.transaction() as tx:
            pace, now = self._lock_pace(tx)
            pace = self._close(tx, verdicts, pace, now)
            answer = self._decide(tx, n, pace, now)
        return _aged(answer, self._ledger.now() - now)

    def _decide(self, tx: Connection, n: int, pace: PaceState, now: float) -> GrantAnswer:
        if tx.execute(statements.HALTED_BY, {"name": self._terms.run_id}).scalar() is not None:
            return Finished()
        leads = tx.execute(statements.NEXT_OWED, {"chunk_no": self._chunk_no, "n": n}).all()
        if not leads:
            return Finished()
        table = read_table(tx, self._terms.table, self._table)
        decision = reserve(table, pace, self._rate, now, len(leads))
        if not isinstance(decision, Reservation):
            return decision
        return self._write_intent(tx, decision, leads, now)

    def record(self, verdicts: Verdicts) -> None:
        """Record the verdicts of the open grant without asking for more."""
        with self._ledger.transaction() as tx:
            pace, now = self._lock_pace(tx)
            self._close(tx, verdicts, pace, now)

    def _lock_pace(self, tx: Connection) -> tuple[PaceState, float]:
        """Wait for the workspace's turn, then read its pace and the clock, in this order."""
        # First of all, so that on Postgres every grant of the workspace queues here.
        row = tx.execute(statements.LOCK_WORKSPACE, {"name": self._workspace}).one()
        found, now = PaceState(row.tat, row.paused_until), self._ledger.now()
        pace = undo_clock_step(found, self._rate, now)
        if pace != found:
            self._write_pace(tx, pace)
        return pace, now

    def _close(self, tx: Connection, verdicts: Verdicts, pace: PaceState, now: float) -> PaceState:
        """Write the verdicts of the open grant and what they mean for slot, table and pace."""
        grant, self._open = self._open, None
        if grant is None or not verdicts:
            return pace
        tx.execute(
            statements.RECORD,
            [_verdict_row(lead, verdict, grant, now) for lead, verdict in verdicts],
        )
        self._charge(tx, grant.slot, -sum(not verdict.is_charged for _, verdict in verdicts))
        for _, verdict in verdicts:
            if verdict.slot_effect is not None:
                why = {"name": grant.slot, "to": verdict.slot_effect, "why": verdict.reason}
                tx.execute(statements.MARK_SLOT, why)
        return self._pause(tx, pace, verdicts, now)

    def _charge(self, tx: Connection, slot: str, n: int) -> None:
        if n == 0:
            return
        tx.execute(statements.CHARGE_SLOT, {"name": slot, "n": n})
        tx.execute(statements.CHARGE_TABLE, {"name": self._terms.table, "n": n})

    def _pause(self, tx: Connection, pace: PaceState, verdicts: Verdicts, now: float) -> PaceState:
        pauses = [v.pause_s for _, v in verdicts if v.pause_s is not None]
        if not pauses:
            return pace
        pace = pause(pace, self._rate, now, max(pauses))
        self._write_pace(tx, pace, n_rate_limited=len(pauses))
        return pace

    def _write_pace(self, tx: Connection, pace: PaceState, n_rate_limited: int = 0) -> None:
        figures = {"to_tat": pace.tat, "until": pace.paused_until, "n": n_rate_limited}
        tx.execute(statements.SET_PACE, {"name": self._workspace, **figures})

    def _write_intent(
        self, tx: Connection, reservation: Reservation, leads: Sequence[Row[int, str]], now: float
    ) -> Grant:
        granted = tuple(
            GrantedLead(lead.submission_id, lead.lead_key, delay_s)
            for lead, delay_s in zip(leads, reservation.delays_s, strict=False)
        )
        grant = Grant(uuid.uuid4().hex[:16], reservation.slot, granted, self._rate.lateness_s)
        last_send_s = granted[-1].delay_s + grant.lateness_s
        intent = {
            "run": self._terms.run_id,
            "through": grant.slot,
            "grant": grant.grant_id,
            "until": now + last_send_s + self._terms.request_timeout_s + _RECORDING_SLACK_S,
            "at": now,
        }
        tx.execute(statements.INTEND, [{"id": lead.submission_id, **intent} for lead in granted])
        self._charge(tx, grant.slot, len(granted))
        self._write_pace(tx, reservation.pace)
        self._open = grant
        return grant


def _aged(answer: GrantAnswer, age_s: float) -> GrantAnswer:
    """Count the delays of a grant from the present: writing it down took its time.

    Else a slow disk would push all its leads late, and into the moments of the next grant.
    """
    if not isinstance(answer, Grant):
        return answer
    leads = tuple(replace(lead, delay_s=lead.delay_s - max(age_s, 0.0)) for lead in answer.leads)
    return replace(answer, leads=leads)


def _verdict_row(
    lead: GrantedLead, verdict: Verdict, grant: Grant, now: float
) -> dict[str, object]:
    return {
        "id": lead.submission_id,
        "grant": grant.grant_id,
        "to": AFTER_VERDICT[verdict.kind],
        "code": verdict.status,
        "why": verdict.reason,
        "text": verdict.body,
        "tries": int(verdict.is_attempt),
        "at": now,
    }
