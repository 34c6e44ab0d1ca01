"""Where does a run keep what it read?

In:    the home folder, `CLAYLOAD_RUNS_URL` if it is set, and what the ledger holds of a run.
Out:   a new run's folder, or that of an old one, as a folder of this machine.
Never: another run's folder written to.

With `CLAYLOAD_RUNS_URL` a run's place is on object storage: what it writes is put there, and the
folder on this machine only holds copies, which may be deleted. What others must find is put before
the ledger speaks of it.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from clayload.account.extract_summary import ExtractSummary
from clayload.errors import Code, RetryChunkError, RunError
from clayload.folder import FREE_SPACE, remove_folder, writing_to
from clayload.ledger.books.runs import RunRow, find_run
from clayload.model import ChunkRef
from clayload.objects import is_remote
from clayload.runs.object_storage import fetch_files, has_files, put_file, read_file
from clayload.setup import Setup

_RUNS = "runs"


@dataclass(frozen=True, slots=True)
class RunFolder:
    """A run's id, which nobody else has, and its folder on this machine.

    `place` is where people and other machines find it: the folder itself, or an address.
    """

    run_id: str
    path: Path
    place: str

    def keep(self, files: Iterable[Path], hint: str | None = None) -> None:
        """See to it that files of the folder are found by all who look for the run.

        Raises:
            RunError: the place cannot be written; `hint` is the next step then.
        """
        if is_remote(self.place):
            for file in files:
                put_file(file, f"{self.place}/{file.relative_to(self.path).as_posix()}", hint)

    def write(self, name: str, content: bytes, hint: str | None = None) -> str:
        """Write a file of the run, and say where people find it.

        Raises:
            RunError: the folder or the place cannot be written; `hint` is the next step then.
        """
        path = self.path / name
        with writing_to(self.path, hint=hint or FREE_SPACE):
            if is_remote(self.place):
                # It may be the first that this machine sees of the run.
                self.path.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        self.keep([path], hint)
        return f"{self.place}/{name}"

    def read(self, name: str) -> bytes | None:
        """Read a file as it is now, whoever wrote it; None if there is none.

        Raises:
            RunError: the place does not answer.
        """
        if is_remote(self.place):
            return read_file(f"{self.place}/{name}")
        path = self.path / name
        return path.read_bytes() if path.exists() else None


@contextmanager
def new_run_folder(setup: Setup) -> Iterator[RunFolder]:
    """Name a run that begins now, and make its folder; it is gone again if the block fails.

    The ledger hears of the run in the block, at its end. A folder that it does not know would hold
    personal data, and nobody would look for it.

    Raises:
        RunError: the folder cannot be written.
    """
    run_id = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
    path = folder_of(run_id, setup)
    with writing_to(path):
        path.mkdir(parents=True)
    runs_url = setup.settings.runs_url
    try:
        yield RunFolder(run_id, path, f"{runs_url}/{run_id}" if runs_url else str(path))
    except BaseException:
        remove_folder(path)
        raise


def folder_of(run_id: str, setup: Setup) -> Path:
    """Name a run's folder in this machine's home, whether or not it is there."""
    return setup.settings.home / _RUNS / run_id


def open_run_folder(run: RunRow, setup: Setup) -> RunFolder:
    """Open an old run's folder: where it was made, or in this machine's home.

    Raises:
        RunError: RUN_FOLDER_GONE.
    """
    made = ExtractSummary.model_validate_json(run.extract_summary).folder
    own = folder_of(run.run_id, setup)
    if is_remote(made):
        return RunFolder(run.run_id, own, made)
    for path in (Path(made), own):
        if path.is_dir():
            return RunFolder(run.run_id, path, str(path))
    raise folder_gone(run, made)


def find_run_folder(run: RunRow, setup: Setup, *names: str) -> Path:
    """Find an old run's folder, with these of its files in it, as far as there are any.

    A name may be a pattern, such as `*.csv`; the files must be such as never change.

    Raises:
        RunError: RUN_FOLDER_GONE, or RUN_FOLDER_UNUSABLE if the place of the run does not answer.
    """
    folder = open_run_folder(run, setup)
    if is_remote(folder.place):
        fetch_files(folder.place, folder.path, names)
        if not folder.path.is_dir() and not has_files(folder.place):
            raise folder_gone(run, folder.place)
    return folder.path


def find_chunk(ref: ChunkRef, setup: Setup) -> ChunkRef:
    """Find a chunk's file here, though another machine may have made it.

    Raises:
        RunError: RUN_FOLDER_GONE.
        RetryChunkError: RUN_FOLDER_UNUSABLE: the place of the run does not answer now.
    """
    if ref.path.exists():
        return ref
    run = find_run(setup.ledger, ref.run_id)
    name = f"{ref.table}/{ref.path.name}"
    try:
        path = find_run_folder(run, setup, name) / name
    except RunError as error:
        if error.code is Code.RUN_FOLDER_GONE:
            raise
        raise RetryChunkError(error.code, error.message, hint=error.hint, **error.facts) from error
    if not path.exists():
        raise folder_gone(run, path)
    return replace(ref, path=path)


def folder_gone(run: RunRow, path: Path | str) -> RunError:
    """Say that what a run read is not there any more, and how to get it back."""
    return RunError(
        Code.RUN_FOLDER_GONE,
        f"the folder of run {run.run_id} is gone, or not whole: {path}",
        hint="do it on the machine that holds the folder; or load the same extract for the same "
        f"cycle again (`clayload load … --cycle {run.cycle}`: it sends nothing a second time), "
        "and name that new run here instead",
        run_id=run.run_id,
        folder=str(path),
    )
