"""Which Prefect server do the commands use?

In:    the Prefect settings in force.
Out:   its address, once it has answered.
Never: a server started behind a person's back: what is deployed there would be gone with it.
"""

from __future__ import annotations

from prefect.client.orchestration import get_client
from prefect.settings import get_current_settings

from clayload.errors import Code, ConfigError


def reach_server() -> str:
    """Give the address of the Prefect server.

    Raises:
        ConfigError: NO_PREFECT_SERVER: none is set, or none answers.
    """
    url = get_current_settings().api.url
    if url is None:
        raise _refuse("no Prefect server is set")
    with get_client(sync_client=True) as client:
        failure = client.api_healthcheck()
    if failure is not None:
        raise _refuse(f"no Prefect server answers at {url}")
    return url


def _refuse(what: str) -> ConfigError:
    return ConfigError(
        Code.NO_PREFECT_SERVER,
        what,
        hint="`clayload serve` starts one; for another, set PREFECT_API_URL to its address",
    )
