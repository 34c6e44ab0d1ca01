"""What came back of the rows that were set aside?

In:    an open extract that is one of our exports, corrected in a spreadsheet.
Out:   the same extract as its owner means it: our columns are ours, the guards' apostrophes are
       off; and which lead set aside each row stands for.
Never: a row left out: rows that were added are leads like any other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from clayload.errors import Code, UnreadableExtractError
from clayload.frames.derived import Derived
from clayload.frames.formula import unguard, unguard_name
from clayload.frames.set_aside import OUR_COLUMNS, OUR_PREFIX, QUARANTINE_FILE, UNROUTED_FILE
from clayload.frames.source import Source

RUN_COLUMN, LINE_COLUMN, FILE_COLUMN = OUR_PREFIX + "run", OUR_PREFIX + "line", OUR_PREFIX + "file"
_PLACE = (FILE_COLUMN, LINE_COLUMN)


@dataclass(frozen=True, slots=True)
class Returned(Derived):
    """A source whose texts went through a spreadsheet; everything else is the source's own."""

    @property
    def columns(self) -> Sequence[str]:
        """The delivered columns, ours among them, by the names they had before."""
        return tuple(self._names.values())

    @property
    def columns_of(self) -> Mapping[str, tuple[str, ...]]:
        """The columns of each lead field."""
        return self._rename(self.source.columns_of)

    @property
    def merged(self) -> Mapping[str, tuple[str, ...]]:
        """The fields with several columns in one file."""
        return self._rename(self.source.merged)

    @property
    def unmapped(self) -> tuple[str, ...]:
        """The columns of theirs that mean no field."""
        names = self._names
        return tuple(names[c] for c in self.source.unmapped if c not in OUR_COLUMNS)

    def scan(self) -> pl.LazyFrame:
        """Rows as Strings with `row_number` and `file_index`."""
        texts = (unguard(pl.col(old)).alias(new) for old, new in self._names.items())
        return self.source.scan().select("row_number", "file_index", *texts)

    @property
    def _names(self) -> dict[str, str]:
        given = tuple(self.source.columns)
        before = [unguard_name(column) for column in given]
        is_unique = len(set(before)) == len(given)
        return dict(zip(given, before if is_unique else given, strict=True))

    def _rename(self, columns_of: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        names = self._names
        return {field: tuple(names[c] for c in columns) for field, columns in columns_of.items()}


def is_export(source: Source) -> bool:
    """Whether a file is one of our exports: only those name the run."""
    return RUN_COLUMN in source.columns


def read_runs(returned: Returned) -> tuple[str, ...]:
    """Read which runs the rows name, in order; rows that were added name none.

    Raises:
        UnreadableExtractError: with file, line and value where there is one.
    """
    if not is_export(returned):
        return ()
    named = _read(returned, RUN_COLUMN).get_column(RUN_COLUMN).str.strip_chars().drop_nulls()
    return tuple(name for name in named.unique(maintain_order=True) if name)


def find_added(returned: Returned, folder: Path) -> tuple[tuple[int, int], ...]:
    """Find the rows, as (first, last), that stand for no lead set aside.

    A row stands for the lead whose line and file it names, the first one to name it; where
    `folder`, the run's, still has its files, only for a lead that lies in them.

    Raises:
        UnreadableExtractError: with file, line and value where there is one.
    """
    if not set(_PLACE) <= set(returned.columns):
        return ((1, returned.n_rows),)
    rows = _read(returned, "row_number", *_PLACE)
    filled = pl.all_horizontal((pl.col(_PLACE) != "").fill_null(value=False))
    named = rows.filter(filled).unique(_PLACE, keep="first", maintain_order=True)
    kept = [folder / name for name in (QUARANTINE_FILE, UNROUTED_FILE)]
    if any(path.exists() for path in kept):
        named = named.join(_read_places(kept), on=_PLACE, how="semi")
    added = rows.join(named, on="row_number", how="anti", maintain_order="left")
    return tuple(_join_up(added.get_column("row_number").to_list()))


def _read(returned: Returned, *columns: str) -> pl.DataFrame:
    try:
        return returned.scan().select(columns).collect(engine="streaming")
    except pl.exceptions.PolarsError as error:
        fixed = returned.fixed(error)
    try:
        return fixed.scan().select(columns).collect(engine="streaming")
    except pl.exceptions.PolarsError as error:
        names = ", ".join(file.name for file in returned.files)
        raise UnreadableExtractError(
            Code.EXTRACT_UNREADABLE,
            f"{names} cannot be read ({str(error).strip().splitlines()[0]})",
            hint="save it again in the program that made it",
            file=names,
        ) from error


def _read_places(paths: Sequence[Path]) -> pl.DataFrame:
    frames = [
        pl.scan_csv(path, infer_schema=False).select(_PLACE) for path in paths if path.exists()
    ]
    return pl.concat(frames).collect(engine="streaming")


def _join_up(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Join neighbouring numbers: 3, 4, 5, 9 are (3, 5), (9, 9)."""
    starts = [n for i, n in enumerate(numbers) if i == 0 or numbers[i - 1] != n - 1]
    ends = [n for i, n in enumerate(numbers) if i + 1 == len(numbers) or numbers[i + 1] != n + 1]
    return zip(starts, ends, strict=True)
