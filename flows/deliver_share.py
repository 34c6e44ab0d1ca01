"""Deliver one worker's share of a load that several workers deliver together.

In:    the run, and which share of how many; started by the load's own flow run.
Out:   a state that says what stopped; the account is the load's.
Never: a lead that another worker sends: both ask the same ledger.
"""

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from flows.orders import ShareOrder
from flows.sending import SENDING, asked, ending_well_told
from tasks import shares
from tasks.limits import ensure_chunk_limits
from tasks.runners import check_runner


def name_run() -> str:
    """Name a flow run by its share: `share 2 of 3 · 20261101T060000Z-0a1b2c`."""
    share = asked(ShareOrder)
    return f"share {share.number} of {share.of} · {share.run}"


@flow(name="deliver-share", flow_run_name=name_run, **SENDING)
def deliver_share(share: ShareOrder) -> State[None]:
    """Deliver a share of a load's chunks, then what other workers have left.

    Args:
        share: The run, and which share of how many.
    """
    return ending_well_told(lambda: _deliver(share))


def _deliver(share: ShareOrder) -> State[None]:
    check_runner()
    ensure_chunk_limits()
    problems = shares.deliver_share(share.run, share.number, share.of)
    if problems:
        first = problems[0]
        return Failed(message=f"{first.code} {first.message}. Next: {first.hint}")
    return Completed(message=shares.describe_rest(share.run))
