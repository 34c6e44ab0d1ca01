"""Is the ledger whole, and do its own books agree?

In:    a ledger, open for reading.
Out:   what is wrong with it, with figures; nothing if nothing is.
Never: a write, and never a repair: what is right only a backup or a person knows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Column, ColumnElement, Connection, Select, and_, func, literal, or_, select
from sqlalchemy import Table as SqlTable
from sqlalchemy.exc import DatabaseError

from clayload.delivery.budget import say_milli
from clayload.delivery.grant import SlotState
from clayload.errors import Code, LedgerError
from clayload.ledger import schema
from clayload.ledger.moment import at_one_moment
from clayload.ledger.states import SubmissionState
from clayload.ledger.store import Ledger

_Key = TypeVar("_Key", str, int)
_SHOWN = 5
_s, _p, _cl, _c, _x = (
    schema.submissions.c,
    schema.past_verdicts.c,
    schema.chunk_leads.c,
    schema.chunks.c,
    schema.spending.c,
)
_CHARGED = (SubmissionState.SENDING, SubmissionState.DELIVERED, SubmissionState.IN_DOUBT)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found. A remark is explained by what people and loads do; the rest is damage."""

    what: str
    is_damage: bool = True


def audit(ledger: Ledger) -> list[Finding]:
    """Look through the whole ledger, as it stood at one moment.

    Raises:
        LedgerError: it cannot be read at all.
    """
    with at_one_moment(ledger) as connection:
        # Rows of a file that is not whole tell nothing.
        return list(_check_file(connection)) or [
            *_check_schema(connection),
            *_check_rows(connection),
            *_check_books(connection),
            *_check_spending(connection),
            *_check_samples(connection),
            *_check_deadlines(connection, ledger.read_clock(connection)),
        ]


def describe_damage(damage: Sequence[Finding]) -> LedgerError:
    """Say that the ledger is damaged, and what to do."""
    return LedgerError(
        Code.LEDGER_DAMAGED,
        f"the ledger is damaged: {len(damage)} findings, the first: {damage[0].what}",
        hint="load nothing more; keep a copy of the ledger as it is, then restore a backup or "
        "report this",
    )


def _check_file(connection: Connection) -> Iterator[Finding]:
    if connection.dialect.name != "sqlite":
        return
    try:
        said = [row[0] for row in connection.exec_driver_sql("PRAGMA integrity_check(5)")]
    except DatabaseError as error:
        said = [str(error.orig)]
    if said != ["ok"]:
        # SQLite says several things in one row, a line each.
        lines = "\n".join(said).splitlines()
        yield Finding(f"the file is damaged: {'; '.join(lines[:_SHOWN])}")


def _check_schema(connection: Connection) -> Iterator[Finding]:
    for difference in compare_metadata(MigrationContext.configure(connection), schema.metadata):
        yield Finding(f"the tables are not as this version makes them: {_describe(difference)}")


def _describe(difference: object) -> str:
    """Say in short what Alembic found: `add_column submissions sender`."""
    parts = difference[0] if isinstance(difference, list) else difference
    names = parts if isinstance(parts, tuple) else (parts,)
    return " ".join(str(getattr(part, "name", part)) for part in names if part is not None)


def _check_rows(connection: Connection) -> Iterator[Finding]:
    """Whether each row has what it points at, and a state there is."""
    for what, found in _ROW_CHECKS.items():
        if n := connection.execute(found).scalar_one():
            yield Finding(f"{n:,} {what}")


def _check_books(connection: Connection) -> Iterator[Finding]:
    """Whether what was charged is what the submissions say.

    A lead that was in doubt and then sent anew was charged twice, one whose answer came late once:
    its story does not tell which, so there is a least and a most.
    """
    for name, used, least, most in _read_books(connection, schema.slots.c.slot, _s.slot):
        if not least <= used <= most:
            yield Finding(
                f"slot {name} was charged {used:,} submissions, and the leads sent through it are "
                f"{_range(least, most)}"
            )
    names = (schema.clay_tables.c.table_name, _s.table_name)
    for name, used, least, most in _read_books(connection, *names):
        if used > most:
            yield Finding(
                f"table {name} was charged {used:,} rows, and the leads sent to it are "
                f"{_range(least, most)}"
            )
        elif used < least:
            yield Finding(
                f"table {name} counts {used:,} rows, and the leads sent to it are "
                f"{_range(least, most)}: right if a person lowered it after deleting rows in Clay",
                is_damage=False,
            )


