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
from clayload.loading.followups.replay_plan import ReplayPlan, ReplayRequest, plan_replay
from clayload.loading.intake.request import LoadRequest
from clayload.loading.planning.plan import plan_load
from clayload.monitoring.slots import forecast_slots
from clayload.report.grids import Grid, Section
from clayload.report.load_plan import describe_plan, describe_totals, describe_verdict
from clayload.report.markdown import escape, render_grid
from clayload.report.moments import describe_seconds
from clayload.report.month import describe_month, describe_month_shortly, read_month
from clayload.setup import Setup, read_setup
from tasks.redaction import scrubbed_errors
from tasks.states import StateName


def publish_load_plan(request: LoadRequest) -> State[Any]:
    """Plan a load, and publish the plan."""
    with scrubbed_errors():
        plan = plan_load(request, read_setup(os.environ))
    page = "\n\n".join([*map(_render_section, describe_plan(plan)), *plan.describe_lacks()])
    return _publish_unsent("load-plan", f"{describe_totals(plan)}. {describe_verdict(plan)}", page)


def publish_replay_plan(request: ReplayRequest) -> State[Any]:
    """Plan a replay, and publish the plan."""
    with scrubbed_errors():
        plan = plan_replay(request, read_setup(os.environ, read_only=True))
    leads = f"{len(plan.leads):,} leads to send again: {describe_seconds(plan.sending_time_s)}"
    doubt = f"; Clay may have {plan.n_in_doubt:,} of them already" if plan.n_in_doubt else ""
    fits = f"; {plan.n_unplaced:,} find no room: add a slot" if plan.n_unplaced else ""
    listed = (
        f"; {plan.n_suppressed:,} on a suppression list are left out" if plan.n_suppressed else ""
    )
    return _publish_unsent("replay-plan", f"{leads}{doubt}{fits}{listed}", _render_replay(plan))


def publish_month_plan(ask: MonthAsk) -> State[Any]:
    """Plan a month, and publish the plan; of configured volumes, with the room in the slots."""
    with scrubbed_errors():
        setup = read_setup(os.environ)
        month = read_month(ask, setup)
        room = () if month.is_asked else (_render_room(setup),)
    line = describe_month_shortly(month)
    page = "\n\n".join([*map(_render_section, describe_month(month)), *room])
    _publish("capacity-plan", line, page)
    return Completed(message=line)


def _publish_unsent(key: str, line: str, page: str) -> State[Any]:
    _publish(key, line, page)
    return Completed(name=StateName.PLANNED, message=f"{line}. Nothing was sent")


def _publish(key: str, line: str, page: str) -> None:
    create_markdown_artifact(f"**{line}**\n\n{page}\n", key=key, description=line)


def _render_section(section: Section) -> str:
    """Render a section as markdown."""
    sentences = "\n".join(f"- {escape(sentence)}" for sentence in section.sentences)
    parts = [f"## {section.title}", render_grid(section.grid), sentences]
    return "\n\n".join(part for part in parts if part)


def _render_replay(plan: ReplayPlan) -> str:
    rows = ((one.table, one.state, one.reason, f"{one.n_leads:,}") for one in plan.counts)
    return render_grid(Grid(("table", "end", "reason", "leads"), tuple(rows)))


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
