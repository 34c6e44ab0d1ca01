"""How far do the budgets reach in a simulated month?

In:    a simulated month.
Out:   a section with a row for each budget line; the lines as plain values, for JSON.
Never: a line that nothing was counted against left out: it says that it was not the one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from clayload.capacity.tally import LineTally, SimulatedMonth
from clayload.delivery.budget import MILLI, say_milli
from clayload.loading.month import Section
from clayload.report.grids import Grid

_HEADER = ("budget", "limit", "spent", "most in\na period", "leads\ndeferred", "most\nat once")
_AT_END = "still\ndeferred"


def describe_lines(month: SimulatedMonth) -> Iterator[Section]:
    """Say how far each line was used, and what it deferred; nothing where there is no budget."""
    if not month.lines:
        return
    rows = tuple(_row_of(key, line, month.deferred[key]) for key, line in month.lines.items())
    sentences = (
        "limit and most are those of one workspace in one day or billing month, spent is all",
        "each lead is counted once as deferred, under the line that was the first to defer it",
    )
    yield Section("Budgets", Grid((*_HEADER, _AT_END), rows), sentences)


def _row_of(key: str, line: LineTally, deferred: list[int]) -> tuple[str, ...]:
    amounts = (line.limit_milli, line.spent_milli, line.most_milli)
    counts = (line.n_deferred, max(deferred, default=0), deferred[-1] if deferred else 0)
    return (key, *(say_milli(one) for one in amounts), *(f"{n:,}" for n in counts))


def lines_for_machines(month: SimulatedMonth) -> dict[str, dict[str, Any]]:
    """Give each line by its key in `tables.yaml`; amounts are credits or Actions."""
    return {
        key: {
            "table": line.table,
            "unit": line.unit,
            "span": line.span,
            "limit": line.limit_milli / MILLI,
            "spent": line.spent_milli / MILLI,
            "most_in_a_period": line.most_milli / MILLI,
            "n_deferred": line.n_deferred,
        }
        for key, line in month.lines.items()
    }
