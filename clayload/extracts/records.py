"""What are the records of a delimited text, by the letter of RFC 4180?

In:    a text stream and a delimiter.
Out:   records, and the file line each ends in; slow and strict, for heads and for refused files.
Never: a guess about an unclosed quote.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import TextIO

# Python's default refuses fields over 131,072 characters; a notes field may be longer.
_FIELD_LIMIT = 1 << 30


class Records:
    """An iterator over records that knows the line it has read up to."""

    def __init__(self, stream: TextIO, delimiter: str, *, strict: bool) -> None:
        csv.field_size_limit(_FIELD_LIMIT)
        self._reader = csv.reader(stream, delimiter=delimiter, strict=strict)

    def __iter__(self) -> Iterator[list[str]]:
        return self._reader

    @property
    def line(self) -> int:
        """The file line that the last record ended in, from 1."""
        return self._reader.line_num


def read_records(stream: TextIO, delimiter: str, *, strict: bool = False) -> Records:
    """Read records; with `strict`, `csv.Error` for a quote that is not closed or not doubled."""
    return Records(stream, delimiter, strict=strict)
