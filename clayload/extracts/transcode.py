"""How does polars, which reads only UTF-8 with newlines, get to read the rest?

In:    a file in another encoding, or with carriage returns only.
Out:   a UTF-8 copy in the work folder, written in pieces.
Never: a replaced or dropped character: what cannot be decoded is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from clayload.errors import Code, UnreadableExtractError
from clayload.folder import writing_to

_PIECE_CHARACTERS = 1 << 20


def transcode(source: Path, encoding: str, copy: Path, *, old_mac: bool = False) -> Path:
    """Write `source` as UTF-8 to `copy`; `old_mac` makes newlines of lone carriage returns.

    Raises:
        UnreadableExtractError: bytes that the encoding does not know.
        RunError: the copy cannot be written.
    """
    newline = None if old_mac else ""
    try:
        with (
            source.open(encoding=encoding, newline=newline) as text,
            open_copy(copy) as out,
        ):
            while piece := text.read(_PIECE_CHARACTERS):
                out.write(piece)
    except UnicodeDecodeError as exc:
        raise UnreadableExtractError(
            Code.EXTRACT_UNREADABLE,
            f"{source.name} is neither UTF-8 nor {encoding} ({exc.reason})",
            hint="export it again as UTF-8",
            file=source.name,
        ) from exc
    return copy


@contextmanager
def open_copy(copy: Path) -> Iterator[TextIO]:
    """Open a file in the work folder for writing UTF-8.

    Raises:
        RunError: the folder cannot be used, or the disk is full.
    """
    with writing_to(copy.parent):
        copy.parent.mkdir(parents=True, exist_ok=True)
        with copy.open("w", encoding="utf-8", newline="") as out:
            yield out
