"""How does the stand-in run as a server of its own?

In:    a port (0 picks a free one), a JSON document, a file for the port.
Out:   a server on the loopback address until SIGTERM or Ctrl-C.
Never: any address but 127.0.0.1, and no access log.
"""

from __future__ import annotations

import json
import signal
import socket
import sys
import time
from contextlib import contextmanager
from importlib.resources import files
from typing import TYPE_CHECKING

import uvicorn
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from clayload.errors import Code, ConfigError
from clayload.standin.admin import REFUSALS, WEBHOOK_PATH, Admin
from clayload.standin.clay import Clay
from clayload.standin.protocol import ResettableProtocol
from clayload.standin.shim import write_shim
from clayload.standin.spec import StandinConfig
from clayload.standin.webhook import WebhookEndpoint

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from starlette.requests import Request

HOST = "127.0.0.1"
KEEP_ALIVE_S = 75
GRACE_S = 1


def make_app(clay: Clay) -> Starlette:
    """Return the ASGI application over one `Clay`."""
    page = files("clayload.standin").joinpath("page.html").read_text(encoding="utf-8")

    async def show_page(_request: Request) -> Response:
        return HTMLResponse(page)

    webhook = Route(WEBHOOK_PATH + "{source_id}", WebhookEndpoint(clay), methods=["POST"])
    routes = [webhook, Route("/", show_page), *Admin(clay).routes()]
    app = Starlette(routes=routes, exception_handlers=dict(REFUSALS))
    app.router.redirect_slashes = False
    return app


def run_standin(
    port: int, config: Path | None, port_file: Path | None, shim_folder: Path | None = None
) -> None:
    """Serve until SIGTERM or Ctrl-C, then return.

    Args:
        port: the port on 127.0.0.1; 0 picks a free one.
        config: a JSON document as `PUT /admin/config` takes it; None starts empty.
        port_file: gets the port, as decimal digits, once the server listens.
        shim_folder: gets a command `clay` that reads back from this server.

    Raises:
        ConfigError: the document cannot be read or makes no sense, the port is taken, or the
            folder cannot be written.
    """
    clay = Clay(time.monotonic)
    if config is not None:
        clay.configure(_read_config(config))
    if port_file is not None:
        port_file.unlink(missing_ok=True)
    with _bind(port) as sock, _quiet_signals():
        if shim_folder is not None:
            write_shim(shim_folder, f"http://{HOST}:{sock.getsockname()[1]}")
        _Server(make_app(clay), port_file).run([sock])


class _Server(uvicorn.Server):
    """Says where it listens as soon as it does."""

    def __init__(self, app: Starlette, port_file: Path | None) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=ResettableProtocol,
                loop="asyncio",
                ws="none",
                lifespan="off",
                access_log=False,
                log_level="error",
                timeout_keep_alive=KEEP_ALIVE_S,
                timeout_graceful_shutdown=GRACE_S,
                server_header=False,
            )
        )
        self._port_file = port_file

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        port = self.servers[0].sockets[0].getsockname()[1]
        if self._port_file is not None:
            _write_port(self._port_file, port)
        sys.stdout.write(f"stand-in listening on http://{HOST}:{port}\n")
        sys.stdout.flush()


@contextmanager
def _quiet_signals() -> Iterator[None]:
    # uvicorn raises the signal that ended it once more; by then it has done its work.
    ends = (signal.SIGTERM, signal.SIGINT)
    before = [(end, signal.signal(end, lambda *_: None)) for end in ends]
    try:
        yield
    finally:
        for end, known in before:
            signal.signal(end, known)


def _write_port(port_file: Path, port: int) -> None:
    # Renamed into place, so that nobody reads half a number.
    partial = port_file.with_name(port_file.name + ".partial")
    partial.write_text(str(port), encoding="ascii")
    partial.replace(port_file)


def _bind(port: int) -> socket.socket:
    # Without the protocol named, asyncio leaves Nagle on, and each answer waits 40 ms for an ACK.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((HOST, port))
    except (OSError, OverflowError) as error:
        sock.close()
        message = f"The stand-in cannot listen on {HOST}:{port}: {error}"
        hint = "choose another port, or --port 0 for a free one"
        raise ConfigError(Code.CONFIG_BAD_VALUE, message, hint=hint, port=port) from error
    return sock


def _read_config(path: Path) -> StandinConfig:
    try:
        return StandinConfig.model_validate(json.loads(path.read_bytes()))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "document"
        message = f"{path}: {where}: {first['msg']}"
        hint = "docs/reference/standin.md lists every key"
        raise ConfigError(
            Code.CONFIG_BAD_VALUE, message, hint=hint, file=str(path), key=where
        ) from error
    except (OSError, ValueError) as error:
        message = f"The stand-in's configuration {path} cannot be read: {error}"
        hint = "give a readable JSON file; docs/reference/standin.md shows one"
        raise ConfigError(Code.CONFIG_UNREADABLE, message, hint=hint, file=str(path)) from error
