"""How does one prepared chunk go out?

In:    a reference to a chunk file.
Out:   how many leads ended how; the verdicts themselves are in the ledger.
Never: a whole load in memory: one chunk at a time.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache, partial

import polars as pl

from clayload.delivery.grant import GrantAnswer, GrantedLead, Verdicts
from clayload.delivery.payload import build_body
from clayload.delivery.send import ChunkDelivery, Pacing
from clayload.destinations.clay_webhook import ClayWebhook
from clayload.ledger.grants import ChunkGrants, GrantTerms
from clayload.loading.run_folder import find_chunk
from clayload.loading.setup import Setup
from clayload.model import ChunkRef
from clayload.secrets import redact

_MIN_GRANT, _MAX_GRANT = 10, 25
_GRANTS_PER_S = 20
_starting = threading.Lock()


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
        """Record the verdicts of the last grant and give the next."""
        return await asyncio.to_thread(self.grants.grant, n, verdicts)

    async def record(self, verdicts: Verdicts) -> None:
        """Record verdicts without asking for more."""
        await asyncio.to_thread(self.grants.record, verdicts)

    def depart(self, lead: GrantedLead) -> None:
        """Note that a lead goes on the wire now."""
        self.grants.depart(lead)


def deliver_chunk(ref: ChunkRef, setup: Setup) -> Counter[str]:
    """Deliver what is still owed of one chunk; returns counts by verdict.

    Once the run is halted, no grant is given any more: the chunk's leads stay pending.

    Raises:
        StopTableError: the table can take no more; its leads stay pending.
        RetryChunkError: nobody answers, at Clay or where the chunk's file is; the chunk's leads
            stay pending.
        ConfigError: a secret is missing.
        LedgerError: the ledger cannot be written.
        RunError: the chunk's file is gone.
    """
    return asyncio.run_coroutine_threadsafe(_deliver(ref, setup), _sending_loop()).result()


def _sending_loop() -> asyncio.AbstractEventLoop:
    """Give the one event loop that sends for all chunks of this process.

    With a loop for each chunk's thread the threads fight for the interpreter: at 500 leads a
    second four of them sent 350, one sends all.
    """
    # The first chunks ask at the same moment, and a cache alone would make each of them one.
    with _starting:
        return _start_sending_loop()


@lru_cache(maxsize=1)
def _start_sending_loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="sending", daemon=True).start()
    return loop


async def _deliver(ref: ChunkRef, setup: Setup) -> Counter[str]:
    settings = setup.settings
    secrets = setup.secrets(ref.table)
    terms = GrantTerms(setup.config, settings.request_timeout_s, setup.departures)
    grants = GrantsInThread(await asyncio.to_thread(ChunkGrants, setup.ledger, ref, terms))
    pacing = Pacing(grant_size(setup.config.workspace.rate_per_s), settings.in_flight)
    async with ClayWebhook(
        secrets,
        partial(redact, secrets=list(secrets.values())),
        timeout_s=settings.request_timeout_s,
        in_flight=settings.in_flight,
    ) as destination:
        here = await asyncio.to_thread(find_chunk, ref, setup)
        bodies = await asyncio.to_thread(read_bodies, here)
        return await ChunkDelivery(bodies, grants, destination, SystemClock(), pacing).run()


def read_bodies(ref: ChunkRef) -> dict[str, bytes]:
    """Read a chunk file into bodies by lead_key, in file order."""
    rows = pl.read_parquet(ref.path).drop("row_number").iter_rows(named=True)
    return {
        lead_key: build_body(lead, lead_key, ref.run_id)
        for lead in rows
        if (lead_key := lead.pop("lead_key"))
    }


def grant_size(rate_per_s: float) -> int:
    """Choose how many leads one grant names: few, as a crash may leave so many in doubt.

    Ten cost nothing at Clay's ten a second; at raised rates a twentieth of a second's worth.
    """
    return min(_MAX_GRANT, max(_MIN_GRANT, round(rate_per_s / _GRANTS_PER_S)))
