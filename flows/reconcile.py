"""Check that the ledger agrees with itself: what a schedule runs every day.

In:    the ledger.
Out:   the artifact `ledger-check`; a failed run where the ledger is damaged.
Never: a repair, beyond recovering what ended processes left behind.
"""

from prefect import flow
from prefect.client.schemas.objects import State

from flows.sending import run_body
from tasks.checks import check_ledger


@flow(name="reconcile", flow_run_name="check the ledger", persist_result=False)
def reconcile() -> State[None]:
    """Recover what ended processes left behind, and check the ledger."""
    return run_body(check_ledger)
