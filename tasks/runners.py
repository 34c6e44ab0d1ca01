"""Where do the chunks of a load run?

In:    the settings.
Out:   the task runner of the flows that send: threads of the flow's process, or a Dask cluster.
Never: Dask imported where nobody chose it; the rate, which is the ledger's whoever sends.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any, cast

from prefect.futures import PrefectFuture
from prefect.settings import get_current_settings
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from clayload.errors import Code, ConfigError
from clayload.settings import Settings, read_settings

_Runner = TaskRunner[PrefectFuture[Any]]
_Find = Callable[[str], object]
"""Finds an installed package; gives None where there is none."""


def chunk_runner(find: _Find = find_spec) -> _Runner:
    """Give the flow room for as many chunks as may run at once, so that none waits for a place."""
    try:
        settings = read_settings(os.environ)
    except ConfigError:
        # This runs at import; the flow's first step meets the same error where it can be shown.
        return _make_threads(1)
    if settings.task_runner == "dask" and _has_dask(find):
        return _make_dask(settings)
    return _make_threads(settings.chunks_at_once)


def check_runner(find: _Find = find_spec) -> None:
    """Check that the chosen runner can do its work.

    Raises:
        ConfigError: CONFIG_BAD_VALUE: Dask is not installed; NO_PREFECT_SERVER: its workers would
            have none in common.
    """
    if read_settings(os.environ).task_runner != "dask":
        return
    if not _has_dask(find):
        raise ConfigError(
            Code.CONFIG_BAD_VALUE,
            "CLAYLOAD_TASK_RUNNER is 'dask', and Dask is not installed",
            hint="install what it needs: pip install 'clayload[dask]'; or unset the variable",
            key="CLAYLOAD_TASK_RUNNER",
        )
    if get_current_settings().api.url is None:
        raise ConfigError(
            Code.NO_PREFECT_SERVER,
            "CLAYLOAD_TASK_RUNNER is 'dask', and Prefect's embedded server serves one process only",
            hint="start a server with `prefect server start`, and set PREFECT_API_URL",
        )


def _has_dask(find: _Find) -> bool:
    return find("prefect_dask") is not None


def _make_threads(n: int) -> _Runner:
    # Prefect types its flow for a wider future than its own runner gives.
    return cast("_Runner", ThreadPoolTaskRunner[Any](max_workers=n))


def _make_dask(settings: Settings) -> _Runner:
    from prefect_dask.task_runners import DaskTaskRunner  # noqa: PLC0415 - an extra, and slow to import

    if settings.dask_address is not None:
        return cast("_Runner", DaskTaskRunner(address=settings.dask_address))
    n_processes = min(os.cpu_count() or 1, settings.chunks_at_once)
    cluster = {
        "n_workers": n_processes,
        "threads_per_worker": math.ceil(settings.chunks_at_once / n_processes),
        # Whoever reaches a scheduler can have it run anything, other users of this machine too.
        "security": True,
        # Dask's own would be a fixed port, which only one load at a time can have.
        "dashboard_address": "127.0.0.1:0",
    }
    return cast("_Runner", DaskTaskRunner(cluster_kwargs=cluster))
