"""Deliver one worker's shard of a load that several workers deliver together.

In:    the run, and which shard of how many; started by the load's own flow run.
Out:   a state with what stopped it; the account is the load's.
Never: a lead that another worker sends: both ask the same ledger.
"""

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed
from pydantic import Field

from flows.forms import Order, RunId
from flows.sending import SENDING, read_order, run_body
from tasks import shards
from tasks.limits import ensure_chunk_limits
from tasks.runners import check_runner


class ShardOrder(Order):
    """Deliver a shard of a load; the load's own flow run starts these, nobody else."""

    run: RunId = Field(title="Run", description="The run whose chunks are delivered.")
    number: int = Field(title="Shard", ge=1, description="Which shard, counted from 1.")
    of: int = Field(title="Shards", ge=1, description="How many shards there are.")


def name_run() -> str:
    """Name a flow run by its shard: `shard 2 of 3 · 20261101T060000Z-0a1b2c`."""
    shard = read_order(ShardOrder)
    return f"shard {shard.number} of {shard.of} · {shard.run}"


@flow(name="deliver-shard", flow_run_name=name_run, **SENDING)
def deliver_shard(shard: ShardOrder) -> State[None]:
    """Deliver a shard of a load's chunks, then what other workers have left.

    Args:
        shard: The run, and which shard of how many.
    """
    return run_body(lambda: _deliver(shard))


def _deliver(shard: ShardOrder) -> State[None]:
    check_runner()
    ensure_chunk_limits()
    problems = shards.deliver_shard(shard.run, shard.number, shard.of)
    if problems:
        first = problems[0]
        return Failed(message=f"{first.code} {first.message}. Next: {first.hint}")
    return Completed(message=shards.describe_rest(shard.run))
