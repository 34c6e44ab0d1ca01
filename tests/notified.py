"""Who is notified? A small HTTP server of the test's own.

In:    nothing.
Out:   an address to post to, and what was posted there, in order.
Never: another address than 127.0.0.1.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(slots=True)
class Notified:
    """What arrived: a subject and a body each."""

    url: str = ""
    posts: list[dict[str, str]] = field(default_factory=list)

    def about(self, word: str) -> list[dict[str, str]]:
        """Give those whose subject has this word."""
        return [post for post in self.posts if word in post["subject"]]


class _Taking(BaseHTTPRequestHandler):
    def __init__(self, notified: Notified, *args: object) -> None:
        self.notified = notified
        super().__init__(*args)  # type: ignore[arg-type]

    def do_POST(self) -> None:
        self.notified.posts.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Say nothing."""


@contextmanager
def start_notified() -> Iterator[Notified]:
    """Serve on a free port of this machine, in a thread."""
    notified = Notified()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Taking, notified)) as server:
        server.daemon_threads = True
        notified.url = f"http://127.0.0.1:{server.server_port}/alerts"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield notified
        finally:
            server.shutdown()
            thread.join()
