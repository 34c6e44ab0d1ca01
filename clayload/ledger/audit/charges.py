"""Was each slot, table, budget and sample charged what the leads sent say?

In:    the ledger's tables, as they stood at one moment.
Out:   what was charged more or less than the leads explain, with figures.
Never: a write.

A lead that was in doubt and then sent anew was charged twice, one whose answer came late once: its
story does not tell which, so there is a least and a most.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from sqlalchemy import Column, Connection, Select, func, literal, select

from clayload.delivery.budget import describe_milli
from clayload.ledger.audit.audit_finding import AuditFinding
from clayload.ledger.database import schema
from clayload.ledger.rules.states import CHARGED, SubmissionState

_Key = TypeVar("_Key", str, int)
_s, _p, _x = schema.submissions.c, schema.past_verdicts.c, schema.spending.c
_N = func.count(literal(1))
_DOUBTED_TABLES = (
    select(_s.table_name)
    .join(schema.past_verdicts, _p.submission_id == _s.submission_id)
    .where(_p.what == SubmissionState.IN_DOUBT)
    .distinct()
)


def check_charges(connection: Connection) -> Iterator[AuditFinding]:
    """Find what was charged other than the leads that were sent explain."""
    yield from _check_books(connection)
    yield from _check_spending(connection)
    yield from _check_samples(connection)


def _check_books(connection: Connection) -> Iterator[AuditFinding]:
    """Whether slots and tables were charged what the submissions say."""
    for name, used, least, most in _read_books(connection, schema.slots.c.slot, _s.slot):
        if not least <= used <= most:
            yield AuditFinding(
                f"slot {name} was charged {used:,} submissions, and the leads sent through it are "
                f"{_range(least, most)}"
            )
    names = (schema.clay_tables.c.table_name, _s.table_name)
    for name, used, least, most in _read_books(connection, *names):
        if used > most:
            yield AuditFinding(
                f"table {name} was charged {used:,} rows, and the leads sent to it are "
                f"{_range(least, most)}"
            )
        elif used < least:
            yield AuditFinding(
                f"table {name} counts {used:,} rows, and the leads sent to it are "
                f"{_range(least, most)}: right if a person lowered it after deleting rows in Clay",
                is_damage=False,
            )


def _check_spending(connection: Connection) -> Iterator[AuditFinding]:
    """Whether what was spent is what the leads were charged, by table and day.

    A lead that was in doubt and then sent anew was charged twice; only its last charge is known.
    """
    spent = _read_costs(connection, select(_x.table_name, _x.day, *_costs(_x)))
    charged = _read_costs(
        connection,
        select(_s.table_name, _s.charged_on, *(func.sum(figure) for figure in _costs(_s)))
        .where(_s.state.in_(CHARGED), _s.charged_on.is_not(None))
        .group_by(_s.table_name, _s.charged_on),
    )
    may_be_more = set(connection.execute(_DOUBTED_TABLES).scalars())
    for key in sorted(spent.keys() | charged.keys()):
        is_less = any(a < b for a, b in zip(spent[key], charged[key], strict=True))
        if is_less or (spent[key] != charged[key] and key[0] not in may_be_more):
            yield AuditFinding(
                f"table {key[0]} was charged {_amounts(spent[key])} on {key[1]}, and the leads "
                f"sent to it cost {_amounts(charged[key])}"
            )


def _check_samples(connection: Connection) -> Iterator[AuditFinding]:
    """Whether each sample counts the leads that were sent of it; doubted ones may count twice."""
    of_leads = _count(
        connection,
        select(_s.sample_no, _N).where(_s.state.in_(CHARGED)).group_by(_s.sample_no),
    )
    may_be_more = set(connection.execute(_DOUBTED_TABLES).scalars())
    for row in connection.execute(select(schema.samples)):
        n = of_leads.get(row.sample_no, 0)
        if row.n_sent < n or (row.n_sent > n and row.table_name not in may_be_more):
            yield AuditFinding(
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
    return f"{describe_milli(cost[0])} credits and {describe_milli(cost[1])} Actions"


def _range(least: int, most: int) -> str:
    return f"{least:,}" if least == most else f"{least:,} to {most:,}"


def _read_books(
    connection: Connection, name: Column[str], of_submission: Column[str]
) -> Iterator[tuple[str, int, int, int]]:
    """Give, for each slot or table, its count, and the least and most that its leads explain."""
    used = schema.slots.c.used if name.table is schema.slots else schema.clay_tables.c.rows_used
    certain = _count(
        connection, select(of_submission, _N).where(_s.state.in_(CHARGED)).group_by(of_submission)
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
