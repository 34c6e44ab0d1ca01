"""What became of the leads of a run?

In:    a run's id.
Out:   counts by table and end, the leads that need a person, the slots as they stand.
Never: a write.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVarTuple

from sqlalchemy import ColumnElement, Row, Select, and_, func, literal, select

from clayload.delivery.grant import TableSnapshot
from clayload.ledger.books.orphans import NO_ORPHANS, Orphans, match_orphans
from clayload.ledger.database import schema
from clayload.ledger.moment import Readable, consistent_read
from clayload.ledger.rules.departures import look_for_ended
from clayload.ledger.rules.owing import Known, Lead, find_standing, is_owed, read_known
from clayload.ledger.rules.snapshot import read_table
from clayload.ledger.rules.states import SubmissionState
from clayload.ledger.store import Ledger
from clayload.model import RowEnd
from clayload.tables.table import Table

_END_OF: dict[str, RowEnd] = {
    SubmissionState.PENDING: RowEnd.PENDING,
    # Granted and not yet answered: still owed an answer, and owed to the lead.
    SubmissionState.SENDING: RowEnd.PENDING,
    SubmissionState.REFUSED: RowEnd.REFUSED,
    SubmissionState.IN_DOUBT: RowEnd.IN_DOUBT,
}

_Columns = TypeVarTuple("_Columns")
_s, _c, _cl = schema.submissions.c, schema.chunks.c, schema.chunk_leads.c
LEADS_OF_RUN = schema.chunks.join(schema.chunk_leads, _c.chunk_no == _cl.chunk_no).join(
    schema.submissions, _cl.submission_id == _s.submission_id
)
"""The registered leads of runs, each with its submission."""


@dataclass(frozen=True, slots=True)
class SlotUse:
    """A slot as it stands: `used` submissions of its life, and its state."""

    table: str
    slot: str
    used: int
    state: str
    reason: str


@dataclass(frozen=True, slots=True)
class LeadRow:
    """One lead of a run that needs a person: where it was sent, and what was answered."""

    row_number: int
    table: str
    lead_key: str
    slot: str | None
    status: int | None
    reason: str | None
    body: str | None
    n_attempts: int


@dataclass(frozen=True, slots=True)
class Books:
    """The reading side of the ledger; `orphans` are what ended processes left behind.

    Of a `Ledger` each question is read on its own; of one moment (`open_books`) all together.
    """

    ledger: Readable
    orphans: Orphans = NO_ORPHANS

    def count_ends(
        self, run_id: str, deferred: Collection[str] = ()
    ) -> dict[str, dict[RowEnd, int]]:
        """Count the run's registered leads by table and end.

        A lead that another run delivered is `already delivered`; one that is owed, and of a table
        in `deferred`, is that.
        """
        is_own = (func.coalesce(_s.run_id, "") == run_id).label("is_own")
        stands = self.orphans.state.label("stands")
        counted = (
            select(_c.table_name, stands, is_own, func.count(literal(1)).label("n"))
            .select_from(LEADS_OF_RUN)
            .where(_c.run_id == run_id)
            .group_by(_c.table_name, stands, is_own)
        )
        ends: dict[str, dict[RowEnd, int]] = {}
        for row in self._read(counted):
            is_deferred = row.table_name in deferred and row.stands == SubmissionState.PENDING
            end = RowEnd.DEFERRED if is_deferred else _end_of(row.stands, is_own=row.is_own)
            of_table = ends.setdefault(row.table_name, {})
            of_table[end] = of_table.get(end, 0) + row.n
        return ends

    def chunks_with_owed(self, run_id: str) -> frozenset[str]:
        """Name the run's chunks that hold leads still owed, or still on their way."""
        found = (
            select(_c.chunk_id)
            .select_from(LEADS_OF_RUN)
            .where(
                _c.run_id == run_id,
                _s.state.in_((SubmissionState.PENDING, SubmissionState.SENDING)),
            )
            .distinct()
        )
        return frozenset(row.chunk_id for row in self._read(found))

    def rows_delivered_by(self, run_id: str) -> list[int]:
        """List the row numbers of the leads that this very run delivered."""
        found = (
            select(_cl.row_number)
            .select_from(LEADS_OF_RUN)
            .where(_c.run_id == run_id, _s.run_id == run_id, _s.state == SubmissionState.DELIVERED)
        )
        return [row.row_number for row in self._read(found)]

    def leads_in(
        self, run_id: str, state: SubmissionState, limit: int | None = None
    ) -> list[LeadRow]:
        """List the run's leads that stand in a state, in file order; the first `limit`, or all."""
        return self._list_leads(run_id, self.orphans.state == state, limit)

    def deferred_leads(self, run_id: str, deferred: Collection[str], limit: int) -> list[LeadRow]:
        """List the first `limit` of the run's leads that are owed, and of these tables."""
        if not deferred:
            return []
        is_owed_there = and_(
            self.orphans.state == SubmissionState.PENDING, _c.table_name.in_(sorted(deferred))
        )
        return self._list_leads(run_id, is_owed_there, limit)

    def _list_leads(
        self, run_id: str, which: ColumnElement[bool], limit: int | None
    ) -> list[LeadRow]:
        columns = (_cl.row_number, _c.table_name, _s.lead_key, _s.slot, _s.status)
        found = (
            select(*columns, self.orphans.reason, _s.body, self.orphans.n_attempts)
            .select_from(LEADS_OF_RUN)
            .where(_c.run_id == run_id, which)
            .order_by(_cl.row_number)
            .limit(limit)
        )
        return [LeadRow(*row) for row in self._read(found)]

    def last_give_up_at(self, run_id: str) -> float | None:
        """Tell when the last answer still awaited for the run's leads is given up, if any."""
        awaited = (
            select(func.max(_s.give_up_at))
            .select_from(LEADS_OF_RUN)
            .where(_c.run_id == run_id, _s.state == SubmissionState.SENDING)
        )
        give_up_at: float | None = self._read(awaited)[0][0]
        return give_up_at

    def slots(self) -> list[SlotUse]:
        """List every slot the ledger knows."""
        found = select(schema.slots).order_by(schema.slots.c.table_name, schema.slots.c.slot)
        return [
            SlotUse(row.table_name, row.slot, row.used, row.state, row.reason)
            for row in self._read(found)
        ]

    def slots_used_by(self, run_id: str) -> dict[str, int]:
        """Count the leads this run delivered, or may have, through each slot."""
        charged = (SubmissionState.DELIVERED, SubmissionState.IN_DOUBT)
        counted = (
            select(_s.slot, func.count(literal(1)).label("n"))
            .where(_s.run_id == run_id, self.orphans.state.in_(charged))
            .group_by(_s.slot)
        )
        return {row.slot: row.n for row in self._read(counted)}

    def read_table(self, name: str, table: Table) -> TableSnapshot:
        """Read a table and its slots as the next grant would see them."""
        with self.ledger.read_only() as connection:
            return read_table(connection, name, table)

    def owed_keys(
        self, name: str, table: Table, cycle: str, leads: Sequence[Lead]
    ) -> frozenset[str]:
        """Name the leads of a chunk that a load for this cycle would send."""
        standing = self._find_standing(name, table, cycle, leads)
        return frozenset(key for key, one in standing.items() if is_owed(one, table))

    def are_finished(self, name: str, table: Table, cycle: str, leads: Sequence[Lead]) -> bool:
        """Whether each lead of a chunk was loaded for this very cycle, and none is owed."""
        standing = self._find_standing(name, table, cycle, leads).values()
        return all(
            one is not None and one.cycle == cycle and not is_owed(one, table) for one in standing
        )

    def _find_standing(
        self, name: str, table: Table, cycle: str, leads: Sequence[Lead]
    ) -> dict[str, Known | None]:
        with self.ledger.read_only() as connection:
            known = read_known(connection, name, (lead.lead_key for lead in leads))
        resolved = {key: [self.orphans.resolve(one) for one in ones] for key, ones in known.items()}
        return {
            lead.lead_key: find_standing(table.resend, cycle, lead, resolved.get(lead.lead_key, ()))
            for lead in leads
        }

    def _read(self, statement: Select[*_Columns]) -> Sequence[Row[*_Columns]]:
        with self.ledger.read_only() as connection:
            return connection.execute(statement).all()


@contextmanager
def open_books(ledger: Ledger, folder: Path) -> Iterator[Books]:
    """Open the books as of one moment; `folder` is where processes note what leaves.

    All that is read of `books` and of `books.ledger` is of this moment, in one transaction.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    ended = look_for_ended(folder)
    with consistent_read(ledger) as moment:
        yield Books(moment, match_orphans(moment, ended))


def _end_of(state: str, *, is_own: bool) -> RowEnd:
    if state == SubmissionState.DELIVERED:
        return RowEnd.DELIVERED if is_own else RowEnd.ALREADY_DELIVERED
    return _END_OF[state]
