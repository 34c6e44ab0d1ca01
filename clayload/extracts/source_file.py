"""What do we know of an extract once it is open?

In:    the facts found while opening its files.
Out:   `SourceFile` (one delivered file) and the places where its rows lie.
Never: a row; frames are made by `scan`, when asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

ROW_NUMBER = "row_number"
FILE_INDEX = "file_index"


class Format(StrEnum):
    """The formats an extract may be delivered in."""

    CSV = "csv"
    PARQUET = "parquet"
    NDJSON = "ndjson"
    EXCEL = "excel"


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One delivered file.

    `headers` are the column names as delivered, `columns` the same made unique and non-empty.
    `readable` is the file that polars reads: the delivered one, or a copy in UTF-8 or Parquet.
    Its rows are `first_row` to `first_row + n_rows - 1` of the extract (1-based), the first of
    them stands in line `first_line` of the file, and `spans_lines` says that some fields hold
    newlines, so that a row may be more than one line. `unread` names what was left aside.
    """

    name: str
    path: Path
    sha256: str
    n_bytes: int
    format: Format
    readable: Path
    headers: tuple[str, ...]
    columns: tuple[str, ...]
    n_rows: int
    first_line: int
    header_line: int = 1
    first_row: int = 1
    encoding: str | None = None
    delimiter: str | None = None
    spans_lines: bool = False
    may_hold_nul: bool = True
    unread: tuple[str, ...] = ()
