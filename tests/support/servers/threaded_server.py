"""How does a test serve HTTP of its own? In a thread, on a free port of this machine.

In:    the handler of its requests.
Out:   the server while it serves; it is down afterwards.
Never: another address than 127.0.0.1.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeVar


class QuietHandler(BaseHTTPRequestHandler):
    """Answers without a word on stderr: the test reads what the loader says."""

    def answer(self) -> None:
        """Answer a request, whatever its method."""
        raise NotImplementedError

    def do_GET(self) -> None:
        """Answer."""
        self.answer()

    def do_POST(self) -> None:
        """Answer."""
        self.answer()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Say nothing."""


class ThreadedServer(ThreadingHTTPServer):
    """A thread for each connection."""

    daemon_threads = True
    # http.server lets five wait to be let in; the kernel resets whoever comes beside them, with
    # its request sent: a lead in doubt, where a test counts on an answer.
    request_queue_size = 128

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


AnyServer = TypeVar("AnyServer", bound=ThreadedServer)


@contextmanager
def serving(server: AnyServer) -> Iterator[AnyServer]:
    """Serve meanwhile."""
    with server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
