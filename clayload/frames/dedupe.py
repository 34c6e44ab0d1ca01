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
    # Equal keys have equal hashes, and most rows are never repeated: the keys themselves are
    # compared only where a hash stands twice, which takes half the time.
    suspects = rows.filter(pl.struct(_KEY).hash().is_duplicated())
    is_first = suspects.select(pl.struct(_KEY).is_first_distinct()).to_series()
    firsts = suspects.filter(is_first).select(*_KEY, first_row="row_number")
    repeats = suspects.filter(~is_first)
    return repeats.join(firsts, on=_KEY, how="left", maintain_order="left").select(
        "row_number", "first_row"
    )
