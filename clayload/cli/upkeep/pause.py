"""`clayload pause` and `clayload resume`: let a workspace stand still, and go on."""

import os
from typing import Annotated

import typer

from clayload.cli.console import out
from clayload.ledger.books.holds import count_in_flight, find_hold, list_workspaces
from clayload.ledger.books.orphans import find_left
from clayload.ledger.store import Ledger
from clayload.report.moments import describe_hold, describe_moment, describe_seconds
from clayload.setup import Setup, read_setup
from clayload.tables.problems import check_name

WorkspaceName = Annotated[str, typer.Argument(help="The workspace's name in tables.yaml.")]


def pause(
    workspace: WorkspaceName,
    *,
    because: Annotated[str, typer.Option(help="Why, for those who see it stand still.")] = "",
) -> None:
    """Let nobody send into a workspace, on any machine, until it is resumed."""
    setup = read_setup(os.environ)
    ledger = _open_with(workspace, setup)
    ledger.hold(workspace, because)
    hold = find_hold(ledger, workspace)
    if hold is not None:
        out.print(describe_hold(hold))
    out.print(_describe_in_flight(ledger, setup))


def resume(workspace: WorkspaceName) -> None:
    """Let loads of a paused workspace go on; those that wait go on by themselves."""
    setup = read_setup(os.environ)
    ledger = _open_with(workspace, setup)
    hold = find_hold(ledger, workspace)
    if hold is None:
        out.print(f"{workspace} was not paused")
        return
    ledger.release(workspace)
    held_s = ledger.now() - hold.held_at
    out.print(f"{workspace} goes on, after a pause of {describe_seconds(held_s)}")


def _open_with(workspace: str, setup: Setup) -> Ledger:
    """Open the ledger that knows this workspace, or is to know it from now on."""
    ledger = setup.ledger
    if workspace == setup.config.workspace.name:
        # It may be paused before its first load.
        ledger.introduce(setup.config)
        return ledger
    known = sorted({setup.config.workspace.name, *list_workspaces(ledger)})
    check_name(workspace, known, "workspace")
    return ledger


def _describe_in_flight(ledger: Ledger, setup: Setup) -> str:
    left = find_left(ledger, setup.departures_folder)
    flying = count_in_flight(ledger, setup.config.tables, left)
    if flying.recorded_by is None:
        return "nothing is in flight"
    left_s = max(flying.recorded_by - ledger.now(), 0.0)
    return (
        f"{flying.n_leads:,} leads are in flight; their answers are recorded as they come, the "
        f"last by {describe_moment(flying.recorded_by)} (in {describe_seconds(left_s)} at most)"
    )
