"""Which budget lines, slots and tables is somebody to be told of?

In:    how they stand and what is forecast, and the thresholds of `tables.yaml`.
Out:   a condition for each, whether it is fine or not.
Never: what was told before; that is `clayload.alerts`' question.
"""

from __future__ import annotations

from collections.abc import Iterator

from clayload.account.run_report import RunReport, describe_ends
from clayload.alerts import AlertLevel, Condition, Figures, Kind
from clayload.capacity.forecast import LineUse
from clayload.capacity.near_limits import NearLimit, describe_slot, find_near_limits
from clayload.capacity.slots import SlotForecast, TableForecast
from clayload.delivery.grant import SlotState
from clayload.model import Outcome, RowEnd
from clayload.plural import count
from clayload.tables.alerts import Alerts

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
        next_step=_fix_line(line, level),
        figures=_figures_of(line),
    )


def _level_of(line: LineUse, percent: float) -> AlertLevel:
    if line.limit is None or line.part_used is None:
        return AlertLevel.FINE
    if line.is_used_up:
        return AlertLevel.OVER
    passes = line.forecast is not None and line.forecast.low > line.limit
    is_near = line.used > 0 and line.part_used * _PERCENT >= percent
    return AlertLevel.NEAR if is_near or passes else AlertLevel.FINE


def describe_line(line: LineUse) -> str:
    """Say how a budget line stands, and what is to come."""
    limit, part = line.limit or 0.0, line.part_used or 0.0
    said = (
        f"{line.key}: {_describe(line.used)} of {_describe(limit)} {line.unit} are used "
        f"({part:.1%}), it renews on {line.renews_on}"
    )
    day = None if line.forecast is None or line.is_used_up else line.forecast.used_up_on
    return said if day is None else f"{said}; at this pace it is used up on {day}"


def _fix_line(line: LineUse, level: AlertLevel) -> str:
    if level is AlertLevel.FINE:
        return ""
    raise_it = f"raise {line.key} in tables.yaml"
    if level is AlertLevel.OVER:
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


def _describe(amount: float) -> str:
    return f"{amount:,.10g}"


def judge_table(table: TableForecast, workspace: str, percent: float) -> Iterator[Condition]:
    """Judge a table's slots and, unless Clay keeps it lean itself, its rows."""
    near_limit = {one.slot: one for one in find_near_limits(table, percent / _PERCENT)}
    for slot in table.slots:
        yield _judge_slot(table, slot, near_limit.get(slot.slot), workspace)
    if not table.auto_delete:
        yield _judge_rows(table, near_limit.get(None), workspace)


def _judge_slot(
    table: TableForecast, slot: SlotForecast, near_limit: NearLimit | None, workspace: str
) -> Condition:
    level = AlertLevel.NEAR if table.usable else AlertLevel.OVER
    what = describe_slot(table, slot) if slot in table.usable else _describe_out_of_use(table, slot)
    return Condition(
        subject=f"clayload.slot.{workspace}.{slot.slot}",
        kind=Kind.SLOT,
        level=AlertLevel.FINE if near_limit is None else level,
        what=what if near_limit is None else near_limit.what,
        next_step="" if near_limit is None else near_limit.next_step,
        figures={
            "table": table.table,
            "slot": slot.slot,
            "used": slot.used,
            "safe_limit": None if table.auto_delete else slot.safe_limit,
            "runs_out_on": None if slot.runs_out_on is None else str(slot.runs_out_on),
        },
    )


def _describe_out_of_use(table: TableForecast, slot: SlotForecast) -> str:
    state = "used up" if slot.state is SlotState.ACTIVE else slot.state.replace("_", " ")
    heir = f"; {table.usable[0].slot} is in use" if table.usable else ""
    return (
        f"{table.table}: slot {slot.slot} is {state}, with {count(slot.used, 'submission')}{heir}"
    )


def _judge_rows(table: TableForecast, near_limit: NearLimit | None, workspace: str) -> Condition:
    is_full = table.rows_used >= table.row_limit
    fine = f"{table.table}: {table.rows_used:,} of {table.row_limit:,} rows"
    return Condition(
        subject=f"clayload.table.{workspace}.{table.table}",
        kind=Kind.SLOT,
        level=AlertLevel.FINE
        if near_limit is None
        else AlertLevel.OVER
        if is_full
        else AlertLevel.NEAR,
        what=fine if near_limit is None else near_limit.what,
        next_step="" if near_limit is None else near_limit.next_step,
        figures={
            "table": table.table,
            "rows": table.rows_used,
            "row_limit": table.row_limit,
            "runs_out_on": None if table.rows_run_out_on is None else str(table.rows_run_out_on),
        },
    )


def judge_load(
    report: RunReport, subject: str, alerts: Alerts, n_owed_before: int = 0
) -> Condition:
    """Judge the newest load of a sort; `n_owed_before` leads of those before it are still owed."""
    reasons = list(_find_reasons(report, alerts))
    if n_owed_before:
        owed = count(n_owed_before, "lead of earlier loads is", "leads of earlier loads are")
        reasons.append(f"{owed} still owed")
    name = f"{report.kind} {report.run_id} for {report.cycle}"
    said = "; ".join(reasons) or describe_ends(report.ends)
    return Condition(
        subject=subject,
        kind=Kind.LOAD,
        level=AlertLevel.OVER if reasons else AlertLevel.FINE,
        what=f"{name}: {said}",
        next_step=_fix(report) if reasons else "",
        figures={
            "run_id": report.run_id,
            "cycle": report.cycle,
            "outcome": report.outcome,
            "rows": report.extract.n_rows,
            **{end.replace(" ", "_"): n for end, n in report.ends.items()},
        },
    )


def _find_reasons(report: RunReport, alerts: Alerts) -> Iterator[str]:
    ends, n_rows = report.ends, report.extract.n_rows
    if report.outcome.is_owing:
        yield f"{report.outcome}: {describe_ends(ends)}"
    if not ends[RowEnd.DELIVERED] + ends[RowEnd.ALREADY_DELIVERED]:
        yield f"not one of {count(n_rows, 'row')} is delivered"
    n_set_aside = ends[RowEnd.QUARANTINED]
    if n_set_aside * _PERCENT > alerts.quarantine_percent * n_rows:
        yield _describe_part(
            n_set_aside, n_rows, "rows are in quarantine", alerts.quarantine_percent
        )
    n_accepted = sum(sum(of_table.values()) for of_table in report.tables.values())
    n_doubtful = ends[RowEnd.REFUSED] + ends[RowEnd.IN_DOUBT]
    if n_doubtful * _PERCENT > alerts.refused_percent * n_accepted:
        words = "accepted leads are refused or in doubt"
        yield _describe_part(n_doubtful, n_accepted, words, alerts.refused_percent)


def _describe_part(n: int, n_all: int, what: str, percent: float) -> str:
    return f"{n:,} of {n_all:,} {what} ({n / n_all:.1%}; reported above {percent:g} %)"


def _fix(report: RunReport) -> str:
    if report.outcome is not Outcome.COMPLETE:
        return report.next_step
    if report.extract.n_quarantined:
        return f"fix them in a spreadsheet: `clayload quarantine export {report.run_id}`"
    return f"load again what is owed; `clayload doctor {report.run_id}` says what is wrong"
