"""When does each slot run out, and what must be done before?

In:    tables as they stand, what was sent lately, what is planned a month, and the day.
Out:   for every table and slot: use, rate, the day it runs out.
Never: the clock, and never a limit other than those the grant itself keeps.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from clayload.delivery.grant import SlotSnapshot, SlotState, TableSnapshot

WARN_AT = 0.8
"""The part of a limit from which on somebody should know."""
WARN_DAYS = 30
"""How long before the last slot runs out somebody should know: a webhook is made by hand."""

_WEEK_DAYS, _MONTH_DAYS = 7, 30
_DAYS_A_MONTH = 365.25 / 12
_FURTHEST_DAYS = 3_650


@dataclass(frozen=True, slots=True)
class Pace:
    """Submissions a day, over the last week and the last month."""

    per_day_week: float = 0.0
    per_day_month: float = 0.0


@dataclass(frozen=True, slots=True)
class SlotForecast:
    """A slot: `n_left` of `safe_limit` submissions, and the day from which on it takes none.

    That day comes when none are left, or when the table is full before. None is known without a
    rate, for a slot that is not used, and beyond ten years.
    """

    slot: str
    used: int
    safe_limit: int
    n_left: int
    state: SlotState
    reason: str
    pace: Pace
    runs_out_on: date | None

    @property
    def part_used(self) -> float:
        """Between 0 and 1, or above where more was sent than is safe."""
        return self.used / self.safe_limit


@dataclass(frozen=True, slots=True)
class TableForecast:
    """A table, its rows and its slots, in the order in which they are used up.

    `per_day` is what the days are counted with: the last month's pace, or the planned volume where
    that is more (`is_planned`). A table with auto-delete has no limit that runs out.
    """

    table: str
    as_of: date
    rows_used: int
    row_limit: int
    auto_delete: bool
    pace: Pace
    per_day: float
    is_planned: bool
    rows_run_out_on: date | None
    slots: tuple[SlotForecast, ...]

    @property
    def part_of_rows_used(self) -> float:
        """Between 0 and 1; a table with auto-delete can hold any number in turn."""
        return self.rows_used / self.row_limit

    @property
    def usable(self) -> tuple[SlotForecast, ...]:
        """The slots that may still be sent through."""
        return tuple(
            slot
            for slot in self.slots
            if slot.state is SlotState.ACTIVE and (self.auto_delete or slot.n_left)
        )

    @property
    def n_left_in_slots(self) -> int:
        """Submissions that all slots together still take."""
        return sum(slot.n_left for slot in self.usable)

    @property
    def is_full_first(self) -> bool:
        """Whether the table's rows run out before its slots do."""
        return self.row_limit - self.rows_used < self.n_left_in_slots

    @property
    def slots_run_out_on(self) -> date | None:
        """The day from which on no slot takes anything."""
        return self.usable[-1].runs_out_on if self.usable else None


def measure_pace(n_in_week: int, n_in_month: int, days_known: float) -> Pace:
    """Give the pace of what was sent; `days_known` have passed since the first was.

    A month of which less is known is measured by what is known of it, but by a week at least: one
    load on the first day says nothing of the days to come.
    """
    month = min(max(days_known, _WEEK_DAYS), _MONTH_DAYS)
    return Pace(n_in_week / _WEEK_DAYS, n_in_month / month)


def forecast_table(
    name: str,
    table: TableSnapshot,
    paces: Sequence[Pace],
    volume_per_month: int,
    today: date,
) -> TableForecast:
    """Forecast one table; `paces` are those of its slots, in their order.

    The slots are used up one after the other at the pace of the whole table, as the grant does.
    """
    pace = Pace(sum(p.per_day_week for p in paces), sum(p.per_day_month for p in paces))
    planned = volume_per_month / _DAYS_A_MONTH
    per_day = max(pace.per_day_month, planned)
    n_rows_left = max(table.row_limit - table.rows_used, 0)
    days = None if table.auto_delete else _find_days(table.slots, n_rows_left, per_day, today)
    return TableForecast(
        table=name,
        as_of=today,
        rows_used=table.rows_used,
        row_limit=table.row_limit,
        auto_delete=table.auto_delete,
        pace=pace,
        per_day=per_day,
        is_planned=planned > pace.per_day_month,
        rows_run_out_on=None if table.auto_delete else _day_after(n_rows_left, per_day, today),
        slots=tuple(
            SlotForecast(
                slot=slot.name,
                used=slot.used,
                safe_limit=slot.safe_limit,
                n_left=slot.n_left,
                state=slot.state,
                reason=slot.reason,
                pace=pace_of_slot,
                runs_out_on=days[number] if days else None,
            )
            for number, (slot, pace_of_slot) in enumerate(zip(table.slots, paces, strict=True))
        ),
    )


def _find_days(
    slots: Sequence[SlotSnapshot], n_rows_left: int, per_day: float, today: date
) -> list[date | None]:
    """Give the day for each slot: after all that stand before it, or once the table is full."""
    days: list[date | None] = []
    n_before = 0
    for slot in slots:
        n_before = min(n_before + slot.n_left, n_rows_left)
        days.append(_day_after(n_before, per_day, today) if slot.n_left else None)
    return days


def _day_after(n_left: int, per_day: float, today: date) -> date | None:
    if per_day * _FURTHEST_DAYS <= n_left:
        return None
    return today + timedelta(days=math.floor(n_left / per_day))
