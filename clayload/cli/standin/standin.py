"""`clayload standin`: a local server that behaves like Clay, for trying things out."""

from pathlib import Path
from typing import Annotated

import typer

from clayload.standin.server import run_standin


def standin(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes a free one.")] = 8765,
    config: Annotated[
        Path | None, typer.Option(help="JSON with workspaces, tables and sources.")
    ] = None,
    port_file: Annotated[Path | None, typer.Option(help="Write the port here once ready.")] = None,
    shim: Annotated[
        Path | None, typer.Option(help="Write a `clay` command that reads back into this folder.")
    ] = None,
) -> None:
    """Run the stand-in: Clay's documented limits and answers, a page in the browser, no cost."""
    run_standin(port, config, port_file, shim)
