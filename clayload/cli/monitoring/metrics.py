"""`clayload metrics`: the figures, as a monitoring system takes them."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from prometheus_client import (
    CollectorRegistry,
    generate_latest,
    start_http_server,
    write_to_textfile,
)

from clayload.cli.console import err
from clayload.errors import Code, ConfigError, RunError
from clayload.monitoring.metrics import LedgerCollector, make_registry
from clayload.setup import Setup, read_setup

_LOOPBACK = "127.0.0.1"
_WAKE_EVERY_S = 1.0


def metrics(
    *,
    textfile: Annotated[
        Path | None,
        typer.Option(help="Write them to this .prom file, for node_exporter; whole or not at all."),
    ] = None,
    serve: Annotated[
        str | None,
        typer.Option(help="Answer scrapes at HOST:PORT, or at PORT of this machine, until Ctrl-C."),
    ] = None,
) -> None:
    """Print all figures in Prometheus' text format; reads the ledger, and changes nothing."""
    _read()
    collector = LedgerCollector(_read)
    registry = make_registry(collector)
    if serve is not None:
        _serve(registry, *_split_address(serve))
        return
    if textfile is None:
        sys.stdout.write(generate_latest(registry).decode())
    else:
        _write(textfile, registry)
    if collector.error is not None:
        raise collector.error


def _read() -> Setup:
    """Read the surroundings anew: somebody may have edited them between two scrapes."""
    return read_setup(os.environ, read_only=True)


def _write(path: Path, registry: CollectorRegistry) -> None:
    try:
        write_to_textfile(str(path), registry)
    except OSError as error:
        raise RunError(
            Code.RUN_FOLDER_UNUSABLE,
            f"{path} cannot be written: {error.strerror or error}",
            hint="name another file with --textfile",
        ) from error


def _split_address(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    if not port.isdecimal():
        raise typer.BadParameter("give HOST:PORT, such as 127.0.0.1:9108, or a port alone")
    return host or _LOOPBACK, int(port)


def _serve(registry: CollectorRegistry, host: str, port: int) -> None:
    try:
        server, thread = start_http_server(port, host, registry)
    except OSError as error:
        raise ConfigError(
            Code.CONFIG_BAD_VALUE,
            f"metrics cannot be served at {host}:{port}: {error.strerror or error}",
            hint="choose another port with --serve",
        ) from error
    err.print(f"metrics at http://{host}:{server.server_port}/metrics, until Ctrl-C")
    try:
        while thread.is_alive():
            thread.join(_WAKE_EVERY_S)
    finally:
        server.shutdown()
        server.server_close()
