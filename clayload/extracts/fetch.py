"""How does an extract on object storage get here?

In:    an address such as `s3://bucket/extracts/2026-11/*.csv`, and a work folder.
Out:   a copy of each object there, under the object's own name; from then on it is a file.
Never: a copy of some of the bytes taken for an extract.

Reading an extract takes several passes over its bytes (identity, encoding, rows, and whatever has
to be fixed), so they are brought here once. What is loaded is identified by what was copied.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clayload import objects
from clayload.errors import Code, UnreadableExtractError
from clayload.folder import writing_to
from clayload.objects import StorageError, check_address, is_pattern

_FETCHED = "fetched"


def fetch_objects(pattern: str, work_dir: Path) -> Iterator[Path]:
    """Copy the objects that a pattern names, in the order of their names.

    Raises:
        UnreadableExtractError: EXTRACT_NOT_FOUND, or EXTRACT_UNREADABLE if the storage fails.
        ConfigError: CONFIG_LITERAL_SECRET for an address that holds credentials.
        RunError: the work folder cannot be written.
    """
    found = find_objects(pattern)
    if not found:
        what = "no object matches" if is_pattern(pattern) else "there is no object"
        raise UnreadableExtractError(
            Code.EXTRACT_NOT_FOUND,
            f"{what} {pattern}",
            hint="check the bucket and the name; put a pattern in quotes",
            file=pattern,
        )
    return (_fetch(address, work_dir) for address in found)


def find_objects(pattern: str) -> list[str]:
    """Find the objects that a pattern names.

    Raises:
        UnreadableExtractError: EXTRACT_NOT_FOUND for a bucket that is not there,
            EXTRACT_UNREADABLE if the storage does not answer or does not let us look.
        ConfigError: CONFIG_LITERAL_SECRET for an address that holds credentials.
    """
    check_address(pattern)
    with _reading(pattern):
        return objects.find_objects(pattern)


def discard_fetched(work_dir: Path) -> None:
    """Delete the copies; the objects are where they were."""
    shutil.rmtree(work_dir / _FETCHED, ignore_errors=True)


def _fetch(address: str, work_dir: Path) -> Path:
    # Objects of two folders may have one name.
    folder = work_dir / _FETCHED / hashlib.sha256(address.encode()).hexdigest()[:12]
    copy = folder / address.rpartition("/")[2]
    with writing_to(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with copy.open("wb") as file:
            file.writelines(_read_blocks(address))
    return copy


def _read_blocks(address: str) -> Iterator[bytes]:
    with _reading(address):
        yield from objects.read_blocks(address)


@contextmanager
def _reading(address: str) -> Iterator[None]:
    try:
        yield
    except StorageError as error:
        code = Code.EXTRACT_NOT_FOUND if error.is_missing else Code.EXTRACT_UNREADABLE
        raise UnreadableExtractError(code, str(error), hint=error.hint, file=address) from error
