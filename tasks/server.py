"""With which settings does Prefect's server suit a load?

In:    the settings of this environment and profile.
Out:   the same, with ours where a person set none.
Never: a setting that a person chose, changed.

A server of your own (`prefect server start`) takes the same as environment variables.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import prefect.settings
from prefect.settings import get_current_settings, temporary_settings

_LEASES_ON_DISK = "prefect.server.concurrency.lease_storage.filesystem"

SERVER_SETTINGS = {
    # Off: a load sends to Clay and to nobody else.
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    # Twenty seconds by default, and a busy machine takes fifteen on a good day.
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    # In memory, by default: a restarted server would never free what loads held before it.
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": _LEASES_ON_DISK,
    # One by one, by default, the server falls minutes behind a load of a few hundred chunks.
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_READ_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_TRIGGERS_READ_BATCH_SIZE": "100",
}


@contextmanager
def suited_server() -> Iterator[None]:
    """Give the embedded server our settings; one that runs already has its own."""
    chosen = get_current_settings().to_environment_variables(exclude_unset=True)
    ours = {
        getattr(prefect.settings, name): value
        for name, value in SERVER_SETTINGS.items()
        if name not in chosen
    }
    with temporary_settings(updates=ours):
        yield
