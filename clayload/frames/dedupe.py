"""Which rows of an extract repeat an earlier one?

In:    rows that broke no rule: `row_number`, `route`, `lead_key`, in file order.
Out:   the repeats, each with the row it repeats.
Never: a choice between two rows by their content: the first in file order is kept.
"""

from __future__ import annotations

import polars as pl

_KEY = ("route", "lead_key")


def find_duplicates(rows: pl.DataFrame) -> pl.DataFrame:
    """Find the rows whose (route, lead_key) stood before.

    Returns:
        `row_number` and `first_row` (the row it repeats), both UInt32, in file order.
    """
    is_first = rows.select(pl.struct(_KEY).is_first_distinct()).to_series()
    repeats = rows.filter(~is_first).select("row_number", *_KEY)
    # Most rows are never repeated, so the rows to look in are narrowed before the join.
    firsts = rows.filter(is_first).join(repeats.select(_KEY).unique(), on=_KEY, how="semi")
    return repeats.join(
        firsts.select(*_KEY, first_row="row_number"), on=_KEY, how="left", maintain_order="left"
    ).select("row_number", "first_row")
