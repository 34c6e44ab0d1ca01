"""Send the corrected rows of a quarantine.

In:    the corrected file, and the run it belongs to where the file does not name it.
Out:   a run of its own, as `load_leads`, for the cycle of the run that had set the rows aside.
Never: a row that was sent before.
"""

from pathlib import Path

from prefect import flow
from prefect.client.schemas.objects import State

from flows.followup_orders import ResubmitOrder
from flows.sending import SENDING, read_order, send_load
from tasks.load import prepare_resubmit


def name_run() -> str:
    """Name a flow run by what it resubmits."""
    return f"resubmit {Path(read_order(ResubmitOrder).files[0]).name}"


@flow(name="resubmit", flow_run_name=name_run, **SENDING)
def resubmit(resubmit: ResubmitOrder) -> State[None]:
    """Send what was corrected of the rows that a run had set aside.

    Args:
        resubmit: The corrected file, and its run.
    """
    return send_load(lambda: prepare_resubmit(resubmit.files, resubmit.run))
