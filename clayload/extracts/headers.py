"""Which lead field does each delivered column mean?

In:    column headers as delivered, and the aliases of `headers.yaml`.
Out:   unique column names, columns by field, and the columns that mean nothing to us.
Never: a column dropped without being named.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import count
from typing import Protocol

from clayload.extracts.source_file import FILE_INDEX, ROW_NUMBER, SourceFile


class Aliases(Protocol):
    """What `clayload.tables.headers.HeaderAliases` answers."""

    def field_for(self, header: str) -> str | None:
        """Name the lead field a header means, or None."""
        ...


def name_columns(headers: Sequence[str]) -> tuple[str, ...]:
    """Make headers unique and non-empty: `Email`, `Email (2)`, `column 3`."""
    taken = {ROW_NUMBER, FILE_INDEX}
    names = []
    for position, header in enumerate(headers, start=1):
        wanted = header.strip() or f"column {position}"
        free = (f"{wanted} ({n})" if n > 1 else wanted for n in count(1))
        name = next(candidate for candidate in free if candidate not in taken)
        taken.add(name)
        names.append(name)
    return tuple(names)


def map_headers(files: Iterable[SourceFile], aliases: Aliases) -> dict[str, str | None]:
    """Map each column of all files, in order of appearance, to its lead field or None."""
    return {
        column: aliases.field_for(header.strip())
        for file in files
        for header, column in zip(file.headers, file.columns, strict=True)
    }


def group_by_field(field_of: dict[str, str | None]) -> dict[str, tuple[str, ...]]:
    """Turn column -> field into field -> its columns, in order of appearance."""
    columns: defaultdict[str, list[str]] = defaultdict(list)
    for column, field in field_of.items():
        if field is not None:
            columns[field].append(column)
    return {field: tuple(names) for field, names in columns.items()}


def find_merged(
    files: Iterable[SourceFile], columns_of: dict[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """Find the fields that several columns of one and the same file claim."""
    files = tuple(files)
    return {
        field: columns
        for field, columns in columns_of.items()
        if any(len(set(columns) & set(file.columns)) > 1 for file in files)
    }
