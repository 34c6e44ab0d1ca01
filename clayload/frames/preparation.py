"""What did the frames make of an extract?

In:    the row_ends of all rows, and what was written.
Out:   `Preparation`: counts that sum to the rows read, and references to the chunks.
Never: a lead's data.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from clayload.frames.kept import Kept, count_kept
from clayload.frames.listed import Listed
from clayload.frames.route import Route
from clayload.frames.row_ends import (
    ACCEPTED,
    BEYOND_LIMIT,
    DUPLICATE,
    NOT_SELECTED,
    QUARANTINED,
    SUPPRESSED,
    UNROUTED_END,
)
from clayload.frames.rules import RULES
from clayload.frames.walk import CONFLICT, Walked
from clayload.model import ChunkRef
from clayload.tables.suppression import MailKind


@dataclass(frozen=True, slots=True)
class PrepareOptions:
    """What of an extract is wanted, and where it goes.

    `folder` takes the chunk files and the rows set aside; nothing is written with `write=False`,
    which counts only. A load has at most `max_chunks` chunks, of at least `chunk_rows` leads where
    there are so many. `limit` takes the first leads of the load, `tables` those of some tables;
    `only_table` takes every lead, whatever the filters say. `lists` are the suppression lists of
    the configuration, by name. `to_be_sent` leads are held to the contract first.
    """

    run_id: str
    folder: Path
    chunk_rows: int = 100
    max_chunks: int = 300
    limit: int | None = None
    tables: Collection[str] | None = None
    only_table: str | None = None
    lists: Mapping[str, Listed] = field(default_factory=dict)
    write: bool = True
    to_be_sent: bool = True


@dataclass(frozen=True, slots=True)
class Preparation:
    """The books of an extract before sending.

    n_rows = n_quarantined + n_suppressed + n_duplicates + n_unrouted + n_not_selected
    + n_beyond_limit + the sum of n_accepted (by table, every table of the configuration).

    `quarantine_reasons` counts broken rules, so a lead may count under several. `n_multi_match`
    are the leads to be sent that more than one table's filter takes. `conflicts` counts, for each
    merged field, the rows whose columns held different values. `flags` counts, of the accepted
    leads, the personal addresses and role accounts. `kept` says which rule kept leads from which
    table. `paths` has a file for each of quarantined, suppressed, unrouted and duplicate that has
    rows.
    """

    n_rows: int
    n_quarantined: int
    quarantine_reasons: dict[str, int]
    n_suppressed: int
    n_duplicates: int
    n_unrouted: int
    n_not_selected: int
    n_beyond_limit: int
    n_multi_match: int
    n_accepted: dict[str, int]
    flags: dict[str, int]
    chunk_size: int
    n_chunks: int
    chunks: tuple[ChunkRef, ...]
    unmapped: tuple[str, ...]
    merged: dict[str, tuple[str, ...]]
    conflicts: dict[str, int]
    kept: tuple[Kept, ...]
    paths: dict[str, Path] = field(default_factory=dict)

    @property
    def is_balanced(self) -> bool:
        """Whether every row read stands under exactly one end."""
        ends = (
            self.n_quarantined,
            self.n_suppressed,
            self.n_duplicates,
            self.n_unrouted,
            self.n_not_selected,
            self.n_beyond_limit,
            *self.n_accepted.values(),
        )
        return sum(ends) == self.n_rows


def count_up(
    walked: Walked, row_ends: pl.DataFrame, routes: Sequence[Route], chunk_size: int
) -> Preparation:
    """Count the row_ends, with `end` decided; chunks and paths are still to be filled in."""
    by_end = _count_by(row_ends, "end")
    accepted = row_ends.filter(pl.col("end") == ACCEPTED)
    by_route = _count_by(accepted, "route")
    n_accepted = {route.table: by_route.get(position, 0) for position, route in enumerate(routes)}
    return Preparation(
        n_rows=row_ends.height,
        n_quarantined=by_end.get(QUARANTINED, 0),
        quarantine_reasons=_sum_flags(row_ends, {rule.name: rule.flag for rule in RULES}),
        n_suppressed=by_end.get(SUPPRESSED, 0),
        n_duplicates=by_end.get(DUPLICATE, 0),
        n_unrouted=by_end.get(UNROUTED_END, 0),
        n_not_selected=by_end.get(NOT_SELECTED, 0),
        n_beyond_limit=by_end.get(BEYOND_LIMIT, 0),
        n_multi_match=accepted.filter(pl.col("n_matches") > 1).height,
        n_accepted=n_accepted,
        flags=_sum_flags(accepted, {flag.value: flag for flag in MailKind}),
        chunk_size=chunk_size,
        n_chunks=sum(-(-n // chunk_size) for n in n_accepted.values()),
        chunks=(),
        unmapped=tuple(walked.source.unmapped),
        merged=dict(walked.source.merged),
        conflicts=_sum_flags(row_ends, {name: CONFLICT + name for name in walked.source.merged}),
        kept=count_kept(row_ends, routes),
    )


def _count_by(rows: pl.DataFrame, column: str) -> dict[object, int]:
    return dict(rows.get_column(column).value_counts().iter_rows())


def _sum_flags(rows: pl.DataFrame, flag_of: Mapping[str, str]) -> dict[str, int]:
    sums = {name: int(rows.get_column(flag).sum()) for name, flag in flag_of.items()}
    return {name: n for name, n in sums.items() if n}
