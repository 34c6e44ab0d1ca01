"""How is use by day said to people?

In:    what was used, and what is forecast.
Out:   tables of figures, the same on the terminal and in the orchestrator.
Never: a figure that was not read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from clayload.capacity.forecast import LineUse
from clayload.capacity.usage import DayUse, OwedCost, Usage
from clayload.report.grids import Grid

_DAY = ("day", "accepted", "in doubt", "credits", "Actions")
_LINE = ("budget", "used", "limit", "% used", "low", "likely", "high", "used up on", "renews on")


def render_days(usage: Usage, *, by_table: bool = False) -> Grid:
    """Give what was used by day, of each table or of all; and the sum."""
    if by_table:
        header = (_DAY[0], "table", *_DAY[1:])
        rows = [(one.day, one.table, *_describe_figures([one])) for one in usage.days]
        return Grid(header, (*rows, ("in all", "", *_describe_figures(usage.days))), n_totals=1)
    days = dict.fromkeys(one.day for one in usage.days)
    rows_of_all = [(day, *_describe_figures(_of_day(usage, day))) for day in days]
    return Grid(_DAY, (*rows_of_all, ("in all", *_describe_figures(usage.days))), n_totals=1)


def _of_day(usage: Usage, day: str) -> list[DayUse]:
    return [one for one in usage.days if one.day == day]


def _describe_figures(days: Sequence[DayUse]) -> tuple[str, ...]:
    n_leads = (sum(one.n_accepted for one in days), sum(one.n_in_doubt for one in days))
    amounts = (sum(one.credits for one in days), sum(one.actions for one in days))
    return (*(f"{n:,}" for n in n_leads), *(_describe(amount) for amount in amounts))


def render_lines(lines: Sequence[LineUse]) -> Grid:
    """Give every budget line, and what it comes to by the end of the billing month."""
    return Grid(_LINE, tuple(tuple(_describe_line(line)) for line in lines))


def _describe_line(line: LineUse) -> Iterator[str]:
    yield line.key
    yield _describe(line.used)
    yield "" if line.limit is None else _describe(line.limit)
    yield "" if line.part_used is None else f"{line.part_used:.1%}"
    at_end = line.forecast
    if at_end is None:
        yield from ("", "", "", "")
    else:
        yield from (f"{amount:,.0f}" for amount in (at_end.low, at_end.likely, at_end.high))
        yield f"{at_end.used_up_on or ''}"
    yield line.renews_on


def describe_owed(owed: OwedCost) -> str:
    """Say what the leads that are still owed will take."""
    if not owed.n_leads:
        return "no lead is owed"
    return (
        f"{owed.n_leads:,} leads are still owed; they will take {_describe(owed.credits)} credits "
        f"and {_describe(owed.actions)} Actions, which no forecast counts"
    )


def _describe(amount: float) -> str:
    return f"{amount:,.10g}"
