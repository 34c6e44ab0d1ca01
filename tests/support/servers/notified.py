"""Who is notified? A small HTTP server of the test's own.

In:    nothing.
Out:   an address to post to, and what was posted there, in order.
Never: another address than 127.0.0.1.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from support.servers.threaded_server import QuietHandler, ThreadedServer, serving


@dataclass(slots=True)
class Notified:
    """What arrived: a subject and a body each."""

    url: str = ""
    posts: list[dict[str, str]] = field(default_factory=list)

    def about(self, word: str) -> list[dict[str, str]]:
        """Give those whose subject has this word."""
        return [post for post in self.posts if word in post["subject"]]


class _Taking(QuietHandler):
    def __init__(self, notified: Notified, *args: object) -> None:
        self.notified = notified
        super().__init__(*args)  # type: ignore[arg-type]

    def answer(self) -> None:
        self.notified.posts.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        self.send_response(200)
        self.end_headers()


@contextmanager
def start_notified() -> Iterator[Notified]:
    """Serve on a free port of this machine, in a thread."""
    notified = Notified()
    with serving(ThreadedServer(("127.0.0.1", 0), partial(_Taking, notified))) as server:
        notified.url = f"{server.url}/alerts"
        yield notified
