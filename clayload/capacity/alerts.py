"""Which budget lines, slots and tables is somebody to be told of?

In:    how they stand and what is forecast, and the thresholds of `tables.yaml`.
Out:   a condition for each, whether it is fine or not.
Never: what was told before; that is `clayload.alerts`' question.
"""

from __future__ import annotations

from collections.abc import Iterator

from clayload.alerts import Condition, Figures, Kind, Level
from clayload.capacity.forecast import LineUse
from clayload.capacity.slots import SlotForecast, TableForecast
from clayload.capacity.soon import Soon, describe_slot, find_soon
from clayload.delivery.grant import SlotState

_PERCENT = 100


def judge_line(line: LineUse, workspace: str, percent: float) -> Condition:
    """Judge a budget line: over where not one lead more fits it, near from `percent` on.

    It is near, too, where even the lower of the two paces uses it up before it renews.
    """
    level = _level_of(line, percent)
    return Condition(
        subject=f"clayload.budget.{workspace}.{line.key}",
        kind=Kind.BUDGET,
        level=level,
        what=describe_line(line),
        next_step=_mend_line(line, level),
        figures=_figures_of(line),
    )


def _level_of(line: LineUse, percent: float) -> Level:
    if line.limit is None or line.part_used is None:
        return Level.FINE
    if line.is_used_up:
        return Level.OVER
    passes = line.forecast is not None and line.forecast.low > line.limit
    is_near = line.used > 0 and line.part_used * _PERCENT >= percent
    return Level.NEAR if is_near or passes else Level.FINE


def describe_line(line: LineUse) -> str:
    """Say how a budget line stands, and what is to come."""
    limit, part = line.limit or 0.0, line.part_used or 0.0
    said = (
        f"{line.key}: {_say(line.used)} of {_say(limit)} {line.unit} are used ({part:.1%}), it "
        f"renews on {line.renews_on}"
    )
    day = None if line.forecast is None or line.is_used_up else line.forecast.used_up_on
    return said if day is None else f"{said}; at this pace it is used up on {day}"


def _mend_line(line: LineUse, level: Level) -> str:
    if level is Level.FINE:
        return ""
    raise_it = f"raise {line.key} in tables.yaml"
    if level is Level.OVER:
        return (
            f"leads are deferred until {line.renews_on}: wait, or {raise_it}, and run the same "
            "load again"
        )
    return f"load less until {line.renews_on}, or {raise_it}; `clayload usage` shows use by day"


def _figures_of(line: LineUse) -> Figures:
    figures: dict[str, float | str | None] = {
        "budget": line.key,
        "unit": line.unit,
        "limit": line.limit,
        "used": line.used,
        "renews_on": line.renews_on,
    }
    if line.forecast is not None:
        day = line.forecast.used_up_on
        figures |= {"low": line.forecast.low, "likely": line.forecast.likely}
        figures |= {"high": line.forecast.high, "used_up_on": None if day is None else str(day)}
    return figures


def _say(amount: float) -> str:
    return f"{amount:,.10g}"


def judge_table(table: TableForecast, workspace: str, percent: float) -> Iterator[Condition]:
    """Judge a table's slots and, unless Clay keeps it lean itself, its rows."""
    soon = {one.slot: one for one in find_soon(table, percent / _PERCENT)}
    for slot in table.slots:
        yield _judge_slot(table, slot, soon.get(slot.slot), workspace)
    if not table.auto_delete:
        yield _judge_rows(table, soon.get(None), workspace)


def _judge_slot(
    table: TableForecast, slot: SlotForecast, soon: Soon | None, workspace: str
) -> Condition:
    level = Level.NEAR if table.usable else Level.OVER
    what = describe_slot(table, slot) if slot in table.usable else _say_out_of_use(table, slot)
    return Condition(
        subject=f"clayload.slot.{workspace}.{slot.slot}",
        kind=Kind.SLOT,
        level=Level.FINE if soon is None else level,
        what=what if soon is None else soon.what,
        next_step="" if soon is None else soon.next_step,
        figures={
            "table": table.table,
            "slot": slot.slot,
            "used": slot.used,
            "safe_limit": None if table.auto_delete else slot.safe_limit,
            "runs_out_on": None if slot.runs_out_on is None else str(slot.runs_out_on),
        },
    )


def _say_out_of_use(table: TableForecast, slot: SlotForecast) -> str:
    state = "used up" if slot.state is SlotState.ACTIVE else slot.state.replace("_", " ")
    heir = f"; {table.usable[0].slot} is in use" if table.usable else ""
    return f"{table.table}: slot {slot.slot} is {state}, with {slot.used:,} submissions{heir}"


def _judge_rows(table: TableForecast, soon: Soon | None, workspace: str) -> Condition:
    is_full = table.rows_used >= table.row_limit
    fine = f"{table.table}: {table.rows_used:,} of {table.row_limit:,} rows"
    return Condition(
        subject=f"clayload.table.{workspace}.{table.table}",
        kind=Kind.SLOT,
        level=Level.FINE if soon is None else Level.OVER if is_full else Level.NEAR,
        what=fine if soon is None else soon.what,
        next_step="" if soon is None else soon.next_step,
        figures={
            "table": table.table,
            "rows": table.rows_used,
            "row_limit": table.row_limit,
            "runs_out_on": None if table.rows_run_out_on is None else str(table.rows_run_out_on),
        },
    )
