"""Which work pool do the flows run in?

In:    its name.
Out:   the pool as Prefect knows it; ours is made where it is missing, with processes as flow runs.
Never: another one made: only who runs its workers knows its type.
"""

from __future__ import annotations

from contextlib import suppress

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import WorkPool
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from prefect.workers.process import ProcessWorker

from clayload.errors import Code, ConfigError
from deployments.names import POOL

PROCESS_TYPE = ProcessWorker.type


def ensure_pool(client: SyncPrefectClient, name: str) -> None:
    """See that there is such a pool, of whatever type; make the usual one.

    Raises:
        ConfigError: NOT_DEPLOYED: there is none, and it is not the usual one.
    """
    if name == POOL:
        template = ProcessWorker.get_default_base_job_template()
        with suppress(ObjectAlreadyExists):
            client.create_work_pool(
                WorkPoolCreate(name=name, type=PROCESS_TYPE, base_job_template=template)
            )
    read_pool(client, name)


def read_pool(client: SyncPrefectClient, name: str) -> WorkPool:
    """Read a pool.

    Raises:
        ConfigError: NOT_DEPLOYED: there is none.
    """
    try:
        return client.read_work_pool(name)
    except ObjectNotFound:
        raise ConfigError(
            Code.NOT_DEPLOYED,
            f"there is no work pool '{name}'",
            hint=f"make it: `prefect work-pool create {name} --type {PROCESS_TYPE}`, or of another "
            f"type; `clayload deploy` makes '{POOL}' by itself",
        ) from None
