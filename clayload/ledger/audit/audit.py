"""Is the ledger whole, and do its own books agree?

In:    a ledger, open for reading.
Out:   what is wrong with it, with figures; nothing if nothing is.
Never: a write, and never a repair: what is right only a backup or a person knows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import ColumnElement, Connection, Select, and_, func, literal, or_, select
from sqlalchemy import Table as SqlTable
from sqlalchemy.exc import DatabaseError

from clayload.delivery.grant import SlotState
from clayload.errors import Code, LedgerError
from clayload.ledger.audit.audit_finding import AuditFinding
from clayload.ledger.audit.charges import check_charges
from clayload.ledger.database import schema
from clayload.ledger.moment import consistent_read
from clayload.ledger.rules.states import CHARGED, SubmissionState
from clayload.ledger.store import Ledger
from clayload.plural import count

_SHOWN = 5
_s, _c = schema.submissions.c, schema.chunks.c


def audit(ledger: Ledger) -> list[AuditFinding]:
    """Look through the whole ledger, as it stood at one moment.

    Raises:
        LedgerError: it cannot be read at all.
    """
    with consistent_read(ledger) as moment:
        connection = moment.connection
        # Rows of a file that is not whole tell nothing.
        return list(_check_file(connection)) or [
            *_check_schema(connection),
            *_check_rows(connection),
            *check_charges(connection),
            *_check_deadlines(connection, moment.at),
        ]


def describe_damage(damage: Sequence[AuditFinding]) -> LedgerError:
    """Say that the ledger is damaged, and what to do."""
    return LedgerError(
        Code.LEDGER_DAMAGED,
        f"the ledger is damaged: {count(len(damage), 'finding')}, the first: {damage[0].what}",
        hint="load nothing more; keep a copy of the ledger as it is, then restore a backup or "
        "report this",
    )


def _check_file(connection: Connection) -> Iterator[AuditFinding]:
    if connection.dialect.name != "sqlite":
        return
    try:
        said = [row[0] for row in connection.exec_driver_sql("PRAGMA integrity_check(5)")]
    except DatabaseError as error:
        said = [str(error.orig)]
    if said != ["ok"]:
        # SQLite says several things in one row, a line each.
        lines = "\n".join(said).splitlines()
        yield AuditFinding(f"the file is damaged: {'; '.join(lines[:_SHOWN])}")


def _check_schema(connection: Connection) -> Iterator[AuditFinding]:
    for difference in compare_metadata(MigrationContext.configure(connection), schema.metadata):
        yield AuditFinding(
            f"the tables are not as this version makes them: {_describe(difference)}"
        )


def _describe(difference: object) -> str:
    """Say in short what Alembic found: `add_column submissions sender`."""
    parts = difference[0] if isinstance(difference, list) else difference
    names = parts if isinstance(parts, tuple) else (parts,)
    return " ".join(str(getattr(part, "name", part)) for part in names if part is not None)


def _check_rows(connection: Connection) -> Iterator[AuditFinding]:
    """Whether each row has what it points at, and a state there is."""
    for what, found in _ROW_CHECKS.items():
        if n := connection.execute(found).scalar_one():
            yield AuditFinding(f"{n:,} {what}")


def _check_deadlines(connection: Connection, now: float) -> Iterator[AuditFinding]:
    overdue = and_(_s.state == SubmissionState.SENDING, _s.give_up_at < now)
    if n := connection.execute(select(_N).where(overdue)).scalar_one():
        yield AuditFinding(
            f"{count(n, 'lead is', 'leads are')} granted whose answers can no longer come: their "
            "process ended; the next load lists them as in doubt",
            is_damage=False,
        )


_N = func.count(literal(1))


def _count_where(*conditions: ColumnElement[bool]) -> Select[int]:
    return select(_N).where(*conditions)


def _count_lost(child: SqlTable, parent: SqlTable, column: str) -> Select[int]:
    """Count the rows of `child` whose `column` names no row of `parent`."""
    own, other = child.c[column], parent.c[column]
    joined = child.outerjoin(parent, own == other)
    return select(_N).select_from(joined).where(own.is_not(None), other.is_(None))


_ROW_CHECKS: Mapping[str, Select[int]] = {
    "leads of chunks have no submission": _count_lost(
        schema.chunk_leads, schema.submissions, "submission_id"
    ),
    "leads belong to no chunk": _count_lost(schema.chunk_leads, schema.chunks, "chunk_no"),
    "chunks belong to no run": _count_lost(schema.chunks, schema.runs, "run_id"),
    "submissions went through an unknown slot": _count_lost(
        schema.submissions, schema.slots, "slot"
    ),
    "submissions went to an unknown table": _count_lost(
        schema.submissions, schema.clay_tables, "table_name"
    ),
    "past verdicts have no submission": _count_lost(
        schema.past_verdicts, schema.submissions, "submission_id"
    ),
    "leads of chunks have a submission to another table": (
        select(_N)
        .select_from(schema.chunk_leads.join(schema.chunks).join(schema.submissions))
        .where(_c.table_name != _s.table_name)
    ),
    "submissions have a state there is not": _count_where(
        _s.state.not_in([state.value for state in SubmissionState])
    ),
    "slots have a state there is not": _count_where(
        schema.slots.c.state.not_in([state.value for state in SlotState])
    ),
    "submissions were sent, and nobody knows through which slot": _count_where(
        _s.state.in_(CHARGED), _s.slot.is_(None)
    ),
    "submissions are granted without a deadline": _count_where(
        _s.state == SubmissionState.SENDING, or_(_s.give_up_at.is_(None), _s.grant_id.is_(None))
    ),
}
