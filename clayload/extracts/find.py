"""Which files does the user mean?

In:    paths and glob patterns, as typed.
Out:   the files, in the order given; a pattern's files in the order of their names.
Never: a directory, an empty file, or a pattern that silently means nothing.
"""

from __future__ import annotations

import glob
from collections.abc import Iterator, Sequence
from pathlib import Path

from clayload.errors import Code, UnreadableExtractError

_WILD = frozenset("*?[")


def find_files(paths: Sequence[Path | str]) -> tuple[Path, ...]:
    """Find the files that `paths` name.

    Raises:
        UnreadableExtractError: EXTRACT_NOT_FOUND for a file that is not there or a pattern without
            files, EXTRACT_UNREADABLE for a directory, EXTRACT_EMPTY for a file of no bytes.
    """
    files = tuple(file for path in paths for file in _expand(Path(path)))
    if not files:
        raise UnreadableExtractError(
            Code.EXTRACT_NOT_FOUND, "no extract was named", hint="name one file or more"
        )
    return files


def _expand(path: Path) -> Iterator[Path]:
    # A file whose real name holds a bracket is that file, not a pattern.
    if path.exists() or not _WILD & set(str(path)):
        yield check_file(path)
        return
    found = sorted(Path(name) for name in glob.glob(str(path), recursive=True))  # noqa: PTH207 -- the pattern may be absolute, which Path.glob refuses
    files = [file for file in found if file.is_file()]
    if not files:
        raise UnreadableExtractError(
            Code.EXTRACT_NOT_FOUND,
            f"no file matches {path}",
            hint="quote the pattern, and try it with ls",
            file=str(path),
        )
    yield from (check_file(file) for file in files)


def check_file(path: Path) -> Path:
    """Check that there is a file of some bytes.

    Raises:
        UnreadableExtractError: as `find_files`.
    """
    if not path.exists():
        raise UnreadableExtractError(
            Code.EXTRACT_NOT_FOUND,
            f"there is no file {path}",
            hint="check the path; it is relative to the folder you are in",
            file=str(path),
        )
    if path.is_dir():
        raise UnreadableExtractError(
            Code.EXTRACT_UNREADABLE,
            f"{path} is a directory, not a file",
            hint=f"name a file in it, or all of a kind: '{path}/*.csv'",
            file=str(path),
        )
    if path.stat().st_size == 0:
        raise refuse_empty(path.name, "has no bytes")
    return path


def refuse_empty(name: str, what: str) -> UnreadableExtractError:
    """Make the error for a file without leads: zero rows is never a success."""
    return UnreadableExtractError(
        Code.EXTRACT_EMPTY,
        f"{name} {what}",
        hint="export it again, and check that the export holds leads",
        file=name,
    )