def _check_spending(connection: Connection) -> Iterator[Finding]:
    """Whether what was spent is what the leads were charged, by table and day.

    A lead that was in doubt and then sent anew was charged twice; only its last charge is known.
    """
    spent = _read_costs(connection, select(_x.table_name, _x.day, *_costs(_x)))
    charged = _read_costs(
        connection,
        select(_s.table_name, _s.charged_on, *(func.sum(figure) for figure in _costs(_s)))
        .where(_s.state.in_(_CHARGED), _s.charged_on.is_not(None))
        .group_by(_s.table_name, _s.charged_on),
    )
    may_be_more = set(connection.execute(_DOUBTED_TABLES).scalars())
    for key in sorted(spent.keys() | charged.keys()):
        is_less = any(a < b for a, b in zip(spent[key], charged[key], strict=True))
        if is_less or (spent[key] != charged[key] and key[0] not in may_be_more):
            yield Finding(
                f"table {key[0]} was charged {_amounts(spent[key])} on {key[1]}, and the leads "
                f"sent to it cost {_amounts(charged[key])}"
            )


def _check_samples(connection: Connection) -> Iterator[Finding]:
    """Whether each sample counts the leads that were sent of it; doubted ones may count twice."""
    of_leads = _count(
        connection,
        select(_s.sample_no, _N).where(_s.state.in_(_CHARGED)).group_by(_s.sample_no),
    )
    may_be_more = set(connection.execute(_DOUBTED_TABLES).scalars())
    for row in connection.execute(select(schema.samples)):
        n = of_leads.get(row.sample_no, 0)
        if row.n_sent < n or (row.n_sent > n and row.table_name not in may_be_more):
            yield Finding(
                f"the sample of extract {row.extract_id} in table {row.table_name} counts "
                f"{row.n_sent:,} leads, and {n:,} were sent of it"
            )


def _costs(columns: Any) -> tuple[Column[int], Column[int]]:  # noqa: ANN401 - the columns of any table
    return columns.credits_milli, columns.actions_milli


def _read_costs(
    connection: Connection, found: Select[*tuple[Any, ...]]
) -> defaultdict[tuple[str, str], tuple[int, int]]:
    costs: defaultdict[tuple[str, str], tuple[int, int]] = defaultdict(lambda: (0, 0))
    for table, day, n_credits, n_actions in connection.execute(found):
        costs[table, day] = (int(n_credits), int(n_actions))
    return costs


def _amounts(cost: tuple[int, int]) -> str:
    return f"{say_milli(cost[0])} credits and {say_milli(cost[1])} Actions"


def _range(least: int, most: int) -> str:
    return f"{least:,}" if least == most else f"{least:,} to {most:,}"


def _read_books(
    connection: Connection, name: Column[str], of_submission: Column[str]
) -> Iterator[tuple[str, int, int, int]]:
    """Give, for each slot or table, its count, and the least and most that its leads explain."""
    used = schema.slots.c.used if name.table is schema.slots else schema.clay_tables.c.rows_used
    certain = _count(
        connection, select(of_submission, _N).where(_s.state.in_(_CHARGED)).group_by(of_submission)
    )
    of_past = _p.slot if name.table is schema.slots else of_submission
    doubted = _count(
        connection,
        select(of_past, _N)
        .select_from(schema.past_verdicts.join(schema.submissions))
        .where(_p.what == SubmissionState.IN_DOUBT)
        .group_by(of_past),
    )
    counted = _count(connection, select(name, used))
    for key in sorted(counted.keys() | certain.keys() | doubted.keys()):
        least = certain.get(key, 0)
        yield key, counted.get(key, 0), least, least + doubted.get(key, 0)


def _count(connection: Connection, found: Select[_Key, int]) -> Mapping[_Key, int]:
    return {name: n for name, n in connection.execute(found) if name is not None}


def _check_deadlines(connection: Connection, now: float) -> Iterator[Finding]:
    overdue = and_(_s.state == SubmissionState.SENDING, _s.give_up_at < now)
    if n := connection.execute(select(_N).where(overdue)).scalar_one():
        yield Finding(
            f"{n:,} leads are granted and their answers can no longer come: their process ended; "
            "the next load lists them as in doubt",
            is_damage=False,
        )


_N = func.count(literal(1))
_DOUBTED_TABLES = (
    select(_s.table_name)
    .join(schema.past_verdicts, _p.submission_id == _s.submission_id)
    .where(_p.what == SubmissionState.IN_DOUBT)
    .distinct()
)


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
        _s.state.in_(_CHARGED), _s.slot.is_(None)
    ),
    "submissions are granted without a deadline": _count_where(
        _s.state == SubmissionState.SENDING, or_(_s.give_up_at.is_(None), _s.grant_id.is_(None))
    ),
}
