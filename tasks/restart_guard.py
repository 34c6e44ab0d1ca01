"""How often is a flow run begun again by itself?

In:    the flow run, as Prefect keeps it.
Out:   an error once automations (`deployments/automations.yaml`) have begun it again too often.
Never: a person's retry refused, however often the run was started before.

They begin nothing again that did not run, and nothing that was started more than `MAX_RESTARTS`
times; the last such run ends here, with the reason.
"""

from __future__ import annotations

from itertools import takewhile
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.runtime import flow_run

from clayload.errors import Code, StopExtractError

MAX_RESTARTS = 5
RESUMING = "Resuming"
"""The name of the state into which they put a crashed run."""


def check_restarts() -> None:
    """Give up a flow run that automations have begun again and again.

    Raises:
        StopExtractError: CRASHES_AGAIN.
    """
    n_starts = flow_run.run_count
    if n_starts > MAX_RESTARTS and _is_resumed(UUID(flow_run.id)):
        raise StopExtractError(
            Code.CRASHES_AGAIN,
            f"this flow run was started {n_starts} times, now by itself after a crash",
            hint="read its log and its worker's, fix what ends it, then start the load again",
        )


def _is_resumed(flow_run_id: UUID) -> bool:
    """Whether an automation, and no person, has begun the run after its last end."""
    with get_client(sync_client=True) as client:
        states = client.read_flow_run_states(flow_run_id)
    newest_first = sorted(states, key=lambda state: state.timestamp, reverse=True)
    since_its_end = takewhile(lambda state: not state.is_final(), newest_first)
    return any(state.name == RESUMING for state in since_its_end)
