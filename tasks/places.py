"""How long does a chunk hold its place among those that are sent at once?

In:    the two limits of `limits`, which all loads on this Prefect server share.
Out:   a place for each chunk under way, handed on to the load's next chunk for some seconds.
Never: a place kept for longer while other loads wait for one; nor one waited for by a load that
       was told to stop: it sends nothing any more.

Taking a place of Prefect and giving it back costs 0.06 s of a quiet machine, as much as sending
some fifty leads where nothing limits the rate; so a load keeps the places that it has for a while.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import Context, copy_context
from http import HTTPStatus

from httpx import HTTPStatusError
from prefect.concurrency.asyncio import ConcurrencySlotAcquisitionError
from prefect.concurrency.sync import concurrency

from clayload.model import Priority
from tasks.limits import CHUNK_LIMIT, HIGH_LIMIT, LEASE_S

KEEP_S = 30.0
"""For as long as a chunk takes at Clay's own rate: nobody else waits much longer for it."""
_LOOK_EVERY_S = 0.5
_LET_GO_S = 4.0


class _Place:
    """A place of a limit, held by a thread of its own: Prefect binds it to the one that took it."""

    def __init__(self, limit: str, run: Context, kept_by: ChunkPlaces) -> None:
        self._kept_by = kept_by
        self._taken: Future[None] = Future()
        self._since = 0.0
        self._given_back = threading.Event()
        self._thread = threading.Thread(target=run.run, args=(self._keep, limit), daemon=True)
        self._thread.start()

    def wait(self, is_stopped: Callable[[], bool]) -> bool:
        """Wait until it is taken, no longer once nobody needs it; whether it is."""
        while not self._taken.done():
            if is_stopped():
                # Its thread asks no more, and gives back what it gets; it is left alone where
                # Prefect does not answer.
                self._given_back.set()
                self._thread.join(_LET_GO_S)
                return False
            wait_for([self._taken], _LOOK_EVERY_S)
        self._taken.result()
        self._since = time.monotonic()
        return True

    def _keep(self, limit: str) -> None:
        try:
            while not self._given_back.is_set():
                self._try_to_hold(limit)
        except BaseException as error:
            if self._taken.done():
                raise
            self._taken.set_exception(error)

    def _try_to_hold(self, limit: str) -> None:
        """Take a place and hold it until nobody needs it; or else wait as long as Prefect says."""
        try:
            # It asks once: nothing could cut short Prefect's own waiting when the load is stopped.
            with concurrency(limit, lease_duration=LEASE_S, max_retries=0):
                self._taken.set_result(None)
                while not self._given_back.wait(self._kept_by.keep_s):
                    if self._kept_by.drop(self):
                        self._given_back.set()
        except ConcurrencySlotAcquisitionError as error:
            self._given_back.wait(_read_wait_s(error))

    @property
    def is_fresh(self) -> bool:
        """Whether another chunk may have it before others get their turn."""
        return time.monotonic() - self._since < self._kept_by.keep_s

    def give_back(self) -> None:
        """Let others have it."""
        self._given_back.set()
        self._thread.join()


def _read_wait_s(error: ConcurrencySlotAcquisitionError) -> float:
    """Read how long to wait for a place that others hold; another trouble is raised again."""
    refused = error.__cause__
    if isinstance(refused, HTTPStatusError) and refused.response.status_code == HTTPStatus.LOCKED:
        return float(refused.response.headers["Retry-After"])
    raise error


class ChunkPlaces:
    """The places a process keeps between chunks, each for `keep_s` at most."""

    def __init__(self, keep_s: float) -> None:
        self.keep_s = keep_s
        self._lock = threading.Lock()
        self._idle: defaultdict[str, list[_Place]] = defaultdict(list)
        self._n_waiting: Counter[str] = Counter()
        self._flow_run: Context | None = None
        self._room: AbstractContextManager[object] = nullcontext()

    @contextmanager
    def one(self, limit: str, is_stopped: Callable[[], bool]) -> Iterator[None]:
        """Wait for a place and hold it; without one for a load that was told to stop."""
        with self._room:
            place = self._take(limit, is_stopped)
            try:
                yield
            finally:
                if place is not None:
                    self._put(limit, place)

    def _take(self, limit: str, is_stopped: Callable[[], bool]) -> _Place | None:
        if is_stopped():
            return None
        with self._lock:
            if self._idle[limit]:
                return self._idle[limit].pop()
            self._n_waiting[limit] += 1
        try:
            place = _Place(limit, (self._flow_run or copy_context()).copy(), self)
            return place if place.wait(is_stopped) else None
        finally:
            with self._lock:
                self._n_waiting[limit] -= 1

    def drop(self, place: _Place) -> bool:
        """Forget a place that no chunk has wanted for some time; whether it was one."""
        with self._lock:
            found = [places for places in self._idle.values() if place in places]
            for places in found:
                places.remove(place)
            return bool(found)

    def _put(self, limit: str, place: _Place) -> None:
        with self._lock:
            is_wanted = self._n_waiting[limit] > 0
            if self._flow_run is not None and place.is_fresh and not is_wanted:
                self._idle[limit].append(place)
                return
        place.give_back()

    @contextmanager
    def keeping(self, at_most: int | None = None) -> Iterator[None]:
        """Keep the places of chunks that are through for those to come, never more than so many."""
        # Prefect takes a place back once the run that took it ends: a task's would be gone with it.
        self._flow_run = copy_context()
        self._room = nullcontext() if at_most is None else threading.Semaphore(at_most)
        try:
            yield
        finally:
            with self._lock:
                self._flow_run = None
                self._room = nullcontext()
                idle = [place for places in self._idle.values() for place in places]
                self._idle.clear()
            for place in idle:
                place.give_back()


_places = ChunkPlaces(KEEP_S)


def keeping_places(at_most: int | None = None) -> AbstractContextManager[None]:
    """Keep the places of chunks that are through for those to come; give all back at the end.

    Args:
        at_most: how many this process may take of them; as many as it gets without.
    """
    return _places.keeping(at_most)


def chunk_place(priority: Priority, is_stopped: Callable[[], bool]) -> AbstractContextManager[None]:
    """Wait for a place and hold it; those of high priority have places of their own."""
    return _places.one(HIGH_LIMIT if priority is Priority.HIGH else CHUNK_LIMIT, is_stopped)
