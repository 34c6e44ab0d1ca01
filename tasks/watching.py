"""What do the flows that only look find?

In:    configuration and ledger.
Out:   how slots stand, what a month takes, and whether the ledger's books agree, as artifacts;
       an event where a slot or a table is near its end.
Never: a lead's key or data, and never a submission.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from prefect.artifacts import create_markdown_artifact
from prefect.client.schemas.objects import State, StateType
from prefect.events import emit_event
from prefect.states import Completed, Failed

from clayload.capacity.plan import plan_table, sending_time_s
from clayload.capacity.slots import TableForecast
from clayload.delivery.grant import TableSnapshot
from clayload.delivery.pace import Rate
from clayload.ledger.audit import audit, describe_damage
from clayload.ledger.books import Books
from clayload.ledger.engine import is_new
from clayload.ledger.snapshot import unused_table
from clayload.loading.replay import settle_ended
from clayload.loading.setup import Setup, read_setup
from clayload.loading.slots import forecast_slots, warn_of_slots
from clayload.report.grids import Grid
from clayload.report.markdown import render_grid
from clayload.report.moments import describe_seconds
from tasks.artifacts import publish_slots
from tasks.discretion import telling_no_data
from tasks.states import StateName

SLOT_THRESHOLD = "clayload.slot.threshold"
"""The event that tells of slots or tables near their end."""


def look_at_slots() -> State[Any]:
    """Show how all slots stand; tell of those near their end, by an event and by the state."""
    with telling_no_data():
        setup = read_setup(os.environ)
        tables = forecast_slots(setup)
    publish_slots(tables)
    warnings = list(warn_of_slots(tables))
    if not warnings:
        return Completed(message="no slot and no table is near its end")
    workspace = setup.config.workspace.name
    emit_event(
        SLOT_THRESHOLD,
        resource={"prefect.resource.id": f"clayload.workspace.{workspace}"},
        payload={"warnings": warnings},
    )
    return _needs_attention("; ".join(warnings))


def look_at_month() -> State[Any]:
    """Show what a month of the configured volumes takes of slots, rows and time."""
    with telling_no_data():
        setup = read_setup(os.environ)
        rows = tuple(_plan_month(setup))
    rate = Rate(setup.config.workspace.rate_per_s, setup.config.workspace.burst)
    n_leads = sum(table.volume_per_month for table in setup.config.tables.values())
    time = describe_seconds(sending_time_s(rate, n_leads))
    said = f"{n_leads:,} leads a month at {rate.per_s:g}/s: {time}"
    header = ("table", "leads a month", "through slots", "no room", "slots run out")
    page = render_grid(Grid(header, rows))
    create_markdown_artifact(f"**{said}**\n\n{page}\n", key="capacity-plan", description=said)
    return Completed(message=said)


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
    with telling_no_data():
        setup = read_setup(os.environ)
        settle_ended(setup)
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
