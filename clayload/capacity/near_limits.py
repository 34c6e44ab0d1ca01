"""Which slots and tables are near their end, and what fixes it?

In:    a table's forecast, and the part of a limit from which on somebody should know.
Out:   what is near its end, each with figures and the next step.
Never: a slot that is used up while another takes over: that is what slots are for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from clayload.capacity.slots import WARN_AT, WARN_DAYS, SlotForecast, TableForecast


@dataclass(frozen=True, slots=True)
class NearLimit:
    """Something near its end: a slot, or without one the table's rows."""

    slot: str | None
    what: str
    next_step: str


def warn_of(table: TableForecast) -> Iterator[str]:
    """Say what is near its end, and what to do, a sentence or two each."""
    for soon in find_near_limits(table):
        yield f"{soon.what}; {soon.next_step}"


def find_near_limits(table: TableForecast, warn_at: float = WARN_AT) -> Iterator[NearLimit]:
    """Find what is near its end; where no slot is left, the last one stands for all."""
    if not table.usable:
        yield NearLimit(table.slots[-1].slot, f"{table.table}: no slot is left", _add(table))
        return
    if table.auto_delete:
        return
    yield from _find_slots(table, warn_at)
    if table.part_of_rows_used >= warn_at or _is_near_limit(table.rows_run_out_on, table.as_of):
        yield NearLimit(
            None,
            f"{table.table}: {table.rows_used:,} of {table.row_limit:,} rows "
            f"({table.part_of_rows_used:.0%}), {_when(table.rows_run_out_on)}",
            "no slot helps: delete rows in Clay, or make a second Clay table (CLY-CAP-02)",
        )


def _find_slots(table: TableForecast, warn_at: float) -> Iterator[NearLimit]:
    last = table.usable[-1]
    for slot in table.usable:
        if slot.part_used >= warn_at:
            yield NearLimit(slot.slot, describe_slot(table, slot), _what_next(table, slot))
    is_soon = _is_near_limit(last.runs_out_on, table.as_of) and not table.is_full_first
    if last.part_used < warn_at and is_soon:
        yield NearLimit(last.slot, describe_slot(table, last), _add(table))


def describe_slot(table: TableForecast, slot: SlotForecast) -> str:
    """Say how a slot stands."""
    return (
        f"{table.table}: slot {slot.slot} has used {slot.used:,} of {slot.safe_limit:,} "
        f"({slot.part_used:.0%}), {_when(slot.runs_out_on)}"
    )


def _what_next(table: TableForecast, slot: SlotForecast) -> str:
    """Who takes over, or that nobody does."""
    after = table.usable[table.usable.index(slot) + 1 :]
    if not after and table.is_full_first:
        return "it is the last, and the table is full before it is used up"
    if not after:
        return f"it is the last: {_add(table)}"
    return f"{after[0].slot} takes over, with {after[0].n_left:,} left"


def _add(table: TableForecast) -> str:
    return (
        "make a new webhook in Clay and add it: "
        f"`clayload slots add {table.table} NEW-NAME --url env:…`"
    )


def _when(day: date | None) -> str:
    return f"{day} at this rate" if day else "no end in sight at this rate"


def _is_near_limit(day: date | None, today: date) -> bool:
    return day is not None and day <= today + timedelta(days=WARN_DAYS)
