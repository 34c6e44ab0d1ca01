"""How do a run's files get to object storage, and back?

In:    a run's address, such as `s3://bucket/clayload/runs/20261101T060000Z-0a1b2c`.
Out:   its files put there; or copies of them in a folder of this machine.
Never: a copy that others on this machine could see half-written.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

from clayload import objects
from clayload.errors import Code, RunError
from clayload.folder import writing_to
from clayload.objects import StorageError, find_objects, is_pattern, read_blocks


def put_file(path: Path, address: str, hint: str | None = None) -> None:
    """Put a file there; seen by others once all of it is there.

    Raises:
        RunError: RUN_FOLDER_UNUSABLE; `hint` is the next step, or else what the storage suggests.
    """
    with _reaching(hint):
        objects.put_file(path, address)


def read_file(address: str) -> bytes | None:
    """Read a small file whole; None if there is none.

    Raises:
        RunError: RUN_FOLDER_UNUSABLE.
    """
    with _reaching():
        try:
            return b"".join(read_blocks(address))
        except StorageError as error:
            if error.is_missing:
                return None
            raise


def fetch_files(place: str, folder: Path, names: Iterable[str]) -> None:
    """Copy files of a run to a folder, if they are there and not in the folder already.

    A name may be a pattern such as `*.csv`. For files that never change once they are there.

    Raises:
        RunError: RUN_FOLDER_UNUSABLE: the storage does not answer, or the folder takes no copy.
    """
    for name in names:
        for one in _resolve(place, name):
            if not (folder / one).exists():
                _fetch(f"{place}/{one}", folder / one)


def has_files(place: str) -> bool:
    """Whether anything of a run is there.

    Raises:
        RunError: RUN_FOLDER_UNUSABLE.
    """
    with _reaching():
        return bool(find_objects(f"{place}/**"))


def try_place(place: str) -> None:
    """See whether files can be put there, and be read; leaves a small one named `check`.

    Raises:
        RunError: RUN_FOLDER_UNUSABLE.
    """
    with _reaching():
        objects.put_bytes(b"clayload check", f"{place}/check")
        b"".join(read_blocks(f"{place}/check"))


def _resolve(place: str, name: str) -> Iterable[str]:
    if not is_pattern(name):
        return [name]
    with _reaching():
        return [one.removeprefix(f"{place}/") for one in find_objects(f"{place}/{name}")]


def _fetch(address: str, path: Path) -> None:
    with _reaching():
        blocks = read_blocks(address)
        try:
            first = next(blocks, b"")
        except StorageError as error:
            if error.is_missing:
                return
            raise
        with writing_to(path.parent):
            _write(path, chain([first], blocks))


def _write(path: Path, blocks: Iterable[bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    coming = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with coming.open("wb") as file:
            file.writelines(blocks)
        coming.replace(path)
    finally:
        coming.unlink(missing_ok=True)


@contextmanager
def _reaching(hint: str | None = None) -> Iterator[None]:
    try:
        yield
    except StorageError as error:
        raise RunError(Code.RUN_FOLDER_UNUSABLE, str(error), hint=hint or error.hint) from error
