"""What becomes of the files that people copy into a watched folder?

In:    a folder and the folders one level below it, whose names are events.
Out:   each complete file in one place: `processed/<event>/` and announced, `duplicates/`, or
       `rejected/` with the reason beside it; a plain line for each thing done.
Never: a file lost, overwritten or followed through a link; an extract announced twice without need.

The order in which an extract is moved and announced, and what a crash leaves, is in
`clayload/extracts/landing/place.py`. A crash between moving a file to `rejected/` and writing its
reason leaves it there without one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NoReturn, TypeAlias

from clayload.errors import ClayloadError, StopExtractError
from clayload.extracts.facts import ByteFacts, read_facts
from clayload.extracts.find import refuse_empty
from clayload.extracts.landing.place import Landed, LandingPlace, find_free
from clayload.extracts.landing.stable_files import StableFiles
from clayload.extracts.open import open_extract
from clayload.tables.headers import HeaderAliases

PROCESSED, REJECTED, DUPLICATES = "processed", "rejected", "duplicates"
OWN_FOLDERS = frozenset({PROCESSED, REJECTED, DUPLICATES})
REASON = ".reason.txt"
_TEMPORARY_STARTS = (".", "~$")
_TEMPORARY_ENDS = (".part", ".partial", ".filepart", ".tmp", ".crdownload", ".download", "~")


_Step: TypeAlias = tuple[Path, Callable[[], str | None]]


@dataclass(slots=True)
class Inbox:
    """A watched folder; `event_name` is for files directly in it, else each one's name is."""

    place: LandingPlace
    aliases: HeaderAliases
    stable_files: StableFiles
    event_name: str | None = None
    troubles: dict[Path, ClayloadError] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """The watched folder."""
        return self.place.folder

    def look(self) -> Iterator[str]:
        """Look once, and deal with what is complete; gives a line for each thing done.

        What could not be done stays in `troubles`, by file, and is tried at the next look; a line
        says so the first time.

        Raises:
            RunError: the watched folder itself cannot be read or written.
        """
        told, self.troubles = self.troubles, {}
        with self.place.writing():
            complete, empty = self.stable_files.sift(find_candidates(self.folder))
            unannounced = self.place.list_unannounced()
        for step in self._plan(complete, empty, unannounced):
            yield from self._try(*step, told)

    def _plan(
        self, complete: list[Path], empty: list[Path], unannounced: list[Landed]
    ) -> Iterator[_Step]:
        yield from ((file, partial(_refuse, file)) for file in empty)
        if complete or unannounced:
            # Nothing is moved while nobody would hear of it.
            yield self.folder, self.place.announcer.check
        if self.folder not in self.troubles:
            yield from ((late.file, partial(self._finish, late)) for late in unannounced)
            yield from ((file, partial(self._take, file)) for file in complete)

    def _try(
        self, file: Path, step: Callable[[], str | None], told: dict[Path, ClayloadError]
    ) -> Iterator[str]:
        try:
            line = step()
        except ClayloadError as error:
            self.troubles[file] = error
            if str(told.get(file)) != str(error):
                yield f"left as it is, and tried again: {self._name(file)}: {error}"
        else:
            yield from [line] if line else []

    def _finish(self, landed: Landed) -> str:
        self.place.finish(landed)
        return f"announced: {self._name(landed.file)} for {landed.event_name}, moved earlier"

    def _take(self, file: Path) -> str | None:
        """Put a complete file where it belongs; None if it is gone, or is not complete after all.

        Raises:
            ClayloadError: it could not be moved or announced.
        """
        if not file.exists():
            return None
        facts = read_facts(file)
        twin = self._find_twin(facts)
        refusal = None if twin else self._open(file)
        if not self.stable_files.is_unchanged(file):
            self.stable_files.is_changing = True
            return None
        if twin:
            return self._set_duplicate_aside(file, facts, twin)
        return self._reject(file, facts, refusal) if refusal else self._land(file, facts)

    def _open(self, file: Path) -> StopExtractError | None:
        with self.place.scratch() as work_dir:
            try:
                open_extract([file], self.aliases, work_dir)
            except StopExtractError as refusal:
                return refusal
        return None

    def _land(self, file: Path, facts: ByteFacts) -> str:
        event_name = self._event_of(file)
        target = find_free(self.folder / PROCESSED / event_name, file.name, facts.sha256)
        self.place.land(file, Landed(event_name, target, facts.sha256, facts.n_bytes))
        return f"announced: {self._name(file)} for {event_name}, now {self._name(target)}"

    def _event_of(self, file: Path) -> str:
        if file.parent != self.folder:
            return file.parent.name
        return self.event_name or file.stem

    def _find_twin(self, facts: ByteFacts) -> str | None:
        """Say where the same bytes went before, by our notes or by what lies in `processed/`."""
        if known := self.place.find(facts.sha256):
            return f"{self._name(known.file)}, for {known.event_name}"
        for file in (self.folder / PROCESSED).rglob("*"):
            if not file.is_symlink() and file.is_file() and _is_same(file, facts):
                return self._name(file)
        return None

    def _set_duplicate_aside(self, file: Path, facts: ByteFacts, twin: str) -> str:
        target = find_free(self.folder / DUPLICATES, file.name, facts.sha256)
        self._move(file, target)
        return f"duplicate: {self._name(file)} holds what came as {twin}; now {self._name(target)}"

    def _reject(self, file: Path, facts: ByteFacts, error: ClayloadError) -> str:
        target = find_free(self.folder / REJECTED, file.name, facts.sha256, REASON)
        self._move(file, target)
        with self.place.writing():
            target.with_name(target.name + REASON).write_text(_describe(error), "utf-8")
        return f"rejected: {self._name(file)}: {error}; now {self._name(target)}"

    def _move(self, file: Path, target: Path) -> None:
        with self.place.writing():
            target.parent.mkdir(exist_ok=True)
            self.place.move(file, target)

    def _name(self, file: Path) -> str:
        return str(file.relative_to(self.folder)) if file != self.folder else str(file)


def find_candidates(folder: Path) -> Iterator[Path]:
    """Find what people put into a watched folder: files in it, and in the folders one level below.

    Hidden and temporary names, links, our own folders, and those we may not read are left out.
    """
    for path in _visible(folder):
        if path.is_file():
            yield path
        elif path.is_dir() and path.name not in OWN_FOLDERS and os.access(path, os.R_OK | os.X_OK):
            yield from (file for file in _visible(path) if file.is_file())


def _visible(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        name = path.name.lower()
        is_temporary = name.startswith(_TEMPORARY_STARTS) or name.endswith(_TEMPORARY_ENDS)
        if not is_temporary and not path.is_symlink():
            yield path


def _is_same(file: Path, facts: ByteFacts) -> bool:
    return file.stat().st_size == facts.n_bytes and read_facts(file).sha256 == facts.sha256


def _refuse(file: Path) -> NoReturn:
    raise refuse_empty(file.name, "has no bytes")


def _describe(error: ClayloadError) -> str:
    return f"{error.code} {error.message}\nnext: {error.hint}\n"
