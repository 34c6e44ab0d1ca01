"""Send a run's refused leads again, or those in doubt.

In:    the run, and which of its leads.
Out:   what would be sent, as an artifact; or a run of its own, as `load_leads`.
Never: leads in doubt sent before somebody has looked in Clay.
"""

from prefect import flow
from prefect.client.schemas.objects import State

from flows.followup_orders import ReplayOrder
from flows.sending import SENDING, read_order, run_body, send_load
from tasks.load import prepare_replay
from tasks.plans import publish_replay_plan


def name_run() -> str:
    """Name a flow run by the run it replays."""
    order = read_order(ReplayOrder)
    return f"{'plan replay' if order.dry_run else 'replay'} of {order.run}"


@flow(name="replay", flow_run_name=name_run, **SENDING)
def replay(replay: ReplayOrder) -> State[None]:
    """Send leads of a run again that were refused, or are in doubt.

    Args:
        replay: Which leads of which run.
    """
    request = replay.request()
    if replay.dry_run:
        return run_body(lambda: publish_replay_plan(request))
    return send_load(lambda: prepare_replay(request))
