"""Where does a run keep what it read?

In:    the home folder, and what the ledger holds of a run.
Out:   a new run's folder, or that of an old one.
Never: another run's folder written to.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from clayload.errors import Code, RunError
from clayload.folder import writing_to
from clayload.ledger.books import RunRow
from clayload.loading.setup import Setup
from clayload.report.account import Reading

_RUNS = "runs"


@dataclass(frozen=True, slots=True)
class RunFolder:
    """A run's id, which nobody else has, and its folder."""

    run_id: str
    path: Path


def make_run_folder(setup: Setup) -> RunFolder:
    """Name a run that begins now, and make its folder.

    Raises:
        RunError: the folder cannot be written.
    """
    run_id = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
    path = folder_of(run_id, setup)
    with writing_to(path):
        path.mkdir(parents=True)
    return RunFolder(run_id, path)


def folder_of(run_id: str, setup: Setup) -> Path:
    """Name a run's folder in this machine's home, whether or not it is there."""
    return setup.settings.home / _RUNS / run_id


def find_run_folder(run: RunRow, setup: Setup) -> Path:
    """Find an old run's folder: where it was made, or in this machine's home.

    Raises:
        RunError: RUN_FOLDER_GONE.
    """
    made = Path(Reading.model_validate_json(run.preparation).folder)
    for path in (made, folder_of(run.run_id, setup)):
        if path.is_dir():
            return path
    raise folder_gone(run, made)


def folder_gone(run: RunRow, path: Path) -> RunError:
    """Say that what a run read is not there any more, and how to get it back."""
    return RunError(
        Code.RUN_FOLDER_GONE,
        f"the folder of run {run.run_id} is gone, or not whole: {path}",
        hint="do it on the machine that holds the folder; or load the same extract for the same "
        f"cycle again (`clayload load … --cycle {run.cycle}`: it sends nothing that is settled), "
        "and name that new run here instead",
        run_id=run.run_id,
        folder=str(path),
    )
