"""How does an event get into Prefect, for certain?

In:    events, and the server that `PREFECT_API_URL` or the profile names.
Out:   the server has all of them when the call returns.
Never: `prefect.events.emit_event`: it hands the event to a thread, which only logs that the server
       does not answer, and whoever counts on the event would never know.
"""

from __future__ import annotations

from contextlib import AbstractContextManager

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.events.filters import EventFilter, EventNameFilter
from prefect.events.schemas.events import Event

_TIMEOUT_S = 10.0


def post_events(*events: Event) -> None:
    """Hand events to Prefect's server.

    Raises:
        httpx.HTTPError: it does not answer, or refuses them.
    """
    with _connect() as client:
        client.request("POST", "/events", json=[event.model_dump(mode="json") for event in events])


def check_events(name: str) -> None:
    """See that a Prefect server answers, knows events, and lets us in; `name` is any event's.

    Raises:
        httpx.HTTPError: it does not, or not us. Its health would be no proof: it is shown to those
            whom it does not let in, too.
    """
    with _connect() as client:
        client.read_events(EventFilter(event=EventNameFilter(name=[name])), limit=1)


def _connect() -> AbstractContextManager[SyncPrefectClient]:
    return get_client({"timeout": _TIMEOUT_S}, sync_client=True)
