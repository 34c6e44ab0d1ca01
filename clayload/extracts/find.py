"""Which files does the user mean?

In:    paths, addresses on object storage, and glob patterns of either, as typed.
Out:   the files, in the order given; a pattern's files in the order of their names; of objects,
       copies on this machine.
Never: a directory, an empty file, or a pattern that silently means nothing.
"""

from __future__ import annotations

import glob
from collections.abc import Iterator, Sequence
from pathlib import Path

import bracex

from clayload.errors import Code, UnreadableExtractError
from clayload.extracts.fetch import fetch_objects, find_objects
from clayload.objects import is_remote

_WILD = frozenset("*?[")


def find_files(paths: Sequence[Path | str], work_dir: Path) -> tuple[Path, ...]:
    """Find the files that `paths` name; objects are copied to `work_dir` first.

    Raises:
        UnreadableExtractError: EXTRACT_NOT_FOUND for a file that is not there or a pattern without
            files, EXTRACT_UNREADABLE for a directory or an object that cannot be had,
            EXTRACT_EMPTY for a file of no bytes.
        ConfigError: CONFIG_LITERAL_SECRET for an address that holds credentials.
        RunError: the work folder cannot be written.
    """
    files = tuple(file for path in paths for file in _find(path, work_dir))
    if not files:
        raise UnreadableExtractError(
            Code.EXTRACT_NOT_FOUND, "no extract was named", hint="name one file or more"
        )
    return files


def find_for_cycle(pattern: str, cycle: str) -> tuple[str, ...]:
    """Find a cycle's files: `{cycle}` in the pattern is its name, `{csv,parquet}` either of both.

    Raises:
        UnreadableExtractError: EXTRACT_NONE_FOR_CYCLE; EXTRACT_UNREADABLE where nobody can look.
    """
    of_cycle = pattern.replace("{cycle}", cycle)
    files = tuple(find_objects(of_cycle) if is_remote(of_cycle) else _find_paths(of_cycle))
    if not files:
        raise UnreadableExtractError(
            Code.EXTRACT_NONE_FOR_CYCLE,
            f"no file matches {of_cycle}: there is nothing to load for {cycle}",
            hint="put the extracts there and run this again, or name the month they are for",
            file=of_cycle,
        )
    return files


def _find_paths(pattern: str) -> list[str]:
    found = {path for one in bracex.iexpand(pattern) for path in _glob(one)}
    return [str(path) for path in sorted(found) if path.is_file()]


def _find(name: Path | str, work_dir: Path) -> Iterator[Path]:
    if is_remote(name):
        return (check_file(copy) for copy in fetch_objects(str(name), work_dir))
    return _expand(Path(name))


def _expand(path: Path) -> Iterator[Path]:
    # A file whose real name holds a bracket is that file, not a pattern.
    if path.exists() or not _WILD & set(str(path)):
        yield check_file(path)
        return
    files = [file for file in sorted(_glob(str(path))) if file.is_file()]
    if not files:
        raise UnreadableExtractError(
            Code.EXTRACT_NOT_FOUND,
            f"no file matches {path}",
            hint="quote the pattern, and try it with ls",
            file=str(path),
        )
    yield from (check_file(file) for file in files)


def _glob(pattern: str) -> Iterator[Path]:
    return map(Path, glob.iglob(pattern, recursive=True))  # noqa: PTH207 -- the pattern may be absolute, which Path.glob refuses


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
