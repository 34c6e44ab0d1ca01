"""In which line of its file does a row stand?

In:    the row_ends, with `n_newlines` per row, and where each file's rows lie.
Out:   the row_ends with `line` (UInt32, from 1).
Never: a second look at the file.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from clayload.frames.source import FileSpan


def find_lines(row_ends: pl.DataFrame, files: Sequence[FileSpan]) -> pl.DataFrame:
    """Add `line`: the file line for text, the row for other formats, the sheet row for Excel.

    A row's line is its position plus the newlines inside the rows before it.
    """
    spans = pl.DataFrame(
        {
            "file_index": range(len(files)),
            "first_row": [file.first_row for file in files],
            "first_line": [file.first_line for file in files],
            "spans_lines": [file.spans_lines for file in files],
        },
        schema={
            "file_index": pl.UInt16,
            "first_row": pl.Int64,
            "first_line": pl.Int64,
            "spans_lines": pl.Boolean,
        },
    )
    before = pl.col("n_newlines").cum_sum().shift(1, fill_value=0).over("file_index")
    in_file = pl.col("row_number") - pl.col("first_row") + pl.col("first_line")
    return (
        row_ends.join(spans, on="file_index", how="left", maintain_order="left")
        .with_columns(
            line=(in_file + pl.when("spans_lines").then(before).otherwise(0)).cast(pl.UInt32)
        )
        .drop("first_row", "first_line", "spans_lines")
    )
