"""How does Prefect hear that an extract has landed, or a sample is approved?

In:    what landed or is approved, and the server that `PREFECT_API_URL` or the profile names.
Out:   an event `clayload.extract.landed` or `clayload.run.approved`, which the server has when
       the call returns.
Never: an embedded server started: its events would end with the command, and start nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
from prefect.events.schemas.events import Event
from prefect.settings import PREFECT_API_URL

from clayload.errors import AnnounceError, Code
from clayload.extracts.landing.place import Landed
from clayload.loading.followups.approve import Approved
from tasks.events import check_events, post_events

LANDED_EVENT = "clayload.extract.landed"
APPROVED_EVENT = "clayload.run.approved"
RESOURCE_ID_START = "clayload.extract."
APPROVED_ID_START = "clayload.run."
RESOURCE_ID, RESOURCE_NAME = "prefect.resource.id", "prefect.resource.name"
# The keys of the payload: the event's name, absolute path, sha256 in hex, and size of the extract.
EVENT_NAME, FILE, SHA256, N_BYTES = "event_name", "file", "sha256", "n_bytes"
RUN_ID, TABLES = "run_id", "tables"

_SHA_IN_ID = 12


@dataclass(frozen=True, slots=True)
class _Announcement:
    """What is announced, and what to do if it cannot be."""

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


def _make_event(landed: Landed) -> Event:
    """Make the event of it; its payload has the keys EVENT_NAME, FILE, SHA256, N_BYTES."""
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


def announce_approved(approved: Approved) -> bool:
    """Let Prefect know, if a server is named, that a sample is approved; whether one was.

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
    with _explained(_OF_APPROVED):
        post_events(event)
    return True


class PrefectAnnouncer:
    """Announces by Prefect events: an `Announcer`."""

    def check(self) -> None:
        """See that a Prefect server answers, knows events, and lets us in.

        Raises:
            AnnounceError: NOT_ANNOUNCED: none is named, answers, or lets us in.
        """
        with _explained(_OF_LANDED):
            check_events(LANDED_EVENT)

    def announce(self, landed: Landed) -> None:
        """Let Prefect know that an extract has landed; its server has the event when this returns.

        Raises:
            AnnounceError: NOT_ANNOUNCED: no server is named, answers, or takes the event.
        """
        with _explained(_OF_LANDED):
            post_events(_make_event(landed))


@contextmanager
def _explained(what: _Announcement) -> Iterator[None]:
    """Let a failure name what could not be announced, and what to do."""
    if not PREFECT_API_URL.value():
        raise what.refuse("no Prefect server is named: PREFECT_API_URL is not set")
    try:
        yield
    except httpx.HTTPStatusError as error:
        raise what.refuse(f"{_server()} answers {error.response.status_code}") from error
    except ValueError as error:
        raise what.refuse(f"what answers is not {_server()}") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise what.refuse(f"{_server()} does not answer ({type(error).__name__})") from error


def _server() -> str:
    """Name the server without what its URL may hold besides: a user, an account."""
    return f"Prefect's server {urlsplit(str(PREFECT_API_URL.value())).netloc.rpartition('@')[2]}"
