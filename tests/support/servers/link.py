"""What if the way to a server breaks?

In:    the port of a server on 127.0.0.1.
Out:   a port that leads to it, until the way is cut as its kind decides.
Never: a change of what is passed on.
"""

from __future__ import annotations

import socket
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Thread
from typing import TypeVar


@dataclass
class Link(ABC):
    """A way to a server; `is_cut` sees each piece that passes, either way."""

    to_port: int
    door: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))

    @property
    def port(self) -> int:
        return int(self.door.getsockname()[1])

    @abstractmethod
    def is_cut(self, piece: bytes) -> bool:
        """Whether the connection is cut instead of passing this on."""

    def serve(self) -> None:
        """Let clients in until the door is closed."""
        with suppress(OSError):
            while True:
                client, _ = self.door.accept()
                server = socket.create_connection(("127.0.0.1", self.to_port))
                for source, sink in ((client, server), (server, client)):
                    Thread(target=self._pass_on, args=(source, sink), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError), source:
            while (piece := source.recv(65_536)) and not self.is_cut(piece):
                sink.sendall(piece)
            sink.shutdown(socket.SHUT_RDWR)


AnyLink = TypeVar("AnyLink", bound=Link)


@contextmanager
def open_link(link: AnyLink) -> Iterator[AnyLink]:
    """Let clients through meanwhile."""
    serving = Thread(target=link.serve, daemon=True)
    serving.start()
    try:
        yield link
    finally:
        # Closing alone does not wake the thread that waits at the door.
        link.door.shutdown(socket.SHUT_RDWR)
        link.door.close()
        serving.join()
