"""How does a chunk get permission to send, and where do its verdicts go?

In:    verdicts of the chunk's last grant, and how many leads it would send next.
Out:   the next grant, decided by `delivery.grant` over what one transaction reads.
Never: two transactions where one will do: the verdicts of a grant, the slot's and the table's
       charge, the workspace's pace and the intent to send are written together or not at all.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from sqlalchemy import Connection, Row

from clayload.delivery.budget import NOTHING, OverBudget, charge_of
from clayload.delivery.grant import (
    Finished,
    Grant,
    GrantAnswer,
    GrantedLead,
    Reservation,
    Stopped,
    TableSnapshot,
    Verdicts,
    Wait,
    WorkspaceSnapshot,
    reserve,
)
from clayload.delivery.pace import slow_down, throttle
from clayload.delivery.sample import ApprovalRequired
from clayload.ledger.granting import sampling
from clayload.ledger.granting.grant_log import GrantLog
from clayload.ledger.granting.pacer import Pacer, with_share
from clayload.ledger.granting.retry_on_loss import retry_on_loss
from clayload.ledger.granting.spending import Payer, awaits_answers, charge_bill, read_bill
from clayload.ledger.granting.verdicts import OpenGrant, charge, close_grant, is_written, take_back
from clayload.ledger.rules import statements, unanswered
from clayload.ledger.rules.departures import NO_DEPARTURES, Departures
from clayload.ledger.rules.snapshot import read_table
from clayload.ledger.rules.states import SubmissionState
from clayload.ledger.store import Ledger
from clayload.model import ChunkRef
from clayload.tables.costs import LeadCost
from clayload.tables.table import OnInDoubt, Resend
from clayload.tables.tables_file import TablesConfig

_RECORDING_SLACK_S = 5.0
_OwedRow: TypeAlias = Row[*tuple[Any, ...]]
_LOOK_AGAIN_S = 10.0
_ANSWER_COMES_S = 1.0


@dataclass(frozen=True, slots=True)
class GrantTerms:
    """On what terms grants are asked.

    How long a request may take, who notes departures, and what a lead costs, by table: one of a
    table that is not there costs nothing.
    """

    config: TablesConfig
    request_timeout_s: float
    departures: Departures = NO_DEPARTURES
    costs: Mapping[str, LeadCost] = field(default_factory=dict)


class ChunkGrants:
    """The grants of one chunk, one after the other (`delivery.ports.GrantPort`, but blocking)."""

    def __init__(self, ledger: Ledger, chunk: ChunkRef, terms: GrantTerms) -> None:
        self._ledger = ledger
        self._chunk = chunk
        self._terms = terms
        self._chunk_no = ledger.chunk_no(chunk.run_id, chunk.chunk_id)
        # The configuration may have gained a slot since the run began.
        ledger.introduce(terms.config)
        self._table = terms.config.tables[chunk.table]
        self._pacer = Pacer(ledger, terms.config.workspace)
        self._payer = Payer(terms.config.workspace.name, chunk.table)
        cost = terms.costs.get(chunk.table)
        self._each = NOTHING if cost is None else charge_of(cost)
        self._n_first = self._table.sample_first
        self._sample_no = (
            None
            if self._n_first is None
            else sampling.open_sample(ledger, chunk.run_id, chunk.table)
        )
        self._open: OpenGrant | None = None
        self._is_paused = False
        self._log = GrantLog(chunk, terms.config.workspace.name)

    def depart(self, lead: GrantedLead) -> None:
        """Note that a lead goes on the wire now."""
        self._terms.departures.note(lead.submission_id)

    def grant(self, n: int, verdicts: Verdicts) -> GrantAnswer:
        """Record the verdicts of the open grant and give the next, in one transaction."""
        grant_id = uuid.uuid4().hex[:16]

        def ask(tx: Connection, *, is_retry: bool) -> tuple[OpenGrant | None, GrantAnswer]:
            at = self._pacer.lock(tx)
            if is_retry:
                self._undo(tx, grant_id, at.now)
            self._close(tx, verdicts, at, is_retry=is_retry)
            self._is_paused = at.is_paused
            return self._decide(tx, n, at, grant_id)

        self._open, answer = retry_on_loss(self._ledger, ask)
        self._log.note_answer(answer, is_paused=self._is_paused)
        return answer

    def record(self, verdicts: Verdicts) -> None:
        """Record the verdicts of the open grant without asking for more."""

        def write(tx: Connection, *, is_retry: bool) -> None:
            self._close(tx, verdicts, self._pacer.lock(tx), is_retry=is_retry)

        retry_on_loss(self._ledger, write)
        self._open = None

    def throttle(self, throttle_s: float) -> None:
        """Silence and slow the whole workspace: Clay said 429 to a lead of the open grant."""
        given_at = self._open.given_at if self._open else 0.0

        def write(tx: Connection, *, is_retry: bool) -> None:  # noqa: ARG001 - twice is once
            at = self._pacer.lock(tx)
            slower = slow_down(at.pace, at.now, given_at)
            self._pacer.write(tx, replace(at, pace=throttle(slower, at.rate, at.now, throttle_s)))

        retry_on_loss(self._ledger, write)
        self._log.note_throttle(throttle_s)

    def _undo(self, tx: Connection, grant_id: str, now: float) -> None:
        """Take back a grant that may have been committed, but was never told: it was not sent."""
        rows = tx.execute(unanswered.UNANSWERED_OF_GRANT, {"grant": grant_id}).all()
        take_back(tx, rows, "the connection to the ledger broke before it was sent", now)

    def _close(
        self, tx: Connection, verdicts: Verdicts, at: WorkspaceSnapshot, *, is_retry: bool
    ) -> None:
        """Write the verdicts of the open grant, unless a try that was lost has written them."""
        opened = self._open
        if opened is None or not verdicts:
            return
        if is_retry and is_written(tx, opened):
            return
        close_grant(tx, self._pacer, opened, verdicts, at)

    def _decide(
        self, tx: Connection, n: int, at: WorkspaceSnapshot, grant_id: str
    ) -> tuple[OpenGrant | None, GrantAnswer]:
        leads = self._find_owed(tx, n, at)
        if isinstance(leads, Wait | Finished):
            self._keep_turn(tx, at, leads)
            return None, leads
        table = self._read_table(tx)
        bill = read_bill(tx, at, self._payer, self._each)
        decision = reserve(at, table, self._chunk.priority, len(leads), bill)
        if self._may_come_back(tx, decision, at):
            decision = Wait(_ANSWER_COMES_S)
        if not isinstance(decision, Reservation):
            self._keep_turn(tx, at, decision)
            return None, decision
        opened = self._open_grant(decision, leads, at, grant_id)
        self._write_intent(tx, opened, leads)
        after = with_share(at, self._chunk.priority, decision.share, decision.pace)
        self._pacer.write(tx, after)
        return opened, opened.grant

    def _find_owed(
        self, tx: Connection, n: int, at: WorkspaceSnapshot
    ) -> Sequence[_OwedRow] | Wait | Finished:
        """Find the next leads; those in doubt come last, if the table resends them at all."""
        if tx.execute(statements.HALTED_BY, {"name": self._chunk.run_id}).scalar() is not None:
            return Finished()
        asked = {"chunk_no": self._chunk_no, "n": n, "now": at.now}
        if leads := tx.execute(statements.NEXT_OWED, asked).all():
            return leads
        doubtful: Sequence[_OwedRow] = ()
        if self._table.on_in_doubt is OnInDoubt.RESEND:
            doubtful = tx.execute(statements.NEXT_TO_RESEND, asked).all()
        if due := [lead for lead in doubtful if lead.resend_at <= at.now]:
            return due
        waits_s = [lead.resend_at - at.now for lead in doubtful[:1]]
        if tx.execute(statements.HAS_PENDING, asked).scalar_one():
            # An older content of these leads is on its way: it must not arrive after this one.
            waits_s.append(_ANSWER_COMES_S)
        return Wait(min(*waits_s, _LOOK_AGAIN_S)) if waits_s else Finished()

    def _read_table(self, tx: Connection) -> TableSnapshot:
        table = read_table(tx, self._chunk.table, self._table)
        if self._sample_no is None or self._n_first is None:
            return table
        sample = sampling.read_sample(tx, self._sample_no, self._chunk.run_id, self._n_first)
        return replace(table, sample=sample)

    def _may_come_back(
        self, tx: Connection, answer: Reservation | Wait | Stopped, at: WorkspaceSnapshot
    ) -> bool:
        """Whether others may give back what they have reserved: nobody is deferred for that."""
        match answer:
            case OverBudget():
                return awaits_answers(tx, answer, self._terms.config.tables, at.now)
            case ApprovalRequired(sample) if self._sample_no is not None:
                return sampling.awaits_answers(tx, self._sample_no, sample, at.now)
            case _:
                return False

    def _keep_turn(
        self,
        tx: Connection,
        at: WorkspaceSnapshot,
        answer: Wait | Finished | Stopped,
    ) -> None:
        """Let the others see whether leads of this priority are waiting."""
        priority = self._chunk.priority
        if isinstance(answer, Wait):
            kept = at.shares.waiting(priority, at.now, answer.wait_s)
        else:
            kept = at.shares.gone(priority)
        if kept != at.shares.of[priority]:
            self._pacer.write(tx, with_share(at, priority, kept, at.pace))

    def _open_grant(
        self,
        reservation: Reservation,
        leads: Sequence[_OwedRow],
        at: WorkspaceSnapshot,
        grant_id: str,
    ) -> OpenGrant:
        granted = tuple(
            GrantedLead(lead.submission_id, lead.lead_key, delay_s)
            for lead, delay_s in zip(leads, reservation.delays_s, strict=False)
        )
        grant = Grant(grant_id, reservation.slot, granted, at.rate.lateness_s, at.read_at)
        last_send_s = granted[-1].delay_s + grant.lateness_s
        give_up_at = at.now + last_send_s + self._terms.request_timeout_s + _RECORDING_SLACK_S
        return OpenGrant(
            grant,
            self._chunk.run_id,
            self._chunk.table,
            at.now,
            give_up_at,
            may_be_overtaken=self._table.resend is Resend.WHEN_CHANGED,
            bill=reservation.bill,
            sample_no=self._sample_no,
        )

    def _write_intent(self, tx: Connection, opened: OpenGrant, leads: Sequence[_OwedRow]) -> None:
        grant = opened.grant
        granted = leads[: len(grant.leads)]
        if resent := [lead for lead in granted if lead.state == SubmissionState.IN_DOUBT]:
            tx.execute(statements.ARCHIVE_VERDICT, [{"id": lead.submission_id} for lead in resent])
        intent: dict[str, Any] = {
            "run": opened.run_id,
            "through": grant.slot,
            "grant": grant.grant_id,
            "by": self._terms.departures.sender,
            "until": opened.give_up_at,
            "at": opened.given_at,
            "day": opened.bill.day,
            "credits": opened.bill.each.credits_milli,
            "actions": opened.bill.each.actions_milli,
            "sample": opened.sample_no,
        }
        for number, lead in enumerate(grant.leads):
            intent[f"id_{number}"] = lead.submission_id
            intent[f"send_at_{number}"] = opened.given_at + lead.delay_s
        tx.execute(statements.mark_sending(len(grant.leads)), intent)
        charge(tx, grant.slot, opened.table, len(granted))
        charge_bill(self._ledger, tx, self._payer, opened.bill, len(granted))
        sampling.count_sent(tx, opened.sample_no, len(granted))
