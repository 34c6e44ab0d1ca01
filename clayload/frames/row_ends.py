"""Under which end does each row stand when the frames are done?

In:    the row_ends of all rows, and what of the extract was asked for.
Out:   the row_ends with `end`, one of `ENDS`, and for a duplicate the row it repeats.
Never: a row under two ends, or none: the order of `ENDS` decides.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import polars as pl

from clayload.frames.dedupe import find_duplicates
from clayload.frames.route import UNROUTED, Route
from clayload.frames.screen import FAILED
from clayload.frames.suppress import SUPPRESSED_BY

QUARANTINED, SUPPRESSED = "quarantined", "suppressed"
DUPLICATE, UNROUTED_END = "duplicate", "unrouted"
NOT_SELECTED, BEYOND_LIMIT, ACCEPTED = "not_selected", "beyond_limit", "accepted"
ENDS = (
    QUARANTINED,
    SUPPRESSED,
    DUPLICATE,
    UNROUTED_END,
    NOT_SELECTED,
    BEYOND_LIMIT,
    ACCEPTED,
)
END = pl.Enum(ENDS)

_IS_SUPPRESSED = pl.col(SUPPRESSED_BY).is_not_null()


def decide_ends(
    row_ends: pl.DataFrame,
    routes: Sequence[Route],
    tables: Collection[str] | None = None,
    limit: int | None = None,
) -> pl.DataFrame:
    """Add `end` and `first_row`; `row_ends` are all rows of the extract, in file order.

    `tables` selects some tables, `limit` the first leads of a load. Leads left out by either are
    accepted in every other respect; a later load takes them.
    """
    # What is not sent anyway must not stand for a row that may be: where the key is not the
    # address, one of two rows with the same key can be suppressed.
    may_go = row_ends.filter(~FAILED & ~_IS_SUPPRESSED)
    repeats = find_duplicates(may_go.select("row_number", "route", "lead_key"))
    # Row numbers are positions, which saves a join of every row with the few repeats.
    first_row = pl.repeat(None, row_ends.height, dtype=pl.UInt32(), eager=True).scatter(
        repeats.get_column("row_number") - 1, repeats.get_column("first_row")
    )
    marked = row_ends.with_columns(first_row.alias("first_row"))
    decided = marked.with_columns(_decide(_positions(routes, tables)).alias("end"))
    if limit is None:
        return decided
    accepted = pl.col("end") == ACCEPTED
    beyond = accepted & (accepted.cum_sum() > limit)
    return decided.with_columns(
        pl.when(beyond).then(_is(BEYOND_LIMIT)).otherwise("end").alias("end")
    )


def _decide(selected: Sequence[int]) -> pl.Expr:
    return (
        pl.when(FAILED)
        .then(_is(QUARANTINED))
        .when(_IS_SUPPRESSED)
        .then(_is(SUPPRESSED))
        .when(pl.col("first_row").is_not_null())
        .then(_is(DUPLICATE))
        .when(pl.col("route") == UNROUTED)
        .then(_is(UNROUTED_END))
        .when(pl.col("route").is_in(selected))
        .then(_is(ACCEPTED))
        .otherwise(_is(NOT_SELECTED))
    )


def _is(end: str) -> pl.Expr:
    return pl.lit(end, END)


def _positions(routes: Sequence[Route], tables: Collection[str] | None) -> list[int]:
    return [
        position for position, route in enumerate(routes) if tables is None or route.table in tables
    ]
