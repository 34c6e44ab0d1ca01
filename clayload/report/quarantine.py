"""How do the rows that a run set aside get into a spreadsheet?

In:    the run's `quarantine.csv` or `unrouted.csv`, as `frames.set_aside` wrote it.
Out:   a CSV file or an Excel workbook with the user's own columns, in their order, and ours.
Never: a cell that a spreadsheet runs, links or reads as a number; a value that does not come back
       unchanged through `frames.returned`; a file overwritten that was not meant to be.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from clayload.errors import Code, RunError
from clayload.folder import writing_to
from clayload.frames.formula import guard, guard_apostrophe
from clayload.frames.returned import FILE_COLUMN, LINE_COLUMN, RUN_COLUMN
from clayload.frames.set_aside import OUR_COLUMNS, OUR_PREFIX
from clayload.report.workbook import find_unfit, write_workbook

_REASONS, _HINT = OUR_PREFIX + "reasons", OUR_PREFIX + "hint"
_WIDTHS = {_REASONS: 32, _HINT: 60, RUN_COLUMN: 26, LINE_COLUMN: 14, FILE_COLUMN: 24}
_UNROUTED = {
    _REASONS: "unrouted",
    _HINT: "Fill in what a table's filter asks for, or widen a filter in tables.yaml.",
}
_BATCH_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class SetAsideRows:
    """Rows that a run set aside: `n_rows`, if the file they lie in is still as it was."""

    run_id: str
    path: Path
    n_rows: int


def export_rows(wanted: SetAsideRows, out: Path, *, force: bool = False) -> None:
    """Write the rows to `out`, a CSV file or a workbook by its suffix.

    In CSV a value that begins like a formula gets an apostrophe. In a workbook, where it needs
    none, reasons and hint stand left of the user's columns: in view, and the first stays there.

    Raises:
        RunError: EXPORT_REFUSED (an unknown suffix, a file in the way, rows that are not those the
            run wrote, or that no workbook can hold), RUN_FOLDER_UNUSABLE when `out` cannot be
            written.
    """
    kind = out.suffix.lower()
    if kind not in (".csv", ".xlsx"):
        raise _refuse(f"{out} is to be neither .csv nor .xlsx", "end the name with one of these")
    if out.exists() and not force:
        raise _refuse(f"{out} is there already", "name another with --out, or add --force")
    rows = _read(wanted)
    part = out.with_name(f".{out.name}.part")
    try:
        with writing_to(out.parent, hint="name a file in a folder that can be written"):
            (_write_csv if kind == ".csv" else _write_excel)(rows, part)
            part.replace(out)
    finally:
        part.unlink(missing_ok=True)


def _read(wanted: SetAsideRows) -> pl.LazyFrame:
    """Read the rows: the user's columns, then run, line, file, reasons and hint."""
    rows = _scan(wanted)
    columns = rows.collect_schema().names()
    # Unrouted rows broke no rule.
    given = {name: pl.lit(text) for name, text in _UNROUTED.items() if name not in columns}
    theirs = [name for name in columns if name not in OUR_COLUMNS]
    ours = [LINE_COLUMN, FILE_COLUMN, _REASONS, _HINT]
    return rows.with_columns(**given).select(
        *theirs, pl.lit(wanted.run_id).alias(RUN_COLUMN), *ours
    )


def _scan(wanted: SetAsideRows) -> pl.LazyFrame:
    """Scan the run's own file; if somebody changed it, its books would not hold."""
    try:
        with wanted.path.open(encoding="utf-8-sig", newline="") as text:
            # polars leaves the doubled quotes of a header doubled.
            columns = next(csv.reader(text), [])
        rows = pl.scan_csv(wanted.path, infer_schema=False, new_columns=columns)
        n_rows = rows.select(pl.len()).collect(engine="streaming").item()
        is_whole = n_rows == wanted.n_rows and {LINE_COLUMN, FILE_COLUMN} <= set(columns)
    except (UnicodeDecodeError, csv.Error, pl.exceptions.PolarsError):
        is_whole = False
    if is_whole:
        return rows
    raise _refuse(
        f"{wanted.path} is no longer as the run wrote it, with {wanted.n_rows:,} rows",
        f"send what was corrected in it: `clayload resubmit {wanted.path} --run {wanted.run_id}`",
    )


def _write_csv(rows: pl.LazyFrame, path: Path) -> None:
    guarded = _guard_all(rows, guard)
    with path.open("wb") as file:
        # Without a byte-order mark, Excel would read the accents wrongly.
        file.write(b"\xef\xbb\xbf" + _encode(guarded.head(0).collect(), is_header=True))
        for batch in guarded.collect_batches(chunk_size=_BATCH_ROWS, engine="streaming"):
            file.write(_encode(batch))


def _encode(batch: pl.DataFrame, *, is_header: bool = False) -> bytes:
    # Every field in quotes, so that nothing inside one passes for a delimiter.
    return batch.write_csv(include_header=is_header, quote_style="always").encode()


def _write_excel(rows: pl.LazyFrame, path: Path) -> None:
    guarded = _guard_all(rows, guard_apostrophe)
    in_view = guarded.select(_REASONS, _HINT, pl.exclude(_REASONS, _HINT))
    if unfit := find_unfit(in_view):
        raise _refuse(f"no workbook can hold {unfit}", "export as CSV: --out with a name in .csv")
    write_workbook(in_view, path, _WIDTHS)


def _guard_all(rows: pl.LazyFrame, guard_one: Callable[[pl.Expr], pl.Expr]) -> pl.LazyFrame:
    """Guard the values and the columns' names."""
    columns = rows.collect_schema().names()
    names = pl.DataFrame({"name": columns}).select(guard_one(pl.col("name")).alias("name"))
    pairs = zip(columns, names.get_column("name"), strict=True)
    return rows.select(guard_one(pl.col(old)).alias(new) for old, new in pairs)


def _refuse(what: str, hint: str) -> RunError:
    return RunError(Code.EXPORT_REFUSED, what, hint=hint)
