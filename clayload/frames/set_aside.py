"""How do rows that are not sent get back to their owner?

In:    the row_ends with `end` and `line`, and the staged delivered columns of rows set aside.
Out:   quarantine.csv, unrouted.csv (the user's own columns and ours), duplicates.csv and
       suppressed.csv (which row it is, and why: of who opted out nothing more is copied).
Never: a value of the user's changed: `report.quarantine` makes of these files what is corrected in
       a spreadsheet and delivered again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import polars as pl

from clayload.folder import probe_space
from clayload.frames.formula import guard
from clayload.frames.route import Route
from clayload.frames.row_ends import DUPLICATE, QUARANTINED, SUPPRESSED, UNROUTED_END
from clayload.frames.screen import write_reasons
from clayload.frames.source import RAW
from clayload.frames.suppress import SUPPRESSED_BY

QUARANTINE_FILE = "quarantine.csv"
UNROUTED_FILE = "unrouted.csv"
DUPLICATES_FILE = "duplicates.csv"
SUPPRESSED_FILE = "suppressed.csv"
ASIDE_FILES = (QUARANTINE_FILE, UNROUTED_FILE, DUPLICATES_FILE, SUPPRESSED_FILE)
OUR_PREFIX = "clayload_"
OUR_COLUMNS = frozenset(OUR_PREFIX + name for name in ("run", "line", "file", "reasons", "hint"))
"""What we add to a user's columns, by name: one of theirs may begin as ours do."""

_ASIDE_ENDS = (QUARANTINED, SUPPRESSED, DUPLICATE, UNROUTED_END)


def write_set_aside(
    row_ends: pl.DataFrame,
    files: Sequence[str],
    routes: Sequence[Route],
    staged: pl.LazyFrame,
    folder: Path,
) -> dict[str, Path]:
    """Write the rows set aside; gives each end that has rows its file.

    `files` are the names of the extract's files, in the order of `file_index`.

    Raises:
        OSError: the folder cannot be written.
    """
    names = pl.Series("file", files, dtype=pl.String)
    set_aside = row_ends.filter(pl.col("end").is_in(_ASIDE_ENDS)).with_columns(
        pl.lit(names).gather("file_index").alias("file")
    )
    rows_of = {
        end: set_aside.filter(pl.col("end") == end).lazy() for end in set_aside["end"].unique()
    }
    return dict(_write_all(rows_of, routes, staged, folder))


def _write_all(
    rows_of: Mapping[str, pl.LazyFrame],
    routes: Sequence[Route],
    staged: pl.LazyFrame,
    folder: Path,
) -> Iterator[tuple[str, Path]]:
    for end, file in ((QUARANTINED, QUARANTINE_FILE), (UNROUTED_END, UNROUTED_FILE)):
        if end in rows_of:
            _export(staged, rows_of[end], folder / file, with_reasons=end == QUARANTINED)
            yield end, folder / file
    if DUPLICATE in rows_of:
        _sink(_describe_duplicates(rows_of[DUPLICATE]), folder / DUPLICATES_FILE)
        yield DUPLICATE, folder / DUPLICATES_FILE
    if SUPPRESSED in rows_of:
        _sink(_describe_suppressed(rows_of[SUPPRESSED], routes), folder / SUPPRESSED_FILE)
        yield SUPPRESSED, folder / SUPPRESSED_FILE


def _export(staged: pl.LazyFrame, rows: pl.LazyFrame, path: Path, *, with_reasons: bool) -> None:
    ours = ["line", "file"]
    if with_reasons:
        rows = write_reasons(rows)
        ours += ["reasons", "hint"]
    joined = staged.join(
        rows.select("row_number", *ours), on="row_number", how="inner", maintain_order="left"
    )
    # A file that was corrected and delivered again brings our own columns back.
    delivered = [
        column
        for column in staged.collect_schema()
        if column.startswith(RAW) and column.removeprefix(RAW) not in OUR_COLUMNS
    ]
    _sink(
        joined.select(
            *(pl.col(column).alias(column.removeprefix(RAW)) for column in delivered),
            *(pl.col(column).alias(OUR_PREFIX + column) for column in ours),
        ),
        path,
    )


def _describe_duplicates(repeats: pl.LazyFrame) -> pl.LazyFrame:
    return repeats.select(
        "file",
        "line",
        "row_number",
        guard(pl.col("lead_key")).alias("lead_key"),
        pl.col("first_row").alias("repeats_row_number"),
    )


def _describe_suppressed(rows: pl.LazyFrame, routes: Sequence[Route]) -> pl.LazyFrame:
    tables = pl.Series("table", [route.table for route in routes], dtype=pl.String)
    return rows.select(
        "file",
        "line",
        "row_number",
        pl.lit(tables).gather("route").alias("table"),
        *(guard(pl.col(name)).alias(name) for name in ("lead_key", "email", "domain")),
        pl.col(SUPPRESSED_BY).cast(pl.String),
    )


def _sink(frame: pl.LazyFrame, path: Path) -> None:
    try:
        # Without a byte-order mark, Excel would read the accents wrongly.
        frame.sink_csv(path, include_bom=True, engine="streaming")
    except pl.exceptions.PolarsError:
        probe_space(path.parent)
        raise
