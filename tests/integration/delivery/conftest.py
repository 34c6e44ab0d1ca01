"""What does a webhook test send to?

A server of raw sockets, in a thread of its own, that does to each request what the test's script
says: so that what a real server would never do on purpose can be done.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

import pytest

Act = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class RawServer:
    """Requests as they came (head and body), connections made, and what is done to the next."""

    act: Act
    requests: list[tuple[bytes, bytes]] = field(default_factory=list)
    n_connections: int = 0
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.n_connections += 1
        try:
            while head := await _read_head(reader):
                n_bytes = int(_header(head, b"content-length") or b"0")
                self.requests.append((head, await reader.readexactly(n_bytes)))
                await self.act(reader, writer)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    def header(self, name: bytes, nth: int = -1) -> bytes | None:
        return _header(self.requests[nth][0], name)


def _header(head: bytes, name: bytes) -> bytes | None:
    for line in head.split(b"\r\n")[1:]:
        key, _, value = line.partition(b":")
        if key.strip().lower() == name:
            return value.strip()
    return None


async def _read_head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""


async def accept(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nOK")


@pytest.fixture
def server() -> Iterator[RawServer]:
    raw = RawServer(accept)
    ready = threading.Event()
    loop = asyncio.new_event_loop()

    async def run() -> None:
        listening = await asyncio.start_server(raw.serve, "127.0.0.1", 0)
        raw.port = listening.sockets[0].getsockname()[1]
        ready.set()
        async with listening:
            await asyncio.Event().wait()

    def serve_until_cancelled() -> None:
        task.add_done_callback(lambda _: loop.stop())
        loop.run_forever()

    task = loop.create_task(run())
    thread = threading.Thread(target=serve_until_cancelled)
    thread.start()
    ready.wait(5)
    yield raw
    loop.call_soon_threadsafe(task.cancel)
    thread.join(5)
    for left in asyncio.all_tasks(loop):
        left.cancel()
    loop.run_until_complete(asyncio.sleep(0.01))
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


def reset(writer: asyncio.StreamWriter) -> None:
    """Close with a reset instead of a farewell."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@pytest.fixture
def reset_connection() -> Callable[[asyncio.StreamWriter], None]:
    return reset


@pytest.fixture
def closed_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
