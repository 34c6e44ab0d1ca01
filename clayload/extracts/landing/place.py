"""Which extracts have landed in a folder, and were they announced?

In:    an extract's file, where it is to lie, and somebody who announces it.
Out:   the file moved there, announced, and noted, in an order that survives a crash at any moment.
Never: a file overwritten, deleted, or announced before it lies where the announcement says.

The order is: note the intent, move, announce, note it as announced. A crash before the move leaves
the file where it was. A crash after it leaves the intent, and `finish` announces the file. So
nothing is lost, and every extract is announced once or more: twice where the process died between
an announcement and its note. That is safe, because a load of the same extract is a resume.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from typing import Protocol, TypeAlias

from filelock import FileLock, Timeout
from pydantic import BaseModel

from clayload.errors import Code, RunError
from clayload.folder import writing_to

NOTES = ".clayload"
"""The folder of our notes, in the folder where extracts land."""

_SHA_IN_NAME = 8
_HINT = "free some space, and see that this user may write to the folder and all in it"


@dataclass(frozen=True, slots=True)
class Landed:
    """An extract that lies where it is to be loaded from; `file` is absolute."""

    event_name: str
    file: Path
    sha256: str
    n_bytes: int


class Announcer(Protocol):
    """Tells whoever loads extracts that one has landed."""

    def check(self) -> None:
        """Raise a ClayloadError unless announcements can be made now."""

    def announce(self, landed: Landed) -> None:
        """Announce it, or raise a ClayloadError if it is not sure to have been heard."""


Move: TypeAlias = Callable[[Path, Path], None]


def move_durably(source: Path, target: Path) -> None:
    """Move a file within a disk, so that it outlives a power cut.

    Raises:
        OSError: it cannot be moved, and lies where it was.
    """
    source.rename(target)
    for folder in {source.parent, target.parent}:
        _sync(folder)


def _sync(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY)
    try:
        # Some disks that lie on a network do not sync folders.
        with suppress(OSError):
            os.fsync(number)
    finally:
        os.close(number)


def find_free(folder: Path, name: str, sha256: str, beside: str = "") -> Path:
    """Find a name for a file that none in the folder has, neither with the ending `beside`."""
    stem, suffix = Path(name).stem, Path(name).suffix
    others = (f"{stem}-{sha256[:_SHA_IN_NAME]}{n}{suffix}" for n in chain([""], _number_from_two()))
    return next(
        folder / free
        for free in chain([name], others)
        if not any((folder / f"{free}{end}").exists() for end in ("", beside))
    )


def _number_from_two() -> Iterator[str]:
    return (f"-{n}" for n in count(2))


class _Note(BaseModel):
    """What is noted of an extract; `file` is relative, for the folder itself may be moved."""

    event_name: str
    file: str
    n_bytes: int


@dataclass(frozen=True, slots=True)
class LandingPlace:
    """A folder with extracts in it, or in folders below it, and notes of what was announced."""

    folder: Path
    announcer: Announcer
    move: Move = move_durably

    @contextmanager
    def alone(self, *, is_waiting: bool) -> Iterator[None]:
        """Let no other process land extracts here during the block.

        Raises:
            RunError: another one does and we do not wait, or the folder cannot be written.
        """
        with ExitStack() as stack:
            with self.writing():
                for notes in (self._intended, self._announced):
                    notes.mkdir(parents=True, exist_ok=True)
                stack.enter_context(self._lock(is_waiting=is_waiting))
            yield

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """Give an empty folder on the same disk; only for the one that is `alone` here.

        Raises:
            RunError: the folder cannot be written.
        """
        folder = self.folder / NOTES / "scratch"
        with self.writing():
            # A process that was killed may have left personal data in it.
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def writing(self) -> AbstractContextManager[None]:
        """Write to the folder, in the block.

        Raises:
            RunError: the folder cannot be written.
        """
        return writing_to(self.folder, hint=_HINT, code=Code.LANDING_UNUSABLE)

    def find(self, sha256: str) -> Landed | None:
        """Find what landed here with this content, announced or not; its file may be gone."""
        for notes in (self._intended, self._announced):
            if (path := notes / f"{sha256}.json").exists():
                return self._read(path)
        return None

    def land(self, source: Path, landed: Landed) -> None:
        """Move an extract to where it is to lie, and announce it.

        Raises:
            RunError: it cannot be moved, and lies where it was.
            ClayloadError: it lies where it is to lie and could not be announced; `finish` will.
        """
        with self.writing():
            landed.file.parent.mkdir(parents=True, exist_ok=True)
            note = self._intend(landed)
            try:
                self.move(source, landed.file)
            except OSError:
                # Or another file that takes this name would be announced as this one.
                if source.exists():
                    note.unlink()
                raise
        self.finish(landed)

    def list_unannounced(self) -> list[Landed]:
        """List what was moved and not announced; an intent that came to nothing is forgotten."""
        found = {path: self._read(path) for path in sorted(self._intended.glob("*.json"))}
        for path, landed in found.items():
            if not landed.file.exists():
                path.unlink()
        return [landed for landed in found.values() if landed.file.exists()]

    def finish(self, landed: Landed) -> None:
        """Announce what was moved and not announced.

        Raises:
            ClayloadError: it could not be announced, or not be noted as announced.
        """
        self.announcer.announce(landed)
        name = f"{landed.sha256}.json"
        with self.writing():
            self.move(self._intended / name, self._announced / name)

    @property
    def _intended(self) -> Path:
        return self.folder / NOTES / "intended"

    @property
    def _announced(self) -> Path:
        return self.folder / NOTES / "announced"

    def _intend(self, landed: Landed) -> Path:
        name = str(landed.file.relative_to(self.folder))
        note = _Note(event_name=landed.event_name, file=name, n_bytes=landed.n_bytes)
        written, path = self.folder / NOTES / "new", self._intended / f"{landed.sha256}.json"
        with written.open("w", encoding="utf-8") as file:
            file.write(note.model_dump_json())
            file.flush()
            os.fsync(file.fileno())
        self.move(written, path)
        return path

    def _lock(self, *, is_waiting: bool) -> AbstractContextManager[object]:
        # Never by a mark instead, where a disk knows no locks: it would outlive a killed process.
        lock = FileLock(self.folder / NOTES / "lock", fallback_to_soft=False)
        try:
            return lock.acquire(blocking=is_waiting)
        except Timeout as error:
            raise RunError(
                Code.LANDING_UNUSABLE,
                f"another process lands extracts in {self.folder} already",
                hint="leave it to that one, or end it first",
                folder=str(self.folder),
            ) from error

    def _read(self, path: Path) -> Landed:
        note = _Note.model_validate_json(path.read_text("utf-8"))
        return Landed(note.event_name, self.folder / note.file, path.stem, note.n_bytes)
