"""How is a source made from another?

In:    an open extract.
Out:   a source that is the extract itself in everything a subclass does not change.
Never: a row more or fewer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import polars as pl

from clayload.frames.source import FileSpan, Source


@dataclass(frozen=True, slots=True)
class Derived:
    """A source seen through a change."""

    source: Source

    @property
    def extract_id(self) -> str:
        """Its identity by content."""
        return self.source.extract_id

    @property
    def files(self) -> Sequence[FileSpan]:
        """Its files, in order."""
        return self.source.files

    @property
    def n_rows(self) -> int:
        """Rows of all files."""
        return self.source.n_rows

    @property
    def columns(self) -> Sequence[str]:
        """The delivered columns."""
        return self.source.columns

    @property
    def columns_of(self) -> Mapping[str, tuple[str, ...]]:
        """The columns of each lead field."""
        return self.source.columns_of

    @property
    def merged(self) -> Mapping[str, tuple[str, ...]]:
        """The fields with several columns in one file."""
        return self.source.merged

    @property
    def unmapped(self) -> tuple[str, ...]:
        """The columns that mean no field."""
        return self.source.unmapped

    def scan(self) -> pl.LazyFrame:
        """Rows as Strings with `row_number` and `file_index`."""
        return self.source.scan()

    def fixed(self, error: Exception) -> Self:
        """Return the extract made readable, or raise the typed error."""
        return replace(self, source=self.source.fixed(error))
