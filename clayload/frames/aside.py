"""How do rows that are not sent get back to their owner?

In:    the fates with `end` and `line`, and the staged delivered columns of rows set aside.
Out:   quarantine.csv, unrouted.csv (the user's own columns and ours) and duplicates.csv.
Never: a value of the user's changed: `report.quarantine` makes of these files what is corrected in
       a spreadsheet and delivered again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from clayload.frames.disk import probe_space
from clayload.frames.fate import DUPLICATE, QUARANTINED, UNROUTED_END
from clayload.frames.formula import guard
from clayload.frames.screen import write_reasons
from clayload.frames.source import RAW

QUARANTINE_FILE = "quarantine.csv"
UNROUTED_FILE = "unrouted.csv"
DUPLICATES_FILE = "duplicates.csv"
ASIDE_FILES = (QUARANTINE_FILE, UNROUTED_FILE, DUPLICATES_FILE)
OURS = "clayload_"


def write_aside(
    fates: pl.DataFrame, files: Sequence[str], staged: pl.LazyFrame, folder: Path
) -> dict[str, Path]:
    """Write the rows set aside; gives each end that has rows its file.

    `files` are the names of the extract's files, in the order of `file_index`.

    Raises:
        OSError: the folder cannot be written.
    """
    return dict(_write_all(fates, files, staged, folder))


def _write_all(
    fates: pl.DataFrame, files: Sequence[str], staged: pl.LazyFrame, folder: Path
) -> Iterator[tuple[str, Path]]:
    names = pl.Series("file", files, dtype=pl.String)
    fates = fates.filter(pl.col("end").is_in([QUARANTINED, UNROUTED_END, DUPLICATE])).with_columns(
        pl.lit(names).gather("file_index").alias("file")
    )
    for end, file in ((QUARANTINED, QUARANTINE_FILE), (UNROUTED_END, UNROUTED_FILE)):
        rows = fates.filter(pl.col("end") == end)
        if not rows.is_empty():
            _export(staged, rows.lazy(), folder / file, with_reasons=end == QUARANTINED)
            yield end, folder / file
    repeats = fates.filter(pl.col("end") == DUPLICATE)
    if not repeats.is_empty():
        _sink(_describe_duplicates(repeats.lazy()), folder / DUPLICATES_FILE)
        yield DUPLICATE, folder / DUPLICATES_FILE


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
        if column.startswith(RAW) and not column.startswith(RAW + OURS)
    ]
    _sink(
        joined.select(
            *(pl.col(column).alias(column.removeprefix(RAW)) for column in delivered),
            *(pl.col(column).alias(OURS + column) for column in ours),
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


def _sink(frame: pl.LazyFrame, path: Path) -> None:
    try:
        # Without a byte-order mark, Excel would read the accents wrongly.
        frame.sink_csv(path, include_bom=True, engine="streaming")
    except pl.exceptions.PolarsError:
        probe_space(path.parent)
        raise
