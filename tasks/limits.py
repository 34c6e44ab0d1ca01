"""How many chunks may be on their way at once?

In:    the settings.
Out:   two global concurrency limits in Prefect, made by the project itself where missing.
Never: the rate of single leads: that is the ledger's.

The setting says how many one load takes, the limit how many all loads take together. Whoever wants
more raises both.
"""

from __future__ import annotations

import os
from contextlib import suppress

from prefect.client.base import ServerType
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import (
    GlobalConcurrencyLimitCreate,
    GlobalConcurrencyLimitUpdate,
)
from prefect.client.schemas.responses import GlobalConcurrencyLimitResponse
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound

from clayload.settings import read_settings

CHUNK_LIMIT = "clayload-chunks"
HIGH_LIMIT = "clayload-chunks-high"
"""So that a bulk load which holds all places does not keep a person waiting."""
LEASE_S = 60
"""How long a killed load still holds its places: the least that Prefect's server grants."""


def ensure_chunk_limits() -> None:
    """Create the limits if Prefect does not have them; one that a person changed stays theirs."""
    with get_client(sync_client=True) as client:
        for name in (CHUNK_LIMIT, HIGH_LIMIT):
            try:
                limit = client.read_global_concurrency_limit_by_name(name)
            except ObjectNotFound:
                _create_limit(client, name)
            else:
                _check_places(client, limit)


def read_n_places() -> int:
    """Read how many chunks that are not of high priority all loads may send at once."""
    with get_client(sync_client=True) as client:
        return client.read_global_concurrency_limit_by_name(CHUNK_LIMIT).limit


def _create_limit(client: SyncPrefectClient, name: str) -> None:
    limit = read_settings(os.environ).chunks_at_once
    # Two first loads may begin at the same moment.
    with suppress(ObjectAlreadyExists):
        client.create_global_concurrency_limit(GlobalConcurrencyLimitCreate(name=name, limit=limit))


def _check_places(client: SyncPrefectClient, limit: GlobalConcurrencyLimitResponse) -> None:
    if client.server_type is ServerType.EPHEMERAL:
        # The embedded server never takes back what a killed load held: later loads would wait for
        # ever. Another load that runs beside this one may now find a place too many.
        client.update_global_concurrency_limit(
            limit.name, GlobalConcurrencyLimitUpdate(active_slots=0)
        )
    elif limit.active and limit.active_slots >= limit.limit:
        print(
            f"all {limit.limit} places of the limit '{limit.name}' are taken, and this load waits "
            f"for other loads; a killed load's places come free within {2 * LEASE_S} s. If nothing "
            "else runs: Prefect UI, Concurrency, reset the limit"
        )
