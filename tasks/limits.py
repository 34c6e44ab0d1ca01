"""How many chunks may be on their way at once?

In:    the settings.
Out:   a global concurrency limit in Prefect, made by the project itself where it is missing.
Never: the rate of single leads: that is the ledger's.
"""

from __future__ import annotations

import os
from typing import Any, cast

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate
from prefect.exceptions import ObjectNotFound
from prefect.futures import PrefectFuture
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from clayload.settings import read_settings

CHUNK_LIMIT = "clayload-chunks"


def ensure_chunk_limit() -> None:
    """Create the limit if Prefect does not have it; one that a person changed stays theirs."""
    with get_client(sync_client=True) as client:
        try:
            client.read_global_concurrency_limit_by_name(CHUNK_LIMIT)
        except ObjectNotFound:
            limit = read_settings(os.environ).chunks_at_once
            client.create_global_concurrency_limit(
                GlobalConcurrencyLimitCreate(name=CHUNK_LIMIT, limit=limit)
            )


def chunk_runner() -> TaskRunner[PrefectFuture[Any]]:
    """Give the flow as many threads as chunks may run at once, so that none waits for a slot."""
    runner = ThreadPoolTaskRunner[Any](max_workers=read_settings(os.environ).chunks_at_once)
    # Prefect types its flow for a wider future than its own runner gives.
    return cast("TaskRunner[PrefectFuture[Any]]", runner)
