"""Which rule kept a lead from being sent, and from which table?

In:    the row_ends, with `end` decided.
Out:   how many leads each rule kept from each table.
Never: a lead counted twice: of the rules it breaks, the first counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from clayload.frames.route import UNROUTED, Route
from clayload.frames.row_ends import DUPLICATE, QUARANTINED, SUPPRESSED
from clayload.frames.rules import RULES
from clayload.frames.suppress import SUPPRESSED_BY

_KEPT = (QUARANTINED, SUPPRESSED, DUPLICATE)


@dataclass(frozen=True, slots=True)
class Kept:
    """`n_leads` that one rule kept from one table, under one end; of no table where it is None."""

    end: str
    rule: str
    table: str | None
    n_leads: int


def count_kept(row_ends: pl.DataFrame, routes: Sequence[Route]) -> tuple[Kept, ...]:
    """Count what was kept back: by end, and under each the rule that kept most first."""
    kept = row_ends.filter(pl.col("end").is_in(_KEPT))
    counted = (
        kept.group_by("end", _first_rule().alias("rule"), "route")
        .len()
        .sort("end", "len", "rule", "route", descending=[False, True, False, False])
    )
    tables = {position: route.table for position, route in enumerate(routes)} | {UNROUTED: None}
    return tuple(
        Kept(end, rule, tables[position], n) for end, rule, position, n in counted.iter_rows()
    )


def _first_rule() -> pl.Expr:
    broken = [pl.when(pl.col(rule.flag)).then(pl.lit(rule.name)) for rule in RULES]
    return pl.coalesce(*broken, pl.col(SUPPRESSED_BY).cast(pl.String), pl.lit(DUPLICATE))
