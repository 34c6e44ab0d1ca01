"""What do leads cost, and how do the budgets stand?

In:    configuration and ledger.
Out:   the cost of one lead by table; every budget line with what is spent, reserved and left.
Never: a write.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from clayload.capacity.budget_use import BudgetUse
from clayload.delivery.budget import MILLI, BudgetLine, find_periods
from clayload.ledger.database.engine import is_new
from clayload.ledger.granting.spending import (
    Payer,
    Reserved,
    read_lines,
    read_reserved,
    unspent_lines,
)
from clayload.ledger.moment import Readable
from clayload.setup import Setup
from clayload.tables.tables_file import TablesConfig


def read_budgets(setup: Setup) -> tuple[BudgetUse, ...]:
    """Read how every budget of the configuration stands, the workspace's first.

    Before there is a ledger nothing is spent.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    ledger = None if is_new(setup.settings.ledger_url) else setup.ledger
    return read_budget_uses(ledger, setup.config)


def read_budget_uses(ledger: Readable | None, config: TablesConfig) -> tuple[BudgetUse, ...]:
    """Read how every budget of a configuration stands; without a ledger nothing is spent."""
    found = _read(config, ledger)
    return tuple(_describe(line, found) for line in _list_once(list(found.lines_of.values())))


@dataclass(frozen=True, slots=True)
class _Found:
    """The lines that each table counts against, and what is reserved."""

    lines_of: dict[str, tuple[BudgetLine, ...]]
    reserved: Reserved


def _read(config: TablesConfig, ledger: Readable | None) -> _Found:
    budgets = config.budgets
    if ledger is None:
        periods = find_periods(datetime.now(UTC).timestamp(), budgets)
        return _Found({name: unspent_lines(budgets, name, periods) for name in config.tables}, {})
    with ledger.read_only() as connection:
        periods = find_periods(ledger.read_clock(connection), budgets)
        payers = [Payer(config.workspace.name, name) for name in config.tables]
        return _Found(
            {payer.table: read_lines(connection, budgets, payer, periods) for payer in payers},
            read_reserved(connection),
        )


def _list_once(lines_of: list[tuple[BudgetLine, ...]]) -> Iterator[BudgetLine]:
    """List the lines of all tables, those of the workspace first and once."""
    yield from (line for line in lines_of[0] if line.table is None)
    yield from (line for lines in lines_of for line in lines if line.table is not None)


def _describe(line: BudgetLine, found: _Found) -> BudgetUse:
    reserved_milli = sum(
        cost.of(line.unit)
        for (table, day), cost in found.reserved.items()
        if table in (found.lines_of if line.table is None else (line.table,))
        and line.period.first_day <= day < line.period.ends_on
    )
    return BudgetUse(
        key=line.key,
        table=line.table,
        unit=line.unit,
        span=line.span,
        limit=line.limit_milli / MILLI,
        spent=max(line.spent_milli - reserved_milli, 0) / MILLI,
        reserved=reserved_milli / MILLI,
        left=line.left_milli / MILLI,
        renews_on=line.period.ends_on,
        renews_at=line.period.ends_at,
    )
