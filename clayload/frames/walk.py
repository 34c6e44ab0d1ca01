"""What becomes of every row, found out in one walk over the extract?

In:    an open extract and the routes.
Out:   the row ends: one narrow row per row of the extract; and, staged as Parquet, the leads that
       may be sent and the delivered columns of the rows that may not.
Never: the whole extract in memory; only the row_ends are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from clayload.folder import probe_space
from clayload.frames.lead import PERSONAL_MAIL, differs, to_leads
from clayload.frames.mail import is_role
from clayload.frames.route import UNROUTED, Route, route_leads
from clayload.frames.rules import RULES
from clayload.frames.screen import FAILED, HEAVY, screen, weigh
from clayload.frames.source import RAW, Source
from clayload.frames.suppress import ADDRESSES
from clayload.model import LEAD_FIELDS
from clayload.tables.suppression import MailKind

LEADS_FILE = "leads.parquet"
SET_ASIDE_FILE = "aside.parquet"
CONFLICT = "conflict:"
_ATTEMPTS = 2
_STAGED = ("row_number", "route", "lead_key", *LEAD_FIELDS)


@dataclass(frozen=True, slots=True)
class Walked:
    """An extract as far as it could be read, and the row_end of its rows.

    `row_ends` has, in file order: row_number, file_index, route, n_matches, lead_key, n_newlines,
    `fails:<rule>` per rule, `personal_mail`, `role_account`, `conflict:<field>` per merged field,
    and `ADDRESSES` where a route has rules for whom it does without.
    """

    source: Source
    row_ends: pl.DataFrame


def walk(source: Source, routes: Sequence[Route], staging: Path | None) -> Walked:
    """Walk over the extract once; with `staging`, write `LEADS_FILE` and `ASIDE_FILE` there.

    Where polars refuses a text file, the extract is fixed and walked again.

    Raises:
        UnreadableExtractError: with file, line and value where there is one.
        OSError: `staging` cannot be written.
    """
    for _ in range(_ATTEMPTS):
        try:
            return Walked(source, _walk(source, routes, staging))
        except (pl.exceptions.PolarsError, FileNotFoundError) as exc:
            if staging is not None:
                probe_space(staging)
            refusal = exc
            source = source.fixed(exc)
    raise refusal


def judge(source: Source, routes: Sequence[Route]) -> pl.LazyFrame:
    """Read, normalise, route and screen every row, lazily."""
    rows = source.scan().rename({column: RAW + column for column in source.columns})
    leads = route_leads(to_leads(rows, source.columns_of), routes)
    may_hold_nul = any(file.may_hold_nul for file in source.files)
    return screen(leads, source.columns if may_hold_nul else ())


def _walk(source: Source, routes: Sequence[Route], staging: Path | None) -> pl.DataFrame:
    judged = judge(source, routes)
    to_send = ~FAILED & (pl.col("route") != UNROUTED)
    leads = judged.filter(to_send).select(_STAGED)
    plans = [judged.select(_row_end(source, routes))]
    if staging is not None:
        # A heavy lead is staged on both sides: its weight is known only after the walk.
        set_aside = judged.filter(~to_send | pl.col(HEAVY))
        delivered = [RAW + column for column in source.columns]
        plans += [
            _sink(leads, staging / LEADS_FILE),
            _sink(set_aside.select("row_number", *delivered), staging / SET_ASIDE_FILE),
        ]
    row_ends: pl.DataFrame = pl.collect_all(plans, engine="streaming")[0]
    if row_ends.height != source.n_rows:
        # A stray quote can mislead the quick count of rows; fixing counts again.
        message = f"{source.n_rows} rows were counted and {row_ends.height} read"
        raise pl.exceptions.ComputeError(message)
    return weigh(row_ends, judged, routes)


def _row_end(source: Source, routes: Sequence[Route]) -> list[pl.Expr]:
    conflicts = [
        differs(columns).alias(CONFLICT + field) for field, columns in source.merged.items()
    ]
    has_rules = any(route.suppressed_by for route in routes)
    return [
        pl.col("row_number", "file_index", "route", "n_matches", "lead_key"),
        *(pl.col(rule.flag) for rule in RULES),
        pl.col(HEAVY),
        pl.col(PERSONAL_MAIL),
        is_role(pl.col("email")).fill_null(value=False).alias(MailKind.ROLE_ACCOUNT),
        _count_newlines(source).alias("n_newlines"),
        *conflicts,
        *(pl.col(name) for name in ADDRESSES if has_rules),
    ]


def _count_newlines(source: Source) -> pl.Expr:
    """Count the newlines inside a row's fields; costs nothing where no file has any."""
    if not any(file.spans_lines for file in source.files):
        return pl.lit(0, pl.UInt32())
    return pl.sum_horizontal(
        pl.col(RAW + column).str.count_matches("\n", literal=True) for column in source.columns
    ).cast(pl.UInt32)


def _sink(frame: pl.LazyFrame, path: Path) -> pl.LazyFrame:
    # Gone within the minute: compressing takes more time than the saved bytes give back.
    return frame.sink_parquet(path, compression="uncompressed", statistics=False, lazy=True)
