"""How does a chunk get a place among those that are sent at once?

In:    the two limits of `limits`, which all loads on this Prefect server share.
Out:   a place for each chunk under way, given back at its end.
Never: a place waited for by a load that was stopped: it sends nothing any more.

Leases by Prefect's client, not its `concurrency()`: no stop could cut that short while it waits,
and it takes 70 ms of CPU a chunk, here and on the server, where this takes 25 (medians of 4 times
100 places, in turn): each of its places costs two events, and a client made anew to renew it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import copy_context
from functools import partial
from http import HTTPStatus
from uuid import UUID

from httpx import HTTPStatusError
from prefect.client.orchestration import SyncPrefectClient
from prefect.context import SyncClientContext

from clayload.model import Priority
from tasks.best_effort import ThrottledPrinter, best_effort
from tasks.limits import CHUNK_LIMIT, HIGH_LIMIT, LEASE_S

_RENEW_EVERY_S = LEASE_S / 2
_LOOK_EVERY_S, _LET_GO_S = 0.5, 2.0


class _Room:
    """How many places this process may have at once."""

    part: AbstractContextManager[object] = nullcontext()


@contextmanager
def limit_places(at_most: int | None) -> Iterator[None]:
    """Let this process have at most this many places at once; None: as many as it gets."""
    _Room.part = nullcontext() if at_most is None else threading.Semaphore(at_most)
    try:
        yield
    finally:
        _Room.part = nullcontext()


@contextmanager
def chunk_place(
    priority: Priority, is_stopped: Callable[[], bool], renew_every_s: float = _RENEW_EVERY_S
) -> Iterator[None]:
    """Wait for a place and hold it; a load that is stopped goes on without one.

    Those of high priority have places of their own.

    Raises:
        httpx.HTTPError: Prefect's server does not answer, or gives no places at all.
    """
    limit = HIGH_LIMIT if priority is Priority.HIGH else CHUNK_LIMIT
    # Not `get_client`: chunks share the flow's client, whose own count of users is not for threads.
    with _Room.part, SyncClientContext.get_or_create() as context:
        lease_id = _take_place(context.client, limit, is_stopped)
        if lease_id is None:
            yield
            return
        try:
            with _renewing(lease_id, renew_every_s):
                yield
        finally:
            # If it cannot be given back, Prefect takes it once the lease has ended.
            with best_effort("a place cannot be given back"):
                context.client.release_concurrency_slots_with_lease(lease_id)


def _take_place(
    client: SyncPrefectClient, limit: str, is_stopped: Callable[[], bool]
) -> UUID | None:
    """Take a place, as soon as Prefect has one; none for a load that is stopped."""
    ask_at = 0.0
    while not is_stopped():
        if time.monotonic() < ask_at:
            time.sleep(_LOOK_EVERY_S)
            continue
        try:
            answer = client.increment_concurrency_slots_with_lease(
                [limit], slots=1, mode="concurrency", lease_duration=LEASE_S
            )
        except HTTPStatusError as error:
            if error.response.status_code != HTTPStatus.LOCKED:
                raise
            ask_at = time.monotonic() + float(error.response.headers["Retry-After"])
        else:
            return UUID(answer.json()["lease_id"])
    return None


@contextmanager
def _renewing(lease_id: UUID, every_s: float) -> Iterator[None]:
    """Renew a lease in a thread of its own: a chunk may take longer than it lasts."""
    ended = threading.Event()
    renew = partial(copy_context().run, _renew, lease_id, every_s, ended)
    thread = threading.Thread(target=renew, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(_LET_GO_S)


def _renew(lease_id: UUID, every_s: float, ended: threading.Event) -> None:
    printer = ThrottledPrinter()
    while not ended.wait(every_s):
        with (
            best_effort("a place cannot be kept", printer),
            SyncClientContext.get_or_create() as context,
        ):
            context.client.renew_concurrency_lease(lease_id, LEASE_S)
