"""Which leads must not be sent, and by which rules?

In:    routed leads, with the delivered columns as `raw:<column>`.
Out:   the same rows with one Boolean column `fails:<rule>` per rule, never null.
Never: a row dropped, and never a list per row: reasons are written out for failed rows only.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from clayload.delivery.payload import LIMIT_BYTES, build_body
from clayload.frames.lead import MAIL_DOMAIN
from clayload.frames.mail import is_disposable
from clayload.frames.route import UNROUTED, Route
from clayload.frames.rules import (
    ENVELOPE_BYTES,
    HAS_NUL,
    IS_DISPOSABLE,
    PAYLOAD,
    PAYLOAD_BYTES,
    RULES,
)
from clayload.frames.source import RAW
from clayload.lead_schema import LEAD_SCHEMA
from clayload.model import LEAD_FIELDS

_NUL = "\0"
_TEXTS = [field for field, dtype in LEAD_SCHEMA.items() if dtype == pl.String]
# JSON writes a control character as six (\u001f); names, quotes and commas take this much more.
_JSON_GROWTH = 6
_JSON_FRAME_BYTES = 2_048
_SAFE_TEXT_BYTES = (LIMIT_BYTES - ENVELOPE_BYTES - _JSON_FRAME_BYTES) // _JSON_GROWTH

HEAVY = "heavy"
"""True for a lead whose text is so long that its JSON body might pass the limit."""

FAILED = pl.any_horizontal(rule.flag for rule in RULES)
"""True for a lead that breaks any rule; for frames that `screen` has been over."""


def screen(leads: pl.LazyFrame, raw: Sequence[str]) -> pl.LazyFrame:
    """Judge every lead by every rule; `raw` are the columns that may hold NUL bytes, if any.

    Payloads are not measured here; `weigh` does so for the few leads that are `heavy`.
    """
    measured = leads.with_columns(
        _has_nul(raw).alias(HAS_NUL),
        is_disposable(pl.col(MAIL_DOMAIN)).alias(IS_DISPOSABLE),
        pl.lit(0, pl.UInt32()).alias(PAYLOAD_BYTES),
    )
    n_bytes = pl.sum_horizontal(pl.col(field).str.len_bytes() for field in _TEXTS)
    return measured.with_columns(
        *(rule.broken.fill_null(value=False).alias(rule.flag) for rule in RULES),
        (n_bytes > _SAFE_TEXT_BYTES).alias(HEAVY),
    )


def weigh(row_ends: pl.DataFrame, leads: pl.LazyFrame, routes: Sequence[Route]) -> pl.DataFrame:
    """Measure the payloads of heavy leads, and judge them again; `leads` has every field.

    The body is the one that delivery builds, so its size is exact.
    """
    if not row_ends.get_column(HEAVY).any():
        return row_ends
    heavy = leads.filter(HEAVY).select("row_number", "route", *LEAD_FIELDS)
    sizes = [
        (lead["row_number"], _measure_payload(lead, routes))
        for lead in heavy.collect(engine="streaming").iter_rows(named=True)
    ]
    schema = {"row_number": pl.UInt32, PAYLOAD_BYTES: pl.UInt32}
    weighed = pl.DataFrame(sizes, schema=schema, orient="row")
    return (
        row_ends.join(weighed, on="row_number", how="left", maintain_order="left")
        .with_columns(PAYLOAD.broken.fill_null(value=False).alias(PAYLOAD.flag))
        .drop(PAYLOAD_BYTES)
    )


def write_reasons(failed: pl.LazyFrame) -> pl.LazyFrame:
    """Add `reasons` and `hint` to rows that broke a rule, from their `fails:` columns."""
    names = [pl.when(pl.col(rule.flag)).then(pl.lit(rule.name)) for rule in RULES]
    hints = [pl.when(pl.col(rule.flag)).then(pl.lit(rule.hint)) for rule in RULES]
    return failed.with_columns(
        pl.concat_str(names, separator="; ", ignore_nulls=True).alias("reasons"),
        pl.concat_str(hints, separator=" ", ignore_nulls=True).alias("hint"),
    )


def _measure_payload(lead: dict[str, object], routes: Sequence[Route]) -> int:
    route = lead["route"]
    if not isinstance(route, int) or route == UNROUTED:
        return 0
    return len(build_body({field: lead[field] for field in routes[route].fields}, "", ""))


def _has_nul(raw: Sequence[str]) -> pl.Expr:
    if not raw:
        return pl.lit(value=False)
    return pl.any_horizontal(
        pl.col(RAW + column).str.contains(_NUL, literal=True).fill_null(value=False)
        for column in raw
    )
