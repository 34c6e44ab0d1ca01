"""What if a server commits, and the answer is lost on the way?

In:    the port of a Postgres on 127.0.0.1.
Out:   a port that leads to it; once armed, the next COMMIT is carried out and its answer is not
       passed on: the connection is cut instead.
Never: a change of what is passed on.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event, Thread

# The server's "command complete": the client's own request begins with a Q.
_COMMITTED = b"C\x00\x00\x00\x0bCOMMIT\x00"


@dataclass
class AnswerCutter:
    """A way to a server that swallows the answer to one COMMIT each time it is armed."""

    to_port: int
    door: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))
    armed: Event = field(default_factory=Event)
    n_cut: int = 0

    @property
    def port(self) -> int:
        return int(self.door.getsockname()[1])

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
            while (piece := source.recv(65_536)) and not self._is_cut(piece):
                sink.sendall(piece)
            sink.shutdown(socket.SHUT_RDWR)

    def _is_cut(self, piece: bytes) -> bool:
        if not (self.armed.is_set() and _COMMITTED in piece):
            return False
        self.armed.clear()
        self.n_cut += 1
        return True


@contextmanager
def cut_answers(to_port: int) -> Iterator[AnswerCutter]:
    """Open such a way meanwhile."""
    cutter = AnswerCutter(to_port)
    serving = Thread(target=cutter.serve, daemon=True)
    serving.start()
    try:
        yield cutter
    finally:
        # Closing alone does not wake the thread that waits at the door.
        cutter.door.shutdown(socket.SHUT_RDWR)
        cutter.door.close()
        serving.join()
