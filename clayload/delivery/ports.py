"""What does the sending loop need from the world?

In:    nothing.
Out:   three small protocols: a ledger that grants, a destination that takes, a clock.
Never: an implementation; those live in `ledger/`, `destinations/` and the tests' fakes.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from clayload.delivery.grant import GrantAnswer, GrantedLead, Verdicts
from clayload.delivery.verdict import Answer


class GrantPort(Protocol):
    """The ledger as one chunk sees it."""

    async def grant(self, n: int, verdicts: Verdicts) -> GrantAnswer:
        """Record the verdicts of the last grant and give the next, in one transaction."""
        ...

    async def record(self, verdicts: Verdicts) -> None:
        """Record verdicts without asking for more."""
        ...

    async def throttle(self, throttle_s: float) -> None:
        """Give nobody of the workspace a moment within the next `throttle_s` seconds."""
        ...

    def depart(self, lead: GrantedLead) -> None:
        """Note that a lead goes on the wire now."""
        ...


class Destination(Protocol):
    """A place leads can go."""

    async def submit(self, slot: str, body: bytes) -> Answer:
        """Send one body through the named slot; every misfortune is an answer, not an error."""
        ...


class Clock(Protocol):
    """Time that only goes forward, and sleep."""

    def monotonic(self) -> float:
        """Seconds from an arbitrary start."""
        ...

    def utc_now(self) -> datetime:
        """Wall-clock time, UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait without holding the loop."""
        ...
