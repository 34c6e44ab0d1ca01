"""How do webhook slots and tables stand, in one form for terminal, artifact and page?

In:    a table's forecast, or a slot's state.
Out:   a grid with a row for each slot and one for the table's rows; what a state means.
Never: a webhook's address: a slot is known by its name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from clayload.capacity.slots import Pace, SlotForecast, TableForecast
from clayload.delivery.grant import SlotState
from clayload.report.grids import Grid

_HEADER = (
    *("slot", "used", "limit", "left", "% used"),
    *("a day, 7 d", "a day, 30 d", "runs out", "state"),
)
_ANSWER = re.compile(r"slot answers (\d{3})(?:: )?")
_MEANINGS = {
    "401": "wrong token",
    "402": "not in the workspace's plan",
    "403": "not allowed by the workspace's plan",
    "404": "the webhook is gone",
    "410": "the webhook is gone",
}


def describe_state(state: str, reason: str) -> str:
    """Say how a slot stands: `active`, or `suspended: Clay answered 401 (wrong token)`."""
    if state != SlotState.SUSPENDED:
        return f"{state.replace('_', ' ')}{f': {reason}' if reason else ''}"
    answer = _ANSWER.match(reason)
    if answer is None:
        return f"suspended: {reason}"
    meaning = _MEANINGS.get(answer[1])
    said = reason[answer.end() :]
    return (
        f"suspended: Clay answered {answer[1]}{f' ({meaning})' if meaning else ''}"
        f"{f': {said}' if said else ''}"
    )


def describe_table(table: TableForecast) -> str:
    """Say how full a table is, and what its days are counted with."""
    per_day = f"{table.per_day:,.0f} a day {'planned' if table.is_planned else 'measured'}"
    if table.auto_delete:
        return f"{table.table}: auto-delete, so no limit of slots or rows; {per_day}"
    full = f", full on {table.rows_run_out_on}" if table.rows_run_out_on else ""
    return (
        f"{table.table}: {table.rows_used:,} of {table.row_limit:,} rows "
        f"({table.part_of_rows_used:.1%}){full}; counted with {per_day}"
    )


def render_forecast(table: TableForecast) -> Grid:
    """Give use, pace and the day it runs out: of each slot, and of the table's rows."""
    slots = (_slot_row(table, slot) for slot in table.slots)
    return Grid(_HEADER, (*slots, _rows_row(table)))


def _slot_row(table: TableForecast, slot: SlotForecast) -> tuple[str, ...]:
    limit = None if table.auto_delete else (slot.safe_limit, slot.n_left, slot.part_used)
    use = _describe_use(slot.used, limit)
    pace = _describe_pace(slot.pace, slot.runs_out_on)
    return slot.slot, *use, *pace, describe_state(slot.state, slot.reason)


def _rows_row(table: TableForecast) -> tuple[str, ...]:
    n_left = max(table.row_limit - table.rows_used, 0)
    limit = None if table.auto_delete else (table.row_limit, n_left, table.part_of_rows_used)
    use = _describe_use(table.rows_used, limit)
    return "rows of the table", *use, *_describe_pace(table.pace, table.rows_run_out_on), ""


def _describe_use(used: int, limit: tuple[int, int, float] | None) -> Iterator[str]:
    yield f"{used:,}"
    if limit is None:
        yield from ("none", "", "")
    else:
        yield from (f"{limit[0]:,}", f"{limit[1]:,}", f"{limit[2]:.1%}")


def _describe_pace(pace: Pace, runs_out_on: date | None) -> tuple[str, str, str]:
    return f"{pace.per_day_week:,.0f}", f"{pace.per_day_month:,.0f}", f"{runs_out_on or ''}"
