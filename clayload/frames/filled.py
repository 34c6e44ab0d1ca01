"""What stands in a field that the extract leaves empty?

In:    an open extract, and a text for some lead fields.
Out:   the same extract with these texts where it has nothing.
Never: a delivered value replaced.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from clayload.frames.derived import Derived


@dataclass(frozen=True, slots=True)
class Filled(Derived):
    """A source whose gaps are filled: in the field's last column, or in one of its own.

    A column of its own is called as the field is, so that rows set aside, exported and returned
    keep what was filled in.
    """

    defaults: Mapping[str, str]

    @property
    def columns(self) -> Sequence[str]:
        """The delivered columns, then those made for fields that were not delivered."""
        return (*self.source.columns, *self._made.values())

    @property
    def columns_of(self) -> Mapping[str, tuple[str, ...]]:
        """The columns of each lead field."""
        made = {field: (column,) for field, column in self._made.items()}
        return {**self.source.columns_of, **made}

    def scan(self) -> pl.LazyFrame:
        """Rows as Strings with `row_number` and `file_index`."""
        return self.source.scan().with_columns(self._fill())

    @property
    def _made(self) -> dict[str, str]:
        taken = set(self.source.columns)
        missing = [field for field in self.defaults if field not in self.source.columns_of]
        return {field: field if field not in taken else f"{field} (filled)" for field in missing}

    def _fill(self) -> Iterator[pl.Expr]:
        made = self._made
        for field, text in self.defaults.items():
            if field in made:
                yield pl.lit(text, pl.String()).alias(made[field])
                continue
            column = self.source.columns_of[field][-1]
            is_empty = pl.col(column).str.strip_chars().fill_null("") == ""
            yield pl.when(is_empty).then(pl.lit(text)).otherwise(pl.col(column)).alias(column)
