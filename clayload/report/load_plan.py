"""What is a person told of a load plan, before signing it?

In:    a load plan.
Out:   sections of a heading, a grid and some sentences, and the verdict; the same on the terminal
       and in the orchestrator.
Never: a figure of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from clayload.capacity.load_plan import Fit, LoadPlan
from clayload.report.grids import SAVINGS_TITLE, SAVINGS_WORDS, Grid, Section, render_savings
from clayload.report.moments import describe_seconds
from clayload.tables.catalogue import Level


def describe_totals(plan: LoadPlan) -> str:
    """Say in a sentence what the load takes."""
    return (
        f"{plan.n_to_send:,} leads to send for {plan.cycle} at {plan.rate_per_s:g}/s: "
        f"{describe_seconds(plan.sending_time_s)}"
    )


def describe_verdict(plan: LoadPlan) -> str:
    """Say whether it fits, and how much of it."""
    if plan.fit is Fit.FITS:
        return "It fits"
    n_unpaid = sum(table.n_unpaid for table in plan.tables.values())
    unpaid = f", {n_unpaid:,} of them without being enriched" if n_unpaid else ""
    return f"It {plan.fit}: {plan.n_going:,} leads would be sent{unpaid}"


def describe_plan(plan: LoadPlan) -> Iterator[Section]:
    """Say all of it, in the order in which it is asked for."""
    yield _describe_leads(plan)
    yield _describe_times(plan)
    yield _describe_slots(plan)
    yield _describe_rows(plan)
    yield _describe_spend(plan)
    if plan.funds:
        yield _describe_funds(plan)
    if savings := plan.extract.savings:
        yield Section(SAVINGS_TITLE, render_savings(savings), (SAVINGS_WORDS,))


def _describe_leads(plan: LoadPlan) -> Section:
    rows = (
        (
            name,
            f"{table.n_accepted:,}",
            f"{table.n_already_done:,}",
            f"{table.n_to_send:,}",
            ", ".join(f"{slot} {n:,}" for slot, n in table.by_slot.items()),
            f"{table.n_unplaced:,}",
            f"{table.n_over_budget:,}",
        )
        for name, table in plan.tables.items()
    )
    header = (
        "table",
        "accepted",
        "done\nbefore",
        "to send",
        "through slots",
        "no room",
        "over\nbudget",
    )
    return Section("Leads", Grid(header, tuple(rows)), plan.notes)


def _describe_rows(plan: LoadPlan) -> Section:
    rows = (
        (
            name,
            f"{table.rows_after - table.n_going:,}",
            f"{table.rows_after:,}",
            "Clay deletes rows" if table.row_limit is None else f"{table.row_limit:,}",
        )
        for name, table in plan.tables.items()
    )
    return Section("Rows", Grid(("table", "rows now", "rows after", "limit"), tuple(rows)))


def _describe_times(plan: LoadPlan) -> Section:
    rows = (
        (
            name,
            f"{table.n_going:,}",
            _describe_moment(table.first_at),
            _describe_moment(table.last_at),
        )
        for name, table in plan.tables.items()
        if table.n_going
    )
    span = f"from {_describe_moment(plan.starts_at)} to {_describe_moment(plan.ends_at)}"
    took = describe_seconds(plan.sending_time_s)
    sentence = f"{span}, {took}, if it begins now, alone, and Clay takes {plan.rate_per_s:g}/s"
    header = ("in this order", "leads", "first", "last")
    return Section(f"Time ({plan.time_zone})", Grid(header, tuple(rows)), (sentence,))


def _describe_moment(at: datetime | None) -> str:
    return "" if at is None else f"{at:%Y-%m-%d %H:%M:%S}"


def _describe_slots(plan: LoadPlan) -> Section:
    rows = (
        (
            slot,
            f"{table.by_slot.get(slot, 0):,}",
            f"{left:,}",
            "no limit" if table.row_limit is None else f"{left - table.by_slot.get(slot, 0):,}",
            _describe_moment(table.fills_at.get(slot)),
        )
        for table in plan.tables.values()
        for slot, left in table.left_in_slots.items()
    )
    return Section(
        "Slots", Grid(("slot", "takes", "left now", "left after", "full at"), tuple(rows))
    )


def _describe_spend(plan: LoadPlan) -> Section:
    spends = {name: table.spend for name, table in plan.tables.items() if table.n_going}
    rows = tuple(
        (
            name,
            *(f"{spend.at(level).credits:,}" for level in Level),
            *(f"{spend.at(level).actions:,}" for level in Level),
        )
        for name, spend in (spends | {"all": plan.spend}).items()
    )
    header = (
        "table",
        *(f"credits,\n{level}" for level in Level),
        *(f"Actions,\n{level}" for level in Level),
    )
    return Section("Credits and Actions", Grid(header, rows, n_totals=1))


def _describe_funds(plan: LoadPlan) -> Section:
    rows = tuple(
        (
            fund.name,
            fund.unit.label,
            f"{fund.left:,.10g}",
            f"{fund.likely:,.10g}",
            f"{fund.high:,.10g}",
            "yes" if fund.likely <= fund.left else "no",
        )
        for fund in plan.funds
    )
    header = ("what there is", "of", "left", "takes,\nlikely", "takes,\nhigh", "enough")
    return Section("To pay with", Grid(header, rows), tuple(plan.describe_risks()))
