"""How does one prepared chunk go out?

In:    a reference to a chunk file.
Out:   how many leads ended how; the verdicts themselves are in the ledger.
Never: a whole load in memory: one chunk at a time.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import TypeVar

from clayload.clay.webhook import ClayWebhook, Connections
from clayload.delivery.grant import GrantAnswer, GrantedLead, Verdicts
from clayload.delivery.health import Health, Outage
from clayload.delivery.pace import grant_size
from clayload.delivery.send import ChunkDelivery, Pacing
from clayload.delivery.stop import Stop
from clayload.delivery.verdict import VerdictKind
from clayload.errors import ClayloadError
from clayload.frames.chunk import read_bodies
from clayload.ledger.granting.grants import ChunkGrants, GrantTerms
from clayload.model import ChunkRef
from clayload.runs.run_folder import find_chunk
from clayload.secrets import redact
from clayload.setup import Setup
from clayload.tables.costs import costs_of

_log = logging.getLogger(__name__)
_MOST_CTRL_CS = 10
_reading = threading.Lock()
_Read = TypeVar("_Read")


class SystemClock:
    """The real clock (`delivery.ports.Clock`)."""

    def monotonic(self) -> float:
        """Seconds from an arbitrary start."""
        return time.monotonic()

    def utc_now(self) -> datetime:
        """Wall-clock time, UTC."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Wait without holding the loop."""
        await asyncio.sleep(seconds)


@dataclass(frozen=True, slots=True)
class GrantsInThread:
    """A chunk's grants off the event loop: other chunks' leads must not wait for the database."""

    grants: ChunkGrants

    async def grant(self, n: int, verdicts: Verdicts) -> GrantAnswer:
        """Record the verdicts of the last grant and give the next, in one transaction."""
        return await asyncio.to_thread(self.grants.grant, n, verdicts)

    async def record(self, verdicts: Verdicts) -> None:
        """Record verdicts without asking for more."""
        await asyncio.to_thread(self.grants.record, verdicts)

    async def throttle(self, throttle_s: float) -> None:
        """Give nobody of the workspace a moment within the next `throttle_s` seconds."""
        await asyncio.to_thread(self.grants.throttle, throttle_s)

    def depart(self, lead: GrantedLead) -> None:
        """Note that a lead goes on the wire now."""
        self.grants.depart(lead)


def deliver_chunk(ref: ChunkRef, setup: Setup) -> Counter[str]:
    """Deliver what is still owed of one chunk; returns counts by verdict.

    Once the run is halted, or stopped in this process, no grant is given any more: the chunk's
    leads stay pending.

    Raises:
        StopTableError: the table can take no more; its leads stay pending.
        RetryChunkError: nobody answers, at Clay or where the chunk's file is; the chunk's leads
            stay pending.
        ConfigError: a secret is missing.
        LedgerError: the ledger cannot be written.
        RunError: the chunk's file is gone.
    """
    sending = _sending()
    work = _deliver(ref, setup, sending)
    names = {"run_id": ref.run_id, "chunk_id": ref.chunk_id}
    _log.debug("chunk begun: %(chunk_id)s of run %(run_id)s", names)
    try:
        counts = asyncio.run_coroutine_threadsafe(work, sending.loop).result()
    except ClayloadError as error:
        stop = names | {"code": error.code}
        _log.info("chunk stopped: %(chunk_id)s of run %(run_id)s, by %(code)s", stop)
        raise
    done = names | {kind.name.lower(): counts[kind] for kind in VerdictKind}
    _log.info(
        "chunk delivered: %(chunk_id)s of run %(run_id)s, %(delivered)d delivered, %(refused)d"
        " refused, %(in_doubt)d in doubt",
        done,
    )
    return counts


def stop_delivering(run_id: str) -> None:
    """Let all chunks of the run that this process delivers end within `STOP_GRACE_S` seconds.

    What other processes deliver of the run goes on: `Ledger.halt_run` is for all.
    """
    sending = _sending()
    sending.loop.call_soon_threadsafe(sending.stop, run_id)


def allow_delivering(run_id: str) -> None:
    """Let this process deliver the run, even if it was told to stop before."""
    sending = _sending()
    sending.loop.call_soon_threadsafe(sending.stops.pop, run_id, None)


def is_stopped(run_id: str) -> bool:
    """Whether this process was told to stop the run: it sends none of its leads any more."""
    stop = _sending().stops.get(run_id)
    return stop is not None and stop.is_asked


@dataclass(frozen=True, slots=True)
class _Sending:
    """The one event loop that sends for all chunks of this process, and what all of them share.

    `connections` are those to Clay, `outage` is whether it seems out of order, `stops` has each
    run's word to stop. With a loop for each chunk's
    thread the threads fight for the interpreter: at 500 leads a second four of them sent 350, one
    sends all.
    """

    loop: asyncio.AbstractEventLoop
    connections: Connections = field(default_factory=Connections)
    outage: Outage = field(default_factory=Outage)
    stops: defaultdict[str, Stop] = field(default_factory=lambda: defaultdict(Stop))

    def stop(self, run_id: str) -> None:
        """Give the word to a run's chunks; called in the loop, as all that reads `stops`."""
        self.stops[run_id].ask()


_starting = threading.Lock()


def _sending() -> _Sending:
    with _starting:  # chunks begin at once, and `lru_cache` would call for each of them
        return _start_sending()


@lru_cache(maxsize=1)
def _start_sending() -> _Sending:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="sending", daemon=True).start()
    return _Sending(loop)


async def _deliver(ref: ChunkRef, setup: Setup, sending: _Sending) -> Counter[str]:
    settings, stop = setup.settings, sending.stops[ref.run_id]
    secrets = setup.secrets(ref.table)
    costs = costs_of(setup.config, setup.catalogue)
    terms = GrantTerms(setup.config, settings.request_timeout_s, setup.departures, costs)
    grants = GrantsInThread(await asyncio.to_thread(ChunkGrants, setup.ledger, ref, terms))
    pacing = Pacing(grant_size(setup.config.workspace.rate_per_s), settings.requests_per_chunk)
    blank = partial(redact, secrets=list(secrets.values()))
    destination = ClayWebhook(
        secrets, blank, sending.connections, timeout_s=settings.request_timeout_s
    )
    here = await asyncio.to_thread(find_chunk, ref, setup)
    bodies = await asyncio.to_thread(read_on, partial(read_bodies, here))
    await sending.connections.make_ready()
    health = Health(sending.outage)
    delivery = ChunkDelivery(
        bodies, grants, destination, SystemClock(), pacing, stop=stop, health=health
    )
    return await delivery.run()


def read_on(read: Callable[[], _Read]) -> _Read:
    """Read in a thread to the end, whoever presses Ctrl-C: what it means, the main thread decides.

    Polars raises KeyboardInterrupt in every thread that reads just then, and goes on raising it in
    those that try again, until none of them reads any more (its signals.rs). It would end the event
    loop of all chunks, which nobody could wait for; so one reads at a time.
    """
    with _reading:
        for _ in range(_MOST_CTRL_CS):
            with suppress(KeyboardInterrupt):
                return read()
        return read()
