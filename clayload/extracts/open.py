"""Which rows does an extract hold, and who is it?

In:    paths, addresses or patterns, header aliases, a work folder for copies that polars can read.
Out:   an `Extract`: its identity by content, its columns by lead field, a lazy String frame.
Never: a value changed; normalising is the frames' business.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path
from typing import NoReturn

import polars as pl
from polars import selectors as cs

from clayload.errors import Code, UnreadableExtractError
from clayload.extracts.facts import read_facts
from clayload.extracts.find import find_files
from clayload.extracts.headers import Aliases, find_merged, group_by_field, map_headers
from clayload.extracts.repair import repair_text
from clayload.extracts.sniff import sniff_format
from clayload.extracts.source_file import FILE_INDEX, ROW_NUMBER, Format, SourceFile
from clayload.extracts.text_file import open_text, read_head, scan_text
from clayload.extracts.typed_file import open_excel, open_ndjson, open_parquet, scan_typed

_ID_LENGTH = 16

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Extract:
    """An open extract: one file or several, read as one.

    `columns_of` gives for each lead field its columns, in the order in which they are tried;
    `merged` is the part of it where one file has more than one; `unmapped` are the columns that
    mean no lead field, `unread` whatever else was left aside, such as further sheets.
    """

    extract_id: str
    files: tuple[SourceFile, ...]
    columns: tuple[str, ...]
    columns_of: dict[str, tuple[str, ...]]
    merged: dict[str, tuple[str, ...]]
    unmapped: tuple[str, ...]
    work_dir: Path

    @property
    def n_rows(self) -> int:
        """Rows of all files."""
        return sum(file.n_rows for file in self.files)

    @property
    def unread(self) -> tuple[str, ...]:
        """What of the files was left aside, such as further sheets of a workbook."""
        return tuple(what for file in self.files for what in file.unread)

    def scan(self) -> pl.LazyFrame:
        """Scan all rows: `row_number` (UInt32, from 1), `file_index`, then the String columns."""
        frames = [_scan_file(index, file) for index, file in enumerate(self.files)]
        return frames[0] if len(frames) == 1 else pl.concat(frames, how="diagonal")

    def fixed(self, error: Exception) -> Extract:
        """Make the extract readable after polars refused it with `error`.

        Raises:
            UnreadableExtractError: it cannot be; with file, line and value where there is one.
            RunError: a clean copy cannot be written.
        """
        files = [self._repair_file(file, error) for file in self.files]
        if files == list(self.files):
            _refuse_unread(self.files, error)
        return replace(self, files=_number_rows(files))

    def _repair_file(self, file: SourceFile, error: Exception) -> SourceFile:
        if not file.path.exists():
            _refuse_unread([file], error)
        return repair_text(file, self.work_dir) if file.format is Format.CSV else file


def open_extract(paths: Sequence[Path | str], aliases: Aliases, work_dir: Path) -> Extract:
    """Open files as one extract.

    The same content gives the same `extract_id`, whatever the files are called and in whatever
    order they come.

    Raises:
        UnreadableExtractError: missing, empty, a directory, or not what its name says.
        ConfigError: an address holds credentials.
        RunError: the work folder cannot be written.
    """
    files = _number_rows([_open_file(path, work_dir) for path in find_files(paths, work_dir)])
    field_of = map_headers(files, aliases)
    columns_of = group_by_field(field_of)
    counts = {"n_files": len(files), "n_mapped": len(columns_of)}
    _log.debug("extract opened: files: %(n_files)d, lead fields: %(n_mapped)d", counts)
    return Extract(
        extract_id=_identify(files),
        files=files,
        columns=tuple(field_of),
        columns_of=columns_of,
        merged=find_merged(files, columns_of),
        unmapped=tuple(column for column, field in field_of.items() if field is None),
        work_dir=work_dir,
    )


def _open_file(path: Path, work_dir: Path) -> SourceFile:
    facts = read_facts(path)
    match sniff_format(path, read_head(path)):
        case Format.CSV:
            return open_text(path, facts, work_dir)
        case Format.PARQUET:
            return open_parquet(path, facts)
        case Format.NDJSON:
            return open_ndjson(path, facts)
        case Format.EXCEL:
            return open_excel(path, facts, work_dir)


def _number_rows(files: Sequence[SourceFile]) -> tuple[SourceFile, ...]:
    first_rows = accumulate((file.n_rows for file in files), initial=1)
    return tuple(
        replace(file, first_row=first) for file, first in zip(files, first_rows, strict=False)
    )


def _identify(files: Sequence[SourceFile]) -> str:
    digests = sorted(file.sha256 for file in files)
    return hashlib.sha256("".join(digests).encode()).hexdigest()[:_ID_LENGTH]


def _scan_file(index: int, file: SourceFile) -> pl.LazyFrame:
    scanned = scan_text(file) if file.format is Format.CSV else scan_typed(file)
    return scanned.with_row_index(ROW_NUMBER, offset=file.first_row).select(
        ROW_NUMBER, pl.lit(index, pl.UInt16).alias(FILE_INDEX), *_text_columns(file)
    )


def _text_columns(file: SourceFile) -> Iterator[pl.Expr]:
    # By name: `pl.col` would take a header such as `*` for a pattern.
    return (cs.by_name(column).as_expr() for column in file.columns)


def _refuse_unread(files: Sequence[SourceFile], error: Exception) -> NoReturn:
    names = ", ".join(file.name for file in files)
    first = (str(error).strip() or type(error).__name__).splitlines()[0]
    raise UnreadableExtractError(
        Code.EXTRACT_UNREADABLE,
        f"{names} cannot be read ({first})",
        hint="check that the file is complete and did not change during the load",
        file=names,
    ) from error
