"""What do the flows that only look find?

In:    configuration and ledger.
Out:   use by day, how slots stand, what a month takes, and whether the ledger's books agree, as
       artifacts;
       events where a budget, a slot or a load has changed for the worse, or is fine again.
Never: a lead's key or data, and never a submission.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from prefect.artifacts import create_markdown_artifact
from prefect.client.schemas.objects import State, StateType
from prefect.states import Completed, Failed

from clayload.alerts import Condition
from clayload.capacity.month import MonthAsk
from clayload.capacity.placement import plan_table
from clayload.capacity.slots import TableForecast
from clayload.delivery.grant import TableSnapshot
from clayload.ledger.audit.audit import audit, describe_damage
from clayload.ledger.books.run_books import Books
from clayload.ledger.database.engine import is_new
from clayload.ledger.rules.snapshot import unused_table
from clayload.loading.close import recover_ended
from clayload.monitoring.alerts import look_around
from clayload.monitoring.slots import forecast_slots
from clayload.monitoring.usage import read_usage
from clayload.report.grids import Grid
from clayload.report.markdown import render_grid, render_section
from clayload.report.plans.month import read_month, render_month
from clayload.report.plans.month_summary import describe_month_shortly
from clayload.setup import Setup, read_setup
from tasks.alerts import post_alerts
from tasks.artifacts import publish_slots, publish_usage
from tasks.redaction import scrubbed_errors
from tasks.states import StateName

_SHOWN_DAYS = 30


def look_at_capacity() -> State[Any]:
    """Show use by day and how all slots stand; tell what has changed, and what is not fine."""
    with scrubbed_errors():
        setup = read_setup(os.environ)
        publish_slots(forecast_slots(setup))
        publish_usage(read_usage(setup, _SHOWN_DAYS))
        look = look_around(setup)
        post_alerts(look, setup)
    if not look.alerts:
        return Completed(message="no budget, slot or table is near its end, no load is degraded")
    return _needs_attention("; ".join(_describe(one) for one in look.alerts))


def _describe(condition: Condition) -> str:
    return f"{condition.what}; {condition.next_step}"


def look_at_month(ask: MonthAsk) -> State[Any]:
    """Show what a month takes; of the configured volumes, also what room the slots have for it."""
    with scrubbed_errors():
        setup = read_setup(os.environ)
        month = read_month(ask, setup)
        room = () if month.is_asked else (_render_room(setup),)
    said = describe_month_shortly(month)
    parts = [*map(render_section, render_month(month)), *room]
    page = "\n\n".join([f"**{said}**", *parts])
    create_markdown_artifact(f"{page}\n", key="capacity-plan", description=said)
    return Completed(message=said)


def _render_room(setup: Setup) -> str:
    header = ("table", "leads a month", "through slots", "no room", "slots run out")
    grid = render_grid(Grid(header, tuple(_plan_month(setup))))
    return f"## Room in the slots as they stand\n\n{grid}"


def _plan_month(setup: Setup) -> Iterator[tuple[str, ...]]:
    for forecast in forecast_slots(setup):
        volume = setup.config.tables[forecast.table].volume_per_month
        plan = plan_table(_read_table(forecast, setup), volume)
        slots = ", ".join(f"{slot} {n:,}" for slot, n in plan.by_slot.items())
        ends = f"{forecast.slots_run_out_on or ''}"
        yield forecast.table, f"{volume:,}", slots, f"{plan.n_unplaced:,}", ends


def _read_table(forecast: TableForecast, setup: Setup) -> TableSnapshot:
    table = setup.config.tables[forecast.table]
    if is_new(setup.settings.ledger_url):
        return unused_table(table)
    return Books(setup.ledger).read_table(forecast.table, table)


def look_at_ledger() -> State[Any]:
    """Settle what ended processes left behind, and hold the ledger's books against each other."""
    with scrubbed_errors():
        setup = read_setup(os.environ)
        recover_ended(setup)
        findings = audit(setup.ledger)
    rows = tuple(("damage" if one.is_damage else "remark", one.what) for one in findings)
    page = render_grid(Grid(("kind", "finding"), rows)) if rows else "The books agree."
    damage = [one for one in findings if one.is_damage]
    said = str(describe_damage(damage)) if damage else "the ledger is whole, and its books agree"
    create_markdown_artifact(f"{page}\n", key="ledger-check", description=said)
    return (
        Failed(name=StateName.LEDGER_DAMAGED, message=said) if damage else Completed(message=said)
    )


def _needs_attention(message: str) -> State[Any]:
    return State(type=StateType.COMPLETED, name=StateName.NEEDS_ATTENTION, message=message)
