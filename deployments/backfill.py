"""`clayload backfill`: put an extract in place, and start its load."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from clayload.cli.console import out
from clayload.extracts.landing.ingest import DropFolder, Ingested
from clayload.settings import read_settings
from clayload.tables.headers import read_headers
from deployments.options import check_event_name

EventName = Annotated[
    str,
    typer.Option(
        "--event", callback=check_event_name, help="The event that the extract comes from."
    ),
]


def backfill(
    file: Annotated[Path, typer.Argument(help="The extract; it stays where it is.")],
    event_name: EventName,
    *,
    again: Annotated[
        bool, typer.Option("--again", help="Announce it even if it was announced before.")
    ] = False,
) -> None:
    """Copy an extract to where event-backfill finds it, and let Prefect know that it has landed."""
    # Prefect takes seconds to import, which `clayload --help` need not wait for.
    from deployments.announce import PrefectAnnouncer  # noqa: PLC0415

    settings = read_settings(os.environ)
    aliases = read_headers(settings.config.parent / "headers.yaml")
    drop_folder = DropFolder(settings.home / "landed", aliases, PrefectAnnouncer())
    _print(drop_folder.ingest(file, event_name, again=again))


def _print(ingested: Ingested) -> None:
    landed = ingested.landed
    where = "lay there already" if ingested.was_there else "landed"
    out.print(f"{where}: {landed.file} ({landed.n_bytes:,} bytes)", soft_wrap=True)
    if ingested.is_announced:
        out.print(f"announced for {landed.event_name}: Prefect has the event", soft_wrap=True)
        out.print("next: event-backfill starts by itself; see Runs in the Prefect UI")
    else:
        out.print("announced before, and not again; to start its load anew: --again")
