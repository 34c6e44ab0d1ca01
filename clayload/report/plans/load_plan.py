"""What does a person see of a load plan, before they keep to it?

In:    a load plan.
Out:   the verdict, and sections of all of it; the same on the terminal and in the orchestrator.
Never: a figure of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from clayload.capacity.load_plan import Fit, LoadPlan, TableLoadPlan
from clayload.plural import count
from clayload.report.extract_sections import render_about, render_extract
from clayload.report.grids import Grid, Section
from clayload.report.moments import describe_seconds
from clayload.tables.catalogue import Level


def describe_totals(plan: LoadPlan) -> str:
    """Say in a sentence what the load takes."""
    return (
        f"{count(plan.n_to_send, 'lead')} to send for {plan.cycle} at {plan.rate_per_s:g}/s: "
        f"{describe_seconds(plan.sending_time_s)}"
    )


def describe_verdict(plan: LoadPlan) -> str:
    """Say whether it fits, and how much of it."""
    if plan.fit is Fit.FITS:
        return "It fits"
    n_unpaid = sum(table.n_unpaid for table in plan.tables.values())
    unpaid = f", {n_unpaid:,} of them without being enriched" if n_unpaid else ""
    return f"It {plan.fit}: {count(plan.n_going, 'lead')} would be sent{unpaid}"


def describe_by_slot(table: TableLoadPlan) -> str:
    """Say how many leads of a table go through which slot."""
    return ", ".join(f"{slot} {n:,}" for slot, n in table.by_slot.items())


def render_plan(plan: LoadPlan) -> Iterator[Section]:
    """Give all of it, in the order in which it is asked for."""
    yield _render_leads(plan)
    yield _render_times(plan)
    yield _render_slots(plan)
    yield _render_rows(plan)
    yield _render_spend(plan)
    if plan.funds:
        yield _render_funds(plan)
    yield from render_extract(plan.extract)
    yield from render_about(tuple(plan.extract.describe_columns()))


def _render_leads(plan: LoadPlan) -> Section:
    rows = (
        (
            name,
            f"{table.n_accepted:,}",
            f"{table.n_already_done:,}",
            f"{table.n_to_send:,}",
            describe_by_slot(table),
            f"{table.n_unplaced:,}",
            f"{table.n_over_budget:,}",
        )
        for name, table in plan.tables.items()
    )
    header = (
        "table",
        "accepted",
        "done before",
        "to send",
        "through slots",
        "no room",
        "over budget",
    )
    return Section("Leads", Grid(header, tuple(rows)), plan.notes)


def _render_rows(plan: LoadPlan) -> Section:
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


def _render_times(plan: LoadPlan) -> Section:
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
    took = describe_seconds(plan.sending_time_s)
    sentence = (
        f"{describe_span(plan)}, {took}, if it begins now, alone, and Clay takes "
        f"{plan.rate_per_s:g}/s"
    )
    header = ("in this order", "leads", "first", "last")
    return Section(f"Time ({plan.time_zone})", Grid(header, tuple(rows)), (sentence,))


def describe_span(plan: LoadPlan) -> str:
    """Say when the load begins and ends, in the workspace's time zone."""
    return f"from {_describe_moment(plan.starts_at)} to {_describe_moment(plan.ends_at)}"


def _describe_moment(at: datetime | None) -> str:
    return "" if at is None else f"{at:%Y-%m-%d %H:%M:%S}"


def _render_slots(plan: LoadPlan) -> Section:
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


def _render_spend(plan: LoadPlan) -> Section:
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
        *(f"credits, {level}" for level in Level),
        *(f"Actions, {level}" for level in Level),
    )
    return Section("Credits and Actions", Grid(header, rows, n_totals=1))


def _render_funds(plan: LoadPlan) -> Section:
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
    header = ("what there is", "of", "left", "takes, likely", "takes, high", "enough")
    return Section("To pay with", Grid(header, rows), tuple(plan.describe_risks()))
