"""`clayload deploy`: give Prefect all flows, schedules, triggers, limits and automations."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from clayload.cli.console import out
from clayload.setup import read_setup
from deployments.names import POOL


def deploy(
    pool: Annotated[str, typer.Option(help="The work pool whose workers run the flows.")] = POOL,
    folder: Annotated[
        Path, typer.Option(help="Where the flows run; relative paths start there.")
    ] = Path(),
    notify: Annotated[
        str | None,
        typer.Option(help="Prefect's notification block for alerts: BLOCK-TYPE/NAME."),
    ] = None,
) -> None:
    """Give Prefect the flows with their schedules, triggers and limits; can be run again."""
    # Prefect takes seconds to import, which `clayload --help` need not wait for.
    from deployments.apply import deploy_all  # noqa: PLC0415

    # The option is checked as its variable is.
    given = {"CLAYLOAD_NOTIFY": notify} if notify else {}
    setup = read_setup({**os.environ, **given})
    time_zone, block = setup.config.workspace.time_zone, setup.settings.notify
    names = deploy_all(pool, folder.absolute(), time_zone, block)
    out.print(f"deployed to the work pool '{pool}': {', '.join(names)}", soft_wrap=True)
    out.print(f"alerts go to {block}" if block else "alerts notify nobody: see --notify")
