"""`clayload pause` and `clayload unpause`: stop a workspace, and let it go on."""

import os
from typing import Annotated

import typer

from clayload.cli.layout import print_sentence
from clayload.cli.suggestions import suggest_workspaces
from clayload.ledger.books.orphans import find_orphans
from clayload.ledger.books.pauses import count_in_flight, find_pause, list_workspaces
from clayload.ledger.store import Ledger
from clayload.plural import count
from clayload.report.moments import describe_moment, describe_pause, describe_seconds
from clayload.setup import Setup, read_setup
from clayload.tables.problems import check_name

WorkspaceName = Annotated[
    str,
    typer.Argument(help="The workspace's name in tables.yaml.", autocompletion=suggest_workspaces),
]


def pause(
    workspace: WorkspaceName,
    *,
    because: Annotated[str, typer.Option(help="Why, for those who see it stand still.")] = "",
) -> None:
    """Let nobody send into a workspace, on any machine, until it is unpaused."""
    setup = read_setup(os.environ)
    ledger = _open_with(workspace, setup)
    ledger.pause(workspace, because)
    pause = find_pause(ledger, workspace)
    if pause is not None:
        print_sentence(describe_pause(pause))
    print_sentence(_describe_in_flight(ledger, setup))


def unpause(workspace: WorkspaceName) -> None:
    """Let loads of a paused workspace go on; those that wait go on by themselves."""
    setup = read_setup(os.environ)
    ledger = _open_with(workspace, setup)
    pause = find_pause(ledger, workspace)
    if pause is None:
        print_sentence(f"{workspace} was not paused")
        return
    ledger.unpause(workspace)
    paused_s = ledger.now() - pause.paused_at
    print_sentence(f"{workspace} goes on, after a pause of {describe_seconds(paused_s)}")


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
    left = find_orphans(ledger, setup.departures_folder)
    flying = count_in_flight(ledger, setup.config.tables, left)
    if flying.recorded_by is None:
        return "nothing is in flight"
    left_s = max(flying.recorded_by - ledger.now(), 0.0)
    last = f"{describe_moment(flying.recorded_by)} (in {describe_seconds(left_s)} at most)"
    are = count(flying.n_leads, "lead is", "leads are")
    return f"{are} in flight; answers are recorded as they come, the last by {last}"
