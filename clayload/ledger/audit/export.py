"""How do people get their own history out of the ledger?

In:    a ledger, open for reading, and a folder.
Out:   one Parquet file for each of the ledger's tables, all as they stood at one moment.
Never: a whole table in memory, and never a file under its final name before all are written.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import polars as pl
from sqlalchemy import Connection, select
from sqlalchemy import Table as SqlTable
from sqlalchemy.types import BigInteger, Float, Integer, Text

from clayload.folder import remove_folder
from clayload.ledger.database import schema
from clayload.ledger.moment import consistent_read
from clayload.ledger.store import Ledger

_UNFINISHED = ".exporting-"
_ROWS_AT_ONCE = 50_000
_MICROSECONDS = 1_000_000
_POLARS_OF: Mapping[type, pl.DataType] = {
    Text: pl.String(),
    Integer: pl.Int64(),
    BigInteger: pl.Int64(),
    Float: pl.Float64(),
}


def export(ledger: Ledger, folder: Path) -> dict[str, int]:
    """Write `<table>.parquet` for every table of the ledger; gives the rows of each.

    Columns are named as in the ledger; moments (`at`, `…_at`, `…_until`) are Datetime in UTC, to
    the microsecond. What an export that was killed left behind goes; none may be running there.

    Raises:
        LedgerError: the ledger cannot be read.
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _unfinished_folder(folder) as unfinished:
        with consistent_read(ledger) as moment:
            n_rows = {
                name: _export_table(moment.connection, table, unfinished / f"{name}.parquet")
                for name, table in schema.metadata.tables.items()
            }
        for name in n_rows:
            (unfinished / f"{name}.parquet").replace(folder / f"{name}.parquet")
    return n_rows


@contextmanager
def _unfinished_folder(folder: Path) -> Iterator[Path]:
    for left in folder.glob(f"{_UNFINISHED}*/"):
        remove_folder(left)
    # Beside the files: there must be room there anyway, which /tmp may not have.
    unfinished = Path(tempfile.mkdtemp(dir=folder, prefix=_UNFINISHED))
    try:
        yield unfinished
    except pl.exceptions.ComputeError as error:
        # So polars says that the disk is full; the frames themselves are the ledger's own.
        raise OSError(str(error)) from error
    finally:
        remove_folder(unfinished)


def _export_table(connection: Connection, table: SqlTable, path: Path) -> int:
    """Write batches, then one file of them all: a Parquet file cannot be added to."""
    n_rows = 0
    with tempfile.TemporaryDirectory(dir=path.parent) as parts:
        for number, frame in enumerate(_read_frames(connection, table)):
            frame.write_parquet(Path(parts, f"{number:06}.parquet"))
            n_rows += frame.height
        pl.scan_parquet(Path(parts, "*.parquet")).sink_parquet(path)
    return n_rows


def _read_frames(connection: Connection, table: SqlTable) -> Iterator[pl.DataFrame]:
    """Read a table in batches, the first of which may be empty."""
    columns = {column.name: _POLARS_OF[type(column.type)] for column in table.columns}
    moments = [name for name in columns if _is_moment(name)]
    found = connection.execution_options(yield_per=_ROWS_AT_ONCE).execute(
        select(table).order_by(*table.primary_key)
    )
    rows = found.fetchmany(_ROWS_AT_ONCE)
    while True:
        frame = pl.DataFrame(rows, schema=columns, orient="row")
        yield frame.with_columns(_as_moment(name) for name in moments)
        if not (rows := found.fetchmany(_ROWS_AT_ONCE)):
            return


def _is_moment(name: str) -> bool:
    return name == "at" or name.endswith("_at") or "_until" in name


def _as_moment(name: str) -> pl.Expr:
    return (pl.col(name) * _MICROSECONDS).round().cast(pl.Int64).cast(pl.Datetime("us", "UTC"))
