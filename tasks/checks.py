"""What do the flows that only check find?

In:    configuration and ledger.
Out:   use by day, how all slots are used, and whether the ledger agrees with itself, as artifacts;
       events where a budget, a slot or a load has changed for the worse, or is fine again.
Never: a lead's key or data, and never a submission.
"""

from __future__ import annotations

import os
from typing import Any

from prefect.artifacts import create_markdown_artifact
from prefect.client.schemas.objects import State, StateType
from prefect.states import Completed, Failed

from clayload.alerts import Condition
from clayload.ledger.audit.audit import audit, describe_damage
from clayload.ledger.granting.recovery import recover_ended
from clayload.monitoring.alerts import look_around
from clayload.monitoring.slots import forecast_slots
from clayload.monitoring.usage import read_usage
from clayload.report.grids import Grid
from clayload.report.markdown import render_grid
from clayload.setup import read_setup
from tasks.alerts import post_alerts
from tasks.artifacts import publish_slots, publish_usage
from tasks.redaction import scrubbed_errors
from tasks.states import StateName

_SHOWN_DAYS = 30


def check_capacity() -> State[Any]:
    """Publish use by day and all slots; post what has changed, and name what is not fine."""
    with scrubbed_errors():
        setup = read_setup(os.environ)
        publish_slots(forecast_slots(setup))
        publish_usage(read_usage(setup, _SHOWN_DAYS))
        look = look_around(setup)
        post_alerts(look, setup)
    if not look.alerts:
        return Completed(message="no budget, slot or table is near its end, no load is degraded")
    message = "; ".join(_describe(one) for one in look.alerts)
    return State(type=StateType.COMPLETED, name=StateName.NEEDS_ATTENTION, message=message)


def _describe(condition: Condition) -> str:
    return f"{condition.what}; {condition.next_step}"


def check_ledger() -> State[Any]:
    """Recover what ended processes left behind, then check that the ledger agrees with itself."""
    with scrubbed_errors():
        setup = read_setup(os.environ)
        recover_ended(setup.ledger, setup.departures_folder)
        findings = audit(setup.ledger)
    rows = tuple(("damage" if one.is_damage else "remark", one.what) for one in findings)
    page = render_grid(Grid(("kind", "finding"), rows)) if rows else "The books agree."
    damage = [one for one in findings if one.is_damage]
    result = str(describe_damage(damage)) if damage else "the ledger is whole, and its books agree"
    create_markdown_artifact(f"{page}\n", key="ledger-check", description=result)
    if damage:
        return Failed(name=StateName.LEDGER_DAMAGED, message=result)
    return Completed(message=result)
