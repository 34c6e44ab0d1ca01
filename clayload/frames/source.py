"""What do the frames need to know of an extract?

In:    nothing; this is the border between the two rooms.
Out:   protocols that `clayload.extracts.open.Extract` fulfils by its shape.
Never: an import of the extracts: the rooms are siblings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, Self

import polars as pl

RAW = "raw:"
"""Prefix of the delivered columns while they travel beside the lead's fields."""


class FileSpan(Protocol):
    """Where one delivered file's rows lie; meanings as in `extracts.source_file.SourceFile`."""

    @property
    def name(self) -> str:
        """The file's name."""
        ...

    @property
    def n_rows(self) -> int:
        """Rows in the file."""
        ...

    @property
    def first_row(self) -> int:
        """Row number, in the extract, of its first row."""
        ...

    @property
    def first_line(self) -> int:
        """Line, in the file, of its first row."""
        ...

    @property
    def spans_lines(self) -> bool:
        """Whether some rows are more than one line."""
        ...

    @property
    def may_hold_nul(self) -> bool:
        """Whether a field may hold a NUL byte."""
        ...


class Source(Protocol):
    """An open extract."""

    @property
    def extract_id(self) -> str:
        """Its identity by content."""
        ...

    @property
    def files(self) -> Sequence[FileSpan]:
        """Its files, in order."""
        ...

    @property
    def n_rows(self) -> int:
        """Rows of all files."""
        ...

    @property
    def columns(self) -> Sequence[str]:
        """The delivered columns."""
        ...

    @property
    def columns_of(self) -> Mapping[str, tuple[str, ...]]:
        """The columns of each lead field."""
        ...

    @property
    def merged(self) -> Mapping[str, tuple[str, ...]]:
        """The fields with several columns in one file."""
        ...

    @property
    def unmapped(self) -> tuple[str, ...]:
        """The columns that mean no field."""
        ...

    def scan(self) -> pl.LazyFrame:
        """Rows as Strings with `row_number` and `file_index`."""
        ...

    def fixed(self, error: Exception) -> Self:
        """Return the extract made readable, or raise the typed error."""
        ...
