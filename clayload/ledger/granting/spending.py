"""What do leads cost, and what has been spent?

In:    a transaction, what one lead costs; whose leads are granted, or were provably not accepted.
Out:   the bill for the grant's arithmetic; rows of `spending`, by table and local day.
Never: a row of spending that is not the sum of what was charged and not given back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Row,
    bindparam,
    case,
    func,
    select,
    true,
    update,
)

from clayload.delivery.budget import (
    FREE,
    NOTHING,
    Bill,
    BudgetLine,
    Charge,
    OverBudget,
    Periods,
    Span,
    find_periods,
    has_limits,
    list_lines,
)
from clayload.delivery.grant import WorkspaceSnapshot
from clayload.ledger.database.schema import spending, submissions
from clayload.ledger.rules.states import SubmissionState
from clayload.ledger.store import Ledger
from clayload.tables.budgets import Budgets

_x, _s = spending.c, submissions.c
_NO_BUDGETS = Budgets()

Reserved: TypeAlias = Mapping[tuple[str, str], Charge]
"""What is charged for leads that are on their way, by table and local day."""


@dataclass(frozen=True, slots=True)
class Payer:
    """Whose leads are paid for: a table of a workspace, both by name."""

    workspace: str
    table: str


def _sum(figure: Column[int], holder: str, span: Span) -> ColumnElement[int]:
    """Add up a figure of the cycle's rows: of all tables or one, of all days or one."""
    is_theirs = _x.table_name == bindparam("table") if holder == "own" else true()
    is_then = _x.day == bindparam("day") if span is Span.DAY else true()
    counted = case((is_theirs & is_then, figure), else_=0)
    return func.coalesce(func.sum(counted), 0).label(f"{holder}_{span}_{figure.name}")


_SPENT = select(
    *(
        _sum(figure, holder, span)
        for holder in ("all", "own")
        for span in Span
        for figure in (_x.credits_milli, _x.actions_milli)
    )
).where(
    _x.workspace == bindparam("workspace"),
    _x.day >= bindparam("first_day"),
    _x.day < bindparam("next_day"),
)

_GIVE_BACK = (
    update(spending)
    .where(_x.day == bindparam("on_day"), _x.table_name == bindparam("of_table"))
    .values(
        credits_milli=_x.credits_milli - bindparam("credits"),
        actions_milli=_x.actions_milli - bindparam("actions"),
    )
)

_charged = [
    func.coalesce(func.sum(figure), 0).label(figure.name)
    for figure in (_s.credits_milli, _s.actions_milli)
]

_IN_FLIGHT = select(*_charged).where(
    _s.state == SubmissionState.SENDING,
    _s.give_up_at >= bindparam("now"),
    _s.table_name.in_(bindparam("tables", expanding=True)),
    _s.charged_on >= bindparam("first_day"),
    _s.charged_on < bindparam("next_day"),
)

_RESERVED = (
    select(_s.table_name, _s.charged_on.label("day"), *_charged)
    .where(_s.state == SubmissionState.SENDING, _s.charged_on.is_not(None))
    .group_by(_s.table_name, _s.charged_on)
)


def read_bill(tx: Connection, at: WorkspaceSnapshot, payer: Payer, each: Charge) -> Bill:
    """Read what a table's leads count against at this moment, if they cost `each`."""
    if each == NOTHING:
        return FREE
    budgets = at.budgets or _NO_BUDGETS
    periods = find_periods(at.now, budgets)
    return Bill(each, periods[Span.DAY].first_day, read_lines(tx, budgets, payer, periods))


def read_lines(
    connection: Connection, budgets: Budgets, payer: Payer, periods: Periods
) -> tuple[BudgetLine, ...]:
    """Read the limits of a table and its workspace, with what is spent of them."""
    if not has_limits(budgets, payer.table):
        return ()
    row = connection.execute(
        _SPENT,
        {
            "workspace": payer.workspace,
            "table": payer.table,
            "day": periods[Span.DAY].first_day,
            "first_day": periods[Span.BILLING_MONTH].first_day,
            "next_day": periods[Span.BILLING_MONTH].ends_on,
        },
    ).one()
    return list_lines(budgets, payer.table, periods, _read_spent(row, payer.table))


def _read_spent(row: Row[*tuple[Any, ...]], table: str) -> Mapping[tuple[str | None, Span], Charge]:
    figures = row._mapping  # noqa: SLF001 - SQLAlchemy's public accessor
    return {
        # Postgres sums whole numbers to Decimals.
        (name, span): Charge(
            int(figures[f"{holder}_{span}_credits_milli"]),
            int(figures[f"{holder}_{span}_actions_milli"]),
        )
        for holder, name in (("all", None), ("own", table))
        for span in Span
    }


def charge_bill(ledger: Ledger, tx: Connection, payer: Payer, bill: Bill, n: int) -> None:
    """Write down what `n` granted leads cost."""
    if bill.each == NOTHING:
        return
    cost = bill.each.times(n)
    tx.execute(
        ledger.add_spending,
        {
            "day": bill.day,
            "table_name": payer.table,
            "workspace": payer.workspace,
            "credits_milli": cost.credits_milli,
            "actions_milli": cost.actions_milli,
        },
    )


def give_back(tx: Connection, table: str, day: str | None, cost: Charge) -> None:
    """Take off what leads were charged on a day that were provably not accepted."""
    if cost == NOTHING:
        return
    figures = {"credits": cost.credits_milli, "actions": cost.actions_milli}
    tx.execute(_GIVE_BACK, {"on_day": day, "of_table": table, **figures})


def give_back_rows(tx: Connection, rows: Sequence[Row[*tuple[Any, ...]]]) -> None:
    """Take off what these submissions were charged; each row as `unanswered.SENT_BY` reads it."""
    costs: defaultdict[tuple[str, str | None], Charge] = defaultdict(Charge)
    for row in rows:
        key, cost = (row.table_name, row.charged_on), Charge(row.credits_milli, row.actions_milli)
        costs[key] = costs[key].plus(cost)
    for (table, day), cost in costs.items():
        give_back(tx, table, day, cost)


def awaits_answers(tx: Connection, over: OverBudget, tables: Collection[str], now: float) -> bool:
    """Whether leads on their way to these tables are charged on the line: some may come back."""
    line = over.line
    if over.until is None:
        return False
    in_flight = tx.execute(
        _IN_FLIGHT,
        {
            "tables": list(tables) if line.table is None else [line.table],
            "first_day": line.period.first_day,
            "next_day": line.period.ends_on,
            "now": now,
        },
    ).one()
    return bool(Charge(int(in_flight.credits_milli), int(in_flight.actions_milli)).of(line.unit))


def read_reserved(connection: Connection) -> Reserved:
    """Read what granted leads are charged whose answers are awaited, by table and local day."""
    return {
        (row.table_name, row.day): Charge(int(row.credits_milli), int(row.actions_milli))
        for row in connection.execute(_RESERVED)
    }


def unspent_lines(budgets: Budgets, table: str, periods: Periods) -> tuple[BudgetLine, ...]:
    """Give the limits of a table and its workspace before anything is spent."""
    return list_lines(budgets, table, periods, defaultdict(Charge))
