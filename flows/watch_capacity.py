"""Look how the webhook slots are used up: what a schedule runs every day.

In:    configuration and ledger.
Out:   the artifact `webhook-slots`; `NeedsAttention` and an event where something is near its end.
Never: a submission.
"""

from prefect import flow
from prefect.client.schemas.objects import State

from flows.sending import ending_well_told
from tasks.watching import look_at_slots


@flow(name="watch-capacity", flow_run_name="look at slots and tables", persist_result=False)
def watch_capacity() -> State[None]:
    """Tell of webhook slots and tables that are near their end."""
    return ending_well_told(look_at_slots)
