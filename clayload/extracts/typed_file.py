"""How are files opened whose columns have types: Parquet, NDJSON, Excel?

In:    a delivered file and what its bytes told.
Out:   a `SourceFile` whose columns read as the text a person would write: 1200, 2026-11-03.
Never: a number made longer (an integer kept as a float does not become `1200.0`).
"""

from __future__ import annotations

from pathlib import Path

import fastexcel
import polars as pl
from polars import selectors as cs

from clayload.errors import Code, UnreadableExtractError
from clayload.extracts.facts import ByteFacts
from clayload.extracts.find import refuse_empty
from clayload.extracts.headers import name_columns
from clayload.extracts.source_file import Format, SourceFile
from clayload.folder import writing_to

# Above this a float no longer tells neighbouring integers apart.
_EXACT_FLOAT = 2.0**53
_STRUCT_HEAD = len('{"v":')


def open_parquet(path: Path, facts: ByteFacts) -> SourceFile:
    """Open a Parquet file.

    Raises:
        UnreadableExtractError: not a Parquet file, or no rows.
    """
    try:
        scanned = pl.scan_parquet(path, glob=False)
        headers = tuple(scanned.collect_schema())
        n_rows = scanned.select(pl.len()).collect(engine="streaming").item()
    except (pl.exceptions.PolarsError, OSError) as exc:
        raise _refuse(path, "Parquet file", exc) from exc
    return _describe(path, facts, Format.PARQUET, headers, n_rows)


def open_ndjson(path: Path, facts: ByteFacts) -> SourceFile:
    """Open a file of one JSON object per line.

    Raises:
        UnreadableExtractError: a line that is no JSON object, or no rows.
    """
    try:
        scanned = pl.scan_ndjson(path, infer_schema_length=None)
        headers = tuple(scanned.collect_schema())
        as_text = pl.scan_ndjson(path, schema=dict.fromkeys(headers, pl.String))
        n_rows = as_text.select(pl.len()).collect(engine="streaming").item() if headers else 0
    except (pl.exceptions.PolarsError, OSError) as exc:
        raise _refuse(path, "file of one JSON object per line", exc) from exc
    return _describe(path, facts, Format.NDJSON, headers, n_rows)


def open_excel(path: Path, facts: ByteFacts, work_dir: Path) -> SourceFile:
    """Open the first sheet of a workbook, kept in the work folder as Parquet.

    Raises:
        UnreadableExtractError: not a workbook, or no rows.
        RunError: the copy cannot be written.
    """
    try:
        book = fastexcel.read_excel(path)
        sheet = book.load_sheet(0, header_row=None, dtypes="string")
        cells = sheet.to_polars()
    except fastexcel.FastExcelError as exc:
        raise _refuse(path, "workbook", exc) from exc
    unread = tuple(f"{path.name}: sheet '{name}'" for name in book.sheet_names[1:])
    if cells.height <= 1:
        raise refuse_empty(path.name, f"has no rows in its first sheet, '{sheet.name}'")
    headers = tuple(cell or "" for cell in cells.row(0))
    rows = cells.slice(1).rename(dict(zip(cells.columns, name_columns(headers), strict=True)))
    copy = work_dir / f"{facts.sha256[:12]}.parquet"
    _keep(rows, copy)
    return _describe(path, facts, Format.EXCEL, headers, rows.height, readable=copy, unread=unread)


def scan_typed(file: SourceFile) -> pl.LazyFrame:
    """Scan the rows under the file's own columns, each a String."""
    if file.format is Format.NDJSON:
        return pl.scan_ndjson(file.readable, schema=dict.fromkeys(file.columns, pl.String))
    scanned = pl.scan_parquet(file.readable, glob=False)
    schema = scanned.collect_schema()
    unique = dict(zip(schema, file.columns, strict=True))
    return scanned.select(
        write_as_text(name, dtype).alias(unique[name]) for name, dtype in schema.items()
    )


def write_as_text(name: str, dtype: pl.DataType) -> pl.Expr:
    """Write a typed column as the text a person would have typed."""
    # By name: `pl.col` would take a header such as `*` for a pattern.
    column = cs.by_name(name).as_expr()
    if dtype.is_float():
        whole = (column == column.floor()) & (column.abs() < _EXACT_FLOAT)
        as_integer = pl.when(whole).then(column).cast(pl.Int64).cast(pl.String)
        return pl.coalesce(as_integer, column.cast(pl.String))
    if isinstance(dtype, pl.Datetime):
        in_utc = column.dt.convert_time_zone("UTC") if dtype.time_zone else column
        return in_utc.dt.strftime("%Y-%m-%dT%H:%M:%S%.f" + ("Z" if dtype.time_zone else ""))
    if dtype.is_nested():
        # Wrapped in a struct for the encoder, and unwrapped: {"v":[1,2]} -> [1,2]
        wrapped = pl.struct(column.alias("v")).struct.json_encode()
        return pl.when(column.is_not_null()).then(wrapped.str.slice(_STRUCT_HEAD).str.head(-1))
    return column.cast(pl.String, strict=False)


def _describe(  # noqa: PLR0913 -- one value object, put together in one place
    path: Path,
    facts: ByteFacts,
    kind: Format,
    headers: tuple[str, ...],
    n_rows: int,
    *,
    readable: Path | None = None,
    unread: tuple[str, ...] = (),
) -> SourceFile:
    if not n_rows:
        raise refuse_empty(path.name, "has no rows")
    return SourceFile(
        name=path.name,
        path=path,
        sha256=facts.sha256,
        n_bytes=facts.n_bytes,
        format=kind,
        readable=readable or path,
        headers=headers,
        columns=headers if kind is Format.NDJSON else name_columns(headers),
        n_rows=n_rows,
        first_line=2 if kind is Format.EXCEL else 1,
        unread=unread,
    )


def _keep(rows: pl.DataFrame, copy: Path) -> None:
    with writing_to(copy.parent):
        copy.parent.mkdir(parents=True, exist_ok=True)
        rows.write_parquet(copy, compression="lz4")


def _refuse(path: Path, kind: str, exc: Exception) -> UnreadableExtractError:
    first = (str(exc).strip() or type(exc).__name__).splitlines()[0]
    return UnreadableExtractError(
        Code.EXTRACT_UNREADABLE,
        f"{path.name} is not a readable {kind} ({first})",
        hint="open it in the program that made it, and export it again",
        file=path.name,
    )
