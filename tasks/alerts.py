"""How does Prefect hear what has changed?

In:    changes of budgets, slots and loads.
Out:   events, which the server has when this returns; automations may notify by them.
Never: a lead's key or data, and never a secret: things are named as in `tables.yaml`, loads by
       their run.
"""

from __future__ import annotations

import os
from typing import Any

from prefect.events.schemas.events import Event, RelatedResource
from prefect.runtime import flow_run

from clayload.alerts import AlertLevel, Change, Condition, Kind, Look
from clayload.errors import ClayloadError
from clayload.monitoring.alerts import look_around, report_changes
from clayload.setup import Setup, read_setup
from tasks.best_effort import best_effort
from tasks.events import post_events

THRESHOLDS = {
    Kind.BUDGET: "clayload.budget.threshold",
    Kind.SLOT: "clayload.slot.threshold",
    Kind.LOAD: "clayload.load.degraded",
    Kind.FLOW: "clayload.load.degraded",
}
RECOVERIES = {
    Kind.BUDGET: "clayload.budget.recovered",
    Kind.SLOT: "clayload.slot.recovered",
    Kind.LOAD: "clayload.load.recovered",
    Kind.FLOW: "clayload.load.recovered",
}
_HEADLINES = {
    Kind.BUDGET: "budget",
    Kind.SLOT: "webhook slot or table",
    Kind.LOAD: "load",
    Kind.FLOW: "load",
}
_LEVELS = {
    AlertLevel.FINE: "recovered",
    AlertLevel.NEAR: "near its end",
    AlertLevel.OVER: "used up",
}
_LEVELS_OF_LOADS = {AlertLevel.FINE: "recovered", AlertLevel.OVER: "degraded"}


def make_event(change: Change, workspace: str) -> Event:
    """Make the event of a change."""
    about = change.condition
    names = RECOVERIES if change.is_recovery else THRESHOLDS
    return Event(
        event=names[about.kind],
        resource={"prefect.resource.id": about.subject, "clayload.workspace": workspace},
        related=_related(),
        payload={
            "headline": f"{workspace}: {_HEADLINES[about.kind]} {_describe_level(about)}",
            "workspace": workspace,
            "level": about.level,
            "before": change.before,
            "what": about.what,
            "next_step": about.next_step or "nothing",
            "figures": dict(about.figures),
        },
    )


def _describe_level(about: Condition) -> str:
    is_load = about.kind in (Kind.LOAD, Kind.FLOW)
    return (_LEVELS_OF_LOADS if is_load else _LEVELS)[about.level]


def _related() -> list[RelatedResource]:
    """Name the flow run that found it, so that Prefect's UI leads to it."""
    if flow_run.id is None:
        return []
    role = {"prefect.resource.role": "flow-run"}
    return [RelatedResource({"prefect.resource.id": f"prefect.flow-run.{flow_run.id}", **role})]


def post_alerts(look: Look, setup: Setup) -> list[Change]:
    """Post what has changed since the last alerts; give the changes."""
    name = setup.config.workspace.name
    return report_changes(
        look, setup, lambda changes: post_events(*(make_event(one, name) for one in changes))
    )


def alert_after_load(error: ClayloadError | None) -> None:
    """Judge budgets, slots and loads once a load has ended, and post what has changed.

    `error` is what failed the flow, if anything did: a load that could not begin leaves no run
    behind by which it could be judged.
    """
    with best_effort("alerts cannot be posted"):
        setup = read_setup(os.environ)
        look = look_around(setup)
        conditions = (*look.conditions, _judge_flow(setup.config.workspace.name, error))
        post_alerts(Look(conditions, look.whole), setup)


def _judge_flow(workspace: str, error: ClayloadError | None) -> Condition:
    name = flow_run.flow_name
    figures: dict[str, Any] = {} if error is None else {"code": error.code}
    return Condition(
        subject=f"clayload.flow.{workspace}.{name}",
        kind=Kind.FLOW,
        level=AlertLevel.FINE if error is None else AlertLevel.OVER,
        what=f"{name}: the load began" if error is None else f"{name}: {error.message}",
        next_step="" if error is None else error.hint,
        figures=figures,
    )
