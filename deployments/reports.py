"""How does a browser open a run's report?

In:    the folder of the run folders.
Out:   `<address>/<run_id>/report.html`, on this machine only.
Never: another file of a run folder: they hold the leads themselves.
"""

from __future__ import annotations

import os
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from clayload.errors import Code, ConfigError

REPORT_FILE = "report.html"
_HOST = "127.0.0.1"
_RUN_ID = re.compile(r"[0-9A-Za-z-]+")


@contextmanager
def serve_reports(runs: Path, port: int) -> Iterator[str]:
    """Serve the reports in a thread; give the address.

    Raises:
        ConfigError: CONFIG_BAD_VALUE: somebody listens at the port.
    """
    with _listen(port) as listening:
        config = uvicorn.Config(_make_app(runs), log_level="error", lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        try:
            yield f"http://{_HOST}:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def _listen(port: int) -> socket.socket:
    try:
        return socket.create_server((_HOST, port))
    except OSError as error:
        raise ConfigError(
            Code.CONFIG_BAD_VALUE,
            f"the run reports cannot have the port {port}: {os.strerror(error.errno or 0)}",
            hint="choose another with --reports-port; links in earlier artifacts keep the old one",
        ) from error


def _make_app(runs: Path) -> Starlette:
    async def give(request: Request) -> Response:
        run_id = request.path_params["run_id"]
        path = runs / run_id / REPORT_FILE
        if not _RUN_ID.fullmatch(run_id) or not path.is_file():
            return PlainTextResponse("there is no such report", status_code=404)
        return FileResponse(path, media_type="text/html")

    return Starlette(routes=[Route("/{run_id}/" + REPORT_FILE, give)])
