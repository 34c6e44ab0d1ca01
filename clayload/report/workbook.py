"""How does a frame of text become an Excel workbook?

In:    a lazy frame of String columns.
Out:   one sheet whose header stays in view; every cell is text, and takes what is typed as text.
Never: a formula, a link or a number; a value cut short or changed: `find_unfit` says beforehand
       what a workbook cannot hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl
import xlsxwriter  # type: ignore[import-untyped] # the package ships no types
from xlsxwriter.exceptions import FileCreateError  # type: ignore[import-untyped] # as above

# Excel's own limits; one row is the header's.
_MAX_ROWS, _MAX_COLUMNS, _MAX_UNITS = 1_048_576, 16_384, 32_767
_ALL_CELLS = f"A1:XFD{_MAX_ROWS}"
# Excel counts in UTF-16, where these take two.
_TWO_UNITS = r"[\x{10000}-\x{10FFFF}]"
# No XML may hold the first two; the last xlsxwriter would take for markup of its own.
_UNWRITABLE = r"(?s)[\x{FFFE}\x{FFFF}]|\A<r>.*</r>\z"
_WIDTH = 18
_BATCH_ROWS = 10_000
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
}


def find_unfit(rows: pl.LazyFrame) -> str | None:
    """Say what of the rows no workbook can hold, if anything; reads them once."""
    columns = rows.collect_schema().names()
    n_rows: int = rows.select(pl.len()).collect(engine="streaming").item()
    if len(columns) > _MAX_COLUMNS or n_rows >= _MAX_ROWS:
        return f"{n_rows:,} rows of {len(columns):,} columns"
    header = pl.LazyFrame({name: [name] for name in columns})
    is_unfit = pl.concat([header, rows]).select(_is_unfit(pl.col(name)).any() for name in columns)
    for name, found in is_unfit.collect(engine="streaming").row(0, named=True).items():
        if found:
            return f"a value of {name!r}: over {_MAX_UNITS:,} characters, or odd ones"
    return None


def write_workbook(rows: pl.LazyFrame, path: Path, widths: Mapping[str, int]) -> None:
    """Write rows in which `find_unfit` finds nothing; the first column stays in view.

    Raises:
        OSError: the file cannot be written.
    """
    try:
        with xlsxwriter.Workbook(path, _OPTIONS) as book:
            _write_sheet(book, rows, widths)
    except FileCreateError as error:
        raise OSError(str(error)) from error


def _write_sheet(book: Any, rows: pl.LazyFrame, widths: Mapping[str, int]) -> None:  # noqa: ANN401 - xlsxwriter ships no types
    # Text also for what is typed later: Excel would make a date of 11-50.
    text = book.add_format({"num_format": "@"})
    bold = book.add_format({"num_format": "@", "bold": True, "bg_color": "#E8E8E8"})
    sheet = book.add_worksheet()
    columns = rows.collect_schema().names()
    for position, name in enumerate(columns):
        sheet.set_column(position, position, widths.get(name, _WIDTH), text)
        sheet.write_string(0, position, name, bold)
    number = 0
    for number, row in enumerate(_read(rows), start=1):
        for position, value in enumerate(row):
            sheet.write_string(number, position, value or "", text)
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, number, len(columns) - 1)
    sheet.ignore_errors({"number_stored_as_text": _ALL_CELLS})


def _read(rows: pl.LazyFrame) -> Iterator[tuple[str | None, ...]]:
    for batch in rows.collect_batches(chunk_size=_BATCH_ROWS, engine="streaming"):
        yield from batch.iter_rows()


def _is_unfit(text: pl.Expr) -> pl.Expr:
    n_units = text.str.len_chars() + text.str.count_matches(_TWO_UNITS)
    return (n_units > _MAX_UNITS) | text.str.contains(_UNWRITABLE)
