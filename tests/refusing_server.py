"""Which server refuses leads? The stand-in takes every well-formed one, as Clay does."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ANSWER = '{"type":"BadRequest","message":"column \\"email\\" rejected"}'


class _Refusing(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Refuse leads whose notes ask for it; take the others."""
        lead = json.loads(self.rfile.read(int(self.headers["content-length"])))
        is_refused = lead["notes"] == "refuse me"
        body = (ANSWER if is_refused else '{"success":true}').encode()
        self.send_response(400 if is_refused else 200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Say nothing: the test reads what the loader says."""


@contextmanager
def start_refusing_server() -> Iterator[str]:
    """Serve on a free port of this machine, in a thread; gives the address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Refusing) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
