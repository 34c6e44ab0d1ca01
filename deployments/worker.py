"""`clayload worker`: run the flows of a work pool, and end without a lead in doubt."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from clayload.settings import read_settings
from deployments.names import POOL
from deployments.stop_times import compute_grace_s


def worker(
    pool: Annotated[str, typer.Option(help="The work pool whose flow runs it takes.")] = POOL,
    name: Annotated[
        str | None, typer.Option(help="What Prefect's UI calls it; made up by default.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Most runs at once.")] = None,
) -> None:
    """Run the flows of a work pool until Ctrl-C; loads under way then record what they sent."""
    # Prefect takes seconds to import, which `clayload --help` need not wait for.
    from deployments.graceful_worker import GracefulWorker, check_pool, work  # noqa: PLC0415

    check_pool(pool)
    graceful = GracefulWorker(pool, name=name, limit=limit, create_pool_if_not_found=False)
    graceful.grace_s = compute_grace_s(read_settings(os.environ))
    raise typer.Exit(work(graceful))
