"""What must a person know of a load plan at a glance?

In:    a load plan.
Out:   a summary for one screen: whether it fits, what needs a decision, what each table takes.
Never: a figure of its own.
"""

from __future__ import annotations

from collections.abc import Iterator

from clayload.capacity.load_plan import LoadPlan, TableLoadPlan
from clayload.plural import count
from clayload.report.grids import Grid, Summary, drop_empty
from clayload.report.plans.load_plan import (
    describe_by_slot,
    describe_span,
    describe_totals,
    describe_verdict,
)

_MOST_TABLES = 6
_MOST_NOTES = 2


def render_plan_summary(plan: LoadPlan) -> Summary:
    """Give what a person should see first of a plan."""
    extract = plan.extract
    left_out = f", {extract.n_left_out:,} left out" if extract.n_left_out else ""
    return Summary(
        verdict=f"{describe_verdict(plan)}. {describe_totals(plan)}",
        facts=(f"{extract.describe_rows()}{left_out}",),
        decisions=(*plan.describe_lacks(), *plan.describe_risks()),
        grid=_render_overview(plan),
        notes=(*_describe_spread(plan), *plan.notes[:_MOST_NOTES]),
        more="nothing was sent; all of the plan: the same command with `--details`",
    )


def _describe_spread(plan: LoadPlan) -> Iterator[str]:
    low, high = plan.spend.low, plan.spend.high
    yield (
        f"credits {low.credits:,} to {high.credits:,}, Actions {low.actions:,} to "
        f"{high.actions:,}; the table has what is likely"
    )
    if plan.n_going:
        yield f"{describe_span(plan)} ({plan.time_zone}), if it begins now and alone"


def _render_overview(plan: LoadPlan) -> Grid:
    """Give what goes where, on one screen."""
    first = list(plan.tables.items())[:_MOST_TABLES]
    rows = [(name, *_describe_table(table)) for name, table in first]
    n_more = len(plan.tables) - len(first)
    of_all = f"all, with {count(n_more, 'more table')}" if n_more else "all"
    header = (
        "table",
        "to send",
        *("done before", "no room", "over budget"),
        "through slots",
        "credits",
        "Actions",
    )
    grid = Grid(header, (*rows, (of_all, *_describe_all(plan))), n_totals=1)
    return drop_empty(grid)


def _describe_table(table: TableLoadPlan) -> tuple[str, ...]:
    return (
        f"{table.n_to_send:,}",
        _count(table.n_already_done),
        _count(table.n_unplaced),
        _count(table.n_over_budget),
        describe_by_slot(table),
        f"{table.spend.likely.credits:,}",
        f"{table.spend.likely.actions:,}",
    )


def _describe_all(plan: LoadPlan) -> tuple[str, ...]:
    tables = plan.tables.values()
    return (
        f"{plan.n_to_send:,}",
        _count(sum(table.n_already_done for table in tables)),
        _count(sum(table.n_unplaced for table in tables)),
        _count(sum(table.n_over_budget for table in tables)),
        "",
        f"{plan.spend.likely.credits:,}",
        f"{plan.spend.likely.actions:,}",
    )


def _count(n: int) -> str:
    """Write a number; a column of nothing but 0 is left out."""
    return f"{n:,}" if n else ""
