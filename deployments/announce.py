"""How does Prefect hear that an extract has landed, or a sample is approved?

In:    what landed or is approved, and the server that `PREFECT_API_URL` or the profile names.
Out:   an event `clayload.extract.landed` or `clayload.run.approved`, which the server has taken
       when the call returns.
Never: an embedded server started: its events would end with the command, and start nothing.

Not `prefect.events.emit_event`: it hands the event to a thread, which only logs that the server
does not answer. The server's own route for events says that it has them, or why not.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.events.filters import EventFilter, EventNameFilter
from prefect.events.schemas.events import Event
from prefect.settings import PREFECT_API_URL

from clayload.errors import AnnounceError, Code
from clayload.extracts.landing.place import Landed
from clayload.loading.followups.approve import Approved

LANDED_EVENT = "clayload.extract.landed"
APPROVED_EVENT = "clayload.run.approved"
RESOURCE_ID_START = "clayload.extract."
APPROVED_ID_START = "clayload.run."
RESOURCE_ID, RESOURCE_NAME = "prefect.resource.id", "prefect.resource.name"
# The keys of the payload: the event's name, absolute path, sha256 in hex, and size of the extract.
EVENT_NAME, FILE, SHA256, N_BYTES = "event_name", "file", "sha256", "n_bytes"
RUN_ID, TABLES = "run_id", "tables"

_SHA_IN_ID = 12
_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class _Announcement:
    """What is to be announced, and how that is put right if it cannot be."""

    what: str
    again: str

    def refuse(self, why: str) -> AnnounceError:
        return AnnounceError(
            Code.NOT_ANNOUNCED,
            f"{self.what}: {why}",
            hint="start the server and set PREFECT_API_URL, such as http://127.0.0.1:4200/api (it "
            f"ends in /api); then {self.again}",
        )


_OF_LANDED = _Announcement("the extract cannot be announced", "do the same again")
_OF_APPROVED = _Announcement(
    "the approval is recorded, but Prefect cannot be notified",
    "run the same load again, or wait: resume-deferred looks for it every night",
)


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
    with _asking_prefect(_OF_LANDED) as client:
        client.request("POST", "/events", json=[make_event(landed).model_dump(mode="json")])


def announce_approved(approved: Approved) -> bool:
    """Tell Prefect that leads of a sample's table may follow, if a server is named; whether it was.

    Raises:
        AnnounceError: NOT_ANNOUNCED: it does not answer, or does not take the event.
    """
    if not PREFECT_API_URL.value():
        return False
    event = Event(
        event=APPROVED_EVENT,
        resource={RESOURCE_ID: f"{APPROVED_ID_START}{approved.run_id}"},
        payload={RUN_ID: approved.run_id, TABLES: list(approved.tables)},
    )
    with _asking_prefect(_OF_APPROVED) as client:
        client.request("POST", "/events", json=[event.model_dump(mode="json")])
    return True


class PrefectAnnouncer:
    """Announces by Prefect events: an `Announcer`."""

    def check(self) -> None:
        """See that a Prefect server answers, knows events, and lets us in.

        Raises:
            AnnounceError: NOT_ANNOUNCED: none is named, answers, or lets us in.
        """
        # Not its health: that is told to those it does not let in, too.
        with _asking_prefect(_OF_LANDED) as client:
            client.read_events(EventFilter(event=EventNameFilter(name=[LANDED_EVENT])), limit=1)

    def announce(self, landed: Landed) -> None:
        """Announce it.

        Raises:
            AnnounceError: as `announce_landed`.
        """
        announce_landed(landed)


@contextmanager
def _asking_prefect(what: _Announcement) -> Iterator[SyncPrefectClient]:
    if not PREFECT_API_URL.value():
        raise what.refuse("no Prefect server is named: PREFECT_API_URL is not set")
    try:
        with get_client({"timeout": _TIMEOUT_S}, sync_client=True) as client:
            yield client
    except httpx.HTTPStatusError as error:
        raise what.refuse(f"{_server()} answers {error.response.status_code}") from error
    except ValueError as error:
        raise what.refuse(f"what answers is not {_server()}") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise what.refuse(f"{_server()} does not answer ({type(error).__name__})") from error


def _server() -> str:
    """Name the server without what its URL may hold besides: a user, an account."""
    return f"Prefect's server {urlsplit(str(PREFECT_API_URL.value())).netloc.rpartition('@')[2]}"
