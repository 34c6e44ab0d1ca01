"""Check budgets, slots and loads: what a schedule runs every day.

In:    configuration and ledger.
Out:   the artifacts `credits-and-actions` and `webhook-slots`; an event for each change; and
       `NeedsAttention` where something is near its end, or degraded.
Never: a submission.
"""

from prefect import flow
from prefect.client.schemas.objects import State

from flows.sending import run_body
from tasks.checks import check_capacity


@flow(name="watch-capacity", flow_run_name="check budgets, slots and loads", persist_result=False)
def watch_capacity() -> State[None]:
    """Find budgets, webhook slots and tables near their end, and degraded loads."""
    return run_body(check_capacity)
