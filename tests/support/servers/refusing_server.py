"""Which server refuses leads? The stand-in takes every well-formed one, as Clay does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from support.servers.threaded_server import QuietHandler, ThreadedServer, serving

ANSWER = '{"type":"BadRequest","message":"column \\"email\\" rejected"}'


class _Refusing(QuietHandler):
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        """Refuse leads whose notes ask for it; take the others."""
        lead = json.loads(self.rfile.read(int(self.headers["content-length"])))
        is_refused = lead["notes"] == "refuse me"
        body = (ANSWER if is_refused else '{"success":true}').encode()
        self.send_response(400 if is_refused else 200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def start_refusing_server() -> Iterator[str]:
    """Serve in a thread; gives the address."""
    with serving(ThreadedServer(("127.0.0.1", 0), _Refusing)) as server:
        yield server.url
