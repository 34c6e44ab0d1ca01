"""What was done on each local day, and how does all of it stand?

In:    a workspace, and when each of its local days began.
Out:   answers and spending by day and table; submissions by table and state.
Never: a write.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy import and_, case, func, literal, select

from clayload.delivery.budget import Charge
from clayload.ledger.database import schema
from clayload.ledger.moment import Readable

DayOfTable: TypeAlias = tuple[str, str]
"""A local day such as `2026-11-26`, and a table."""

_t, _x, _s = schema.traffic.c, schema.spending.c, schema.submissions.c


@dataclass(frozen=True, slots=True)
class Answers:
    """Leads that Clay accepted, and leads whose answer tells nothing."""

    n_accepted: int
    n_in_doubt: int


def read_answers(
    ledger: Readable, workspace: str, days: Sequence[tuple[str, float]]
) -> dict[DayOfTable, Answers]:
    """Count answers by day; `days` with the moment each began (epoch s), the oldest first."""
    began = [(at, day) for day, at in reversed(days)]
    # Slot by slot, as the primary key goes: the traffic of years is not to be read through.
    of_slots = schema.slots.join(
        schema.traffic, and_(_t.slot == schema.slots.c.slot, _t.bucket_at >= days[0][1])
    )
    # In a query of its own: a server does not see that two expressions with parameters are one.
    dated = (
        select(
            case(*((_t.bucket_at >= at, day) for at, day in began)).label("day"),
            schema.slots.c.table_name,
            _t.n_accepted,
            _t.n_in_doubt,
        )
        .select_from(of_slots)
        .where(_t.workspace == workspace)
        .subquery()
    )
    figures = (func.sum(dated.c.n_accepted), func.sum(dated.c.n_in_doubt))
    counted = select(dated.c.day, dated.c.table_name, *figures).group_by(
        dated.c.day, dated.c.table_name
    )
    with ledger.read_only() as connection:
        return {
            (day, table): Answers(int(n_accepted), int(n_in_doubt))
            for day, table, n_accepted, n_in_doubt in connection.execute(counted)
        }


def read_spending(ledger: Readable, workspace: str, first_day: str) -> dict[DayOfTable, Charge]:
    """Read what leads cost from a day on."""
    found = select(_x.day, _x.table_name, _x.credits_milli, _x.actions_milli).where(
        _x.workspace == workspace, _x.day >= first_day
    )
    with ledger.read_only() as connection:
        return {
            (day, table): Charge(credits_milli, actions_milli)
            for day, table, credits_milli, actions_milli in connection.execute(found)
        }


def find_first_spending(ledger: Readable, workspace: str) -> str | None:
    """Find the first local day on which anything was spent."""
    found = select(func.min(_x.day)).where(_x.workspace == workspace)
    with ledger.read_only() as connection:
        first: str | None = connection.execute(found).scalar_one()
    return first


def count_submissions(ledger: Readable) -> Mapping[tuple[str, str], int]:
    """Count every submission the ledger holds, by table and state; reads through all of them."""
    counted = select(_s.table_name, _s.state, func.count(literal(1))).group_by(
        _s.table_name, _s.state
    )
    with ledger.read_only() as connection:
        return {(table, state): n for table, state, n in connection.execute(counted)}
