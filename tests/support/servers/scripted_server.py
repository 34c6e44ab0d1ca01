"""Which server answers as a test wrote it down, and remembers what it was asked?

In:    the status codes of its answers; the last holds from then on.
Out:   its port, and the requests it got, such as `GET /api/health`.
Never: anything of what it was asked done.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from support.servers.threaded_server import QuietHandler, ThreadedServer, serving


class ScriptedServer(ThreadedServer):
    """A server on a free port of this machine; every body it gives is `{}`."""

    def __init__(self, statuses: Sequence[int]) -> None:
        super().__init__(("127.0.0.1", 0), _Scripted)
        self.statuses = list(statuses)
        self.asked: list[str] = []


class _Scripted(QuietHandler):
    server: ScriptedServer

    def answer(self) -> None:
        """Answer what comes next."""
        self.server.asked.append(f"{self.command} {self.path}")
        statuses = self.server.statuses
        self.send_response(statuses.pop(0) if len(statuses) > 1 else statuses[0])
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")


@contextmanager
def start_scripted_server(*statuses: int) -> Iterator[ScriptedServer]:
    """Serve in a thread."""
    with serving(ScriptedServer(statuses)) as server:
        yield server
