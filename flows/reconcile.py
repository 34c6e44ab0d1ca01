"""Hold the ledger's books against each other: what a schedule runs every day.

In:    the ledger.
Out:   the artifact `ledger-check`; a failed run where the ledger is damaged.
Never: a repair, beyond settling what ended processes left behind.
"""

from prefect import flow
from prefect.client.schemas.objects import State

from flows.sending import run_body
from tasks.checks import check_ledger


@flow(name="reconcile", flow_run_name="check the ledger", persist_result=False)
def reconcile() -> State[None]:
    """Settle what ended processes left behind, and check the ledger."""
    return run_body(check_ledger)
