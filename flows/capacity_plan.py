"""Say what a month takes: time, webhook slots, table rows.

In:    the volumes of `config/tables.yaml`, and what the ledger knows of slots and tables.
Out:   the artifact `capacity-plan`.
Never: a submission.
"""

from prefect import flow
from prefect.client.schemas.objects import State

from flows.sending import ending_well_told
from tasks.watching import look_at_month


@flow(name="capacity-plan", flow_run_name="plan a month", persist_result=False)
def capacity_plan() -> State[None]:
    """Plan a month of the configured volumes."""
    return ending_well_told(look_at_month)
