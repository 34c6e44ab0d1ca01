"""How does Prefect hear that an extract has landed?

In:    what landed, and the server that `PREFECT_API_URL` or the profile names.
Out:   the event `clayload.extract.landed`, which the server has taken when `announce` returns.
Never: an embedded server started: its events would end with the command, and start nothing.

Not `prefect.events.emit_event`: it hands the event to a thread, which only logs that the server
does not answer. The server's own route for events says that it has them, or why not.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.events.filters import EventFilter, EventNameFilter
from prefect.events.schemas.events import Event
from prefect.settings import PREFECT_API_URL

from clayload.errors import AnnounceError, Code
from clayload.loading.landing import Landed

LANDED_EVENT = "clayload.extract.landed"
RESOURCE_ID_START = "clayload.extract."
RESOURCE_ID, RESOURCE_NAME = "prefect.resource.id", "prefect.resource.name"
# The keys of the payload: the event's name, absolute path, sha256 in hex, and size of the extract.
EVENT_NAME, FILE, SHA256, N_BYTES = "event_name", "file", "sha256", "n_bytes"

_SHA_IN_ID = 12
_TIMEOUT_S = 10.0


def make_event(landed: Landed) -> Event:
    """Make the event that says so; its payload has the keys EVENT_NAME, FILE, SHA256, N_BYTES."""
    return Event(
        event=LANDED_EVENT,
        resource={
            RESOURCE_ID: f"{RESOURCE_ID_START}{landed.sha256[:_SHA_IN_ID]}",
            RESOURCE_NAME: landed.file.name,
        },
        payload={
            EVENT_NAME: landed.event_name,
            FILE: str(landed.file),
            SHA256: landed.sha256,
            N_BYTES: landed.n_bytes,
        },
    )


def announce_landed(landed: Landed) -> None:
    """Tell Prefect that an extract has landed; its server has the event when this returns.

    Raises:
        AnnounceError: NOT_ANNOUNCED: no server is named, answers, or takes the event.
    """
    with _asking_prefect() as client:
        client.request("POST", "/events", json=[make_event(landed).model_dump(mode="json")])


class PrefectAnnouncer:
    """Announces by Prefect events: an `Announcer`."""

    def check(self) -> None:
        """See that a Prefect server answers, knows events, and lets us in.

        Raises:
            AnnounceError: NOT_ANNOUNCED: none is named, answers, or lets us in.
        """
        # Not its health: that is told to those it does not let in, too.
        with _asking_prefect() as client:
            client.read_events(EventFilter(event=EventNameFilter(name=[LANDED_EVENT])), limit=1)

    def announce(self, landed: Landed) -> None:
        """Announce it.

        Raises:
            AnnounceError: as `announce_landed`.
        """
        announce_landed(landed)


@contextmanager
def _asking_prefect() -> Iterator[SyncPrefectClient]:
    if not PREFECT_API_URL.value():
        raise _refuse("no Prefect server is named: PREFECT_API_URL is not set")
    try:
        with get_client({"timeout": _TIMEOUT_S}, sync_client=True) as client:
            yield client
    except httpx.HTTPStatusError as error:
        raise _refuse(f"{_server()} answers {error.response.status_code}") from error
    except ValueError as error:
        raise _refuse(f"what answers is not {_server()}") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise _refuse(f"{_server()} does not answer ({type(error).__name__})") from error


def _server() -> str:
    """Name the server without what its URL may hold besides: a user, an account."""
    return f"Prefect's server {urlsplit(str(PREFECT_API_URL.value())).netloc.rpartition('@')[2]}"


def _refuse(what: str) -> AnnounceError:
    return AnnounceError(
        Code.NOT_ANNOUNCED,
        f"the extract cannot be announced: {what}",
        hint="start the server and set PREFECT_API_URL, such as http://127.0.0.1:4200/api (it ends "
        "in /api); then do the same again",
    )
