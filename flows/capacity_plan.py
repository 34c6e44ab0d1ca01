"""Show what a month takes: credits, Actions, plan, webhook slots, table rows, time.

In:    how many leads, or the volumes of `config/tables.yaml`; what the ledger knows of slots.
Out:   the artifact `capacity-plan`.
Never: a submission.
"""

from prefect import flow
from prefect.client.schemas.objects import State

from flows.month_order import MonthOrder
from flows.sending import read_order, run_body
from tasks.plans import publish_month_plan


def name_run() -> str:
    """Name a flow run by the month it plans."""
    return read_order(MonthOrder).label


@flow(name="capacity-plan", flow_run_name=name_run, persist_result=False)
def capacity_plan(month: MonthOrder = MonthOrder()) -> State[None]:  # noqa: B008 - frozen
    """Plan a month of leads.

    Args:
        month: How many leads, and what each takes.
    """
    return run_body(lambda: publish_month_plan(month.ask()))
