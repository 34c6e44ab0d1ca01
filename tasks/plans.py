"""What do people see of a load, or a replay, that is only planned?

In:    a request; the ledger, read only.
Out:   the plan as an artifact, and a state that says it in one line.
Never: a submission or a ledger row; and never a lead's key or data.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

from prefect.artifacts import create_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed

from clayload.loading.followups.replay_plan import ReplayRequest, plan_replay
from clayload.loading.intake.request import LoadRequest
from clayload.loading.planning.plan import plan_load
from clayload.plural import count
from clayload.report.markdown import render_grid, render_section
from clayload.report.moments import describe_seconds
from clayload.report.plans.load_plan import describe_totals, describe_verdict, render_plan
from clayload.report.plans.replay import render_counts
from clayload.setup import Setup, read_setup
from tasks.redaction import scrubbed_errors
from tasks.states import StateName


def publish_load_plan(request: LoadRequest) -> State[Any]:
    """Plan a load, and show the plan."""
    with scrubbed_errors():
        plan = plan_load(request, read_setup(os.environ))
    page = "\n\n".join([*map(render_section, render_plan(plan)), *plan.describe_lacks()])
    return _publish("load-plan", f"{describe_totals(plan)}. {describe_verdict(plan)}", page)


def publish_replay_plan(request: ReplayRequest) -> State[Any]:
    """Plan a replay, and show the plan."""
    with scrubbed_errors():
        plan = plan_replay(request, _reading())
    leads = count(len(plan.leads), "lead")
    said = f"{leads} to send again: {describe_seconds(plan.sending_time_s)}"
    doubt = f"; Clay may have {plan.n_in_doubt:,} of them already" if plan.n_in_doubt else ""
    fits = (
        f"; {count(plan.n_unplaced, 'finds', 'find')} no room: add a slot"
        if plan.n_unplaced
        else ""
    )
    listed = (
        f"; {plan.n_suppressed:,} on a suppression list are left out" if plan.n_suppressed else ""
    )
    return _publish(
        "replay-plan", f"{said}{doubt}{fits}{listed}", render_grid(render_counts(plan.counts))
    )


def _reading() -> Setup:
    return replace(read_setup(os.environ), read_only=True)


def _publish(key: str, said: str, page: str) -> State[Any]:
    create_markdown_artifact(f"**{said}**\n\n{page}\n", key=key, description=said)
    return Completed(name=StateName.PLANNED, message=f"{said}. Nothing was sent")
