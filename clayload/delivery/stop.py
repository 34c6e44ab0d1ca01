"""How does sending end soon, when a person or the machine says so?

In:    the word that it must end; blocks of work, each with the grace it is given.
Out:   each block cut once its grace is over, and the news that the word has come.
Never: a block cut that has no grace to lose: what reads or writes the ledger is run outside.

A chunk may sleep for minutes (Clay's Retry-After, a back-off) or wait half a minute for an answer;
who says stop wants it now.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Stop:
    """The word that sending must end; every chunk of a run hears it. Lives in one event loop."""

    def __init__(self) -> None:
        self._asked_at: float | None = None
        self._blocks: dict[asyncio.Timeout, float] = {}

    @property
    def is_asked(self) -> bool:
        """Whether the word has come."""
        return self._asked_at is not None

    def ask(self) -> None:
        """Give the word; a second one changes nothing. Called in the event loop."""
        if self._asked_at is None:
            self._asked_at = asyncio.get_running_loop().time()
            for block, grace_s in self._blocks.items():
                block.reschedule(self._asked_at + grace_s)

    @asynccontextmanager
    async def cutting(self, grace_s: float) -> AsyncIterator[None]:
        """Run a block of work; once the word has come, for `grace_s` seconds more at the most."""
        ends_at = None if self._asked_at is None else self._asked_at + grace_s
        block = asyncio.timeout_at(ends_at)
        self._blocks[block] = grace_s
        try:
            async with block:
                yield
        except TimeoutError:
            if not block.expired():
                raise
        finally:
            del self._blocks[block]
