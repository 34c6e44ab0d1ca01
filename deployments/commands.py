"""Which commands does `clayload` have that need Prefect?

In:    nothing.
Out:   a table such as the core's own; the core finds it by the entry point `clayload.commands`.
Never: an import of a command.
"""

from __future__ import annotations

from collections.abc import Mapping

from clayload.cli.commands import Command

COMMANDS: Mapping[str, Command] = {
    "backfill": Command(
        "deployments.backfill:backfill",
        "Copy an extract to where event-backfill finds it, and let Prefect know that it has "
        "landed.",
    ),
    "deploy": Command(
        "deployments.deploy:deploy",
        "Give Prefect the flows with their schedules, triggers and limits; can be run again.",
    ),
    "serve": Command(
        "deployments.serve:serve",
        "Run Prefect with its UI, all deployments and a worker on this machine, until Ctrl-C.",
    ),
    "watch": Command(
        "deployments.watch:watch",
        "Watch a folder: announce each complete extract in it, and move it to processed/.",
    ),
    "worker": Command(
        "deployments.worker:worker",
        "Run the flows of a work pool until Ctrl-C; loads under way then record what they sent.",
    ),
}
