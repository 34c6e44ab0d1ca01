"""How does a host go down and come up again, as its callers see it?

In:    the port that the host listens on.
Out:   `Gate`: a port that leads there while it is open; closed, nobody listens, and whoever was
       connected is cut off.
Never: a byte read or changed on the way.
"""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import TypeVar

HOST = "127.0.0.1"
_PIECE_BYTES = 65_536
_ACT_WITHIN_S = 5

_T = TypeVar("_T")


class Gate:
    """Leads to `target_port` from `port`; its event loop runs in a thread of its own."""

    def __init__(self, target_port: int) -> None:
        self.port = 0
        self._target_port = target_port
        self._server: asyncio.Server | None = None
        self._lines: dict[asyncio.Task[None] | None, tuple[asyncio.StreamWriter, ...]] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def open(self) -> None:
        """Listen; each time on the same port."""
        self._act(self._open())

    def close(self) -> None:
        """Stop listening, and cut every line."""
        self._act(self._close())

    def end(self) -> None:
        """Close, and end the thread."""
        self.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _act(self, action: Coroutine[None, None, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(action, self._loop).result(_ACT_WITHIN_S)

    async def _open(self) -> None:
        self._server = await asyncio.start_server(self._serve, HOST, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
        for line in itertools.chain(*self._lines.values()):
            line.transport.abort()
        await asyncio.gather(*(task for task in self._lines if task), return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(HOST, self._target_port)
        task = asyncio.current_task()
        self._lines[task] = (writer, far_writer)
        try:
            await asyncio.gather(_pass_on(reader, far_writer), _pass_on(far_reader, writer))
        finally:
            del self._lines[task]


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass bytes on until either side ends; a cut line is an end like any other."""
    try:
        while piece := await reader.read(_PIECE_BYTES):
            writer.write(piece)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


@contextmanager
def open_gate(target_port: int) -> Iterator[Gate]:
    """Give an open gate to a port of this machine."""
    gate = Gate(target_port)
    try:
        gate.open()
        yield gate
    finally:
        gate.end()
