"""`clayload watch`: start the load of whatever people copy into a folder."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Annotated

import typer

from clayload.cli.console import out
from clayload.errors import Code, RunError
from clayload.extracts.landing.inbox import Inbox
from clayload.extracts.landing.place import LandingPlace
from clayload.extracts.landing.stable_files import StableFiles
from clayload.settings import read_settings
from clayload.tables.headers import read_headers
from deployments.options import check_event_name

_LOOK_EVERY_S = 2.0

EventName = Annotated[
    str | None,
    typer.Option(
        "--event",
        callback=check_event_name,
        help="The event of files directly in the folder; each file's own name by default.",
    ),
]


def watch(
    folder: Annotated[Path, typer.Argument(help="The folder that people copy extracts into.")],
    event_name: EventName = None,
    *,
    once: Annotated[bool, typer.Option("--once", help="End when what is there is done.")] = False,
    stable_for_s: Annotated[
        float, typer.Option(min=0, help="Seconds without change after which a file is complete.")
    ] = 5.0,
) -> None:
    """Watch a folder: announce each complete extract in it, and move it to processed/."""
    # Prefect takes seconds to import, which `clayload --help` need not wait for.
    from deployments.announce import PrefectAnnouncer  # noqa: PLC0415

    if not folder.is_dir():
        raise RunError(
            Code.LANDING_UNUSABLE,
            f"there is no folder {folder}",
            hint="make it, or name another one",
            folder=str(folder),
        )
    aliases = read_headers(read_settings(os.environ).config.parent / "headers.yaml")
    place = LandingPlace(folder.resolve(), PrefectAnnouncer())
    inbox = Inbox(place, aliases, StableFiles(stable_for_s, time.monotonic), event_name)
    with place.alone(is_waiting=False):
        _watch(inbox, once=once)
    if inbox.troubles:
        raise typer.Exit(next(iter(inbox.troubles.values())).exit_code)


def _watch(inbox: Inbox, *, once: bool) -> None:
    out.print(f"watching {inbox.folder}; Ctrl-C ends it", soft_wrap=True)
    while True:
        for line in inbox.look():
            out.print(line, soft_wrap=True)
        if once and not inbox.stable_files.is_changing:
            return
        time.sleep(_LOOK_EVERY_S)
