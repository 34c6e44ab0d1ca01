"""What do people see of a load, a replay, or a month that is only planned?

In:    a request; configuration and ledger, read only.
Out:   the plan as an artifact, and a state that sums it up in one line.
Never: a submission or a ledger row; and never a lead's key or data.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from prefect.artifacts import create_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed

from clayload.capacity.month import MonthAsk
from clayload.capacity.placement import plan_table
from clayload.capacity.slots import TableForecast
from clayload.delivery.grant import TableSnapshot
from clayload.ledger.books.run_books import Books
from clayload.ledger.database.engine import is_new
from clayload.ledger.rules.snapshot import unused_table
from clayload.loading.followups.replay_plan import ReplayRequest, plan_replay
from clayload.loading.intake.request import LoadRequest
from clayload.loading.planning.plan import plan_load
from clayload.monitoring.slots import forecast_slots
from clayload.plural import count
from clayload.report.grids import Grid
from clayload.report.markdown import render_grid, render_section
from clayload.report.moments import describe_seconds
from clayload.report.plans.load_plan import describe_totals, describe_verdict, render_plan
from clayload.report.plans.month import read_month, render_month
from clayload.report.plans.month_summary import describe_month_shortly
from clayload.report.plans.replay import render_counts
from clayload.setup import Setup, read_setup
from tasks.redaction import scrubbed_errors
from tasks.states import StateName


def publish_load_plan(request: LoadRequest) -> State[Any]:
    """Plan a load, and publish the plan."""
    with scrubbed_errors():
        plan = plan_load(request, read_setup(os.environ))
    page = "\n\n".join([*map(render_section, render_plan(plan)), *plan.describe_lacks()])
    return _publish_unsent("load-plan", f"{describe_totals(plan)}. {describe_verdict(plan)}", page)


def publish_replay_plan(request: ReplayRequest) -> State[Any]:
    """Plan a replay, and publish the plan."""
    with scrubbed_errors():
        plan = plan_replay(request, read_setup(os.environ, read_only=True))
    leads = f"{count(len(plan.leads), 'lead')} to send again"
    took = describe_seconds(plan.sending_time_s)
    doubt = f"; Clay may have {plan.n_in_doubt:,} of them already" if plan.n_in_doubt else ""
    n_unplaced = count(plan.n_unplaced, "finds", "find")
    fits = f"; {n_unplaced} no room: add a slot" if plan.n_unplaced else ""
    listed = (
        f"; {plan.n_suppressed:,} on a suppression list are left out" if plan.n_suppressed else ""
    )
    page = render_grid(render_counts(plan.counts))
    return _publish_unsent("replay-plan", f"{leads}: {took}{doubt}{fits}{listed}", page)


def publish_month_plan(ask: MonthAsk) -> State[Any]:
    """Plan a month, and publish the plan; of configured volumes, with the room in the slots."""
    with scrubbed_errors():
        setup = read_setup(os.environ)
        month = read_month(ask, setup)
        room = () if month.is_asked else (_render_room(setup),)
    line = describe_month_shortly(month)
    page = "\n\n".join([*map(render_section, render_month(month)), *room])
    _publish("capacity-plan", line, page)
    return Completed(message=line)


def _publish_unsent(key: str, line: str, page: str) -> State[Any]:
    _publish(key, line, page)
    return Completed(name=StateName.PLANNED, message=f"{line}. Nothing was sent")


def _publish(key: str, line: str, page: str) -> None:
    create_markdown_artifact(f"**{line}**\n\n{page}\n", key=key, description=line)


def _render_room(setup: Setup) -> str:
    header = ("table", "leads a month", "through slots", "no room", "slots run out")
    grid = render_grid(Grid(header, tuple(_place_volumes(setup))))
    return f"## Room in the slots today\n\n{grid}"


def _place_volumes(setup: Setup) -> Iterator[tuple[str, ...]]:
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
