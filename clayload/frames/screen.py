"""Which leads must not be sent, and by which rules?

In:    routed leads, with the delivered columns as `raw:<column>`.
Out:   the same rows with one Boolean column `fails:<rule>` per rule, never null.
Never: a row dropped, and never a list per row: reasons are written out for failed rows only.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from clayload.delivery.payload import LIMIT_BYTES, build_body
from clayload.frames.route import UNROUTED, Route
from clayload.frames.rules import ENVELOPE_BYTES, HAS_NUL, PAYLOAD_BYTES, RULES
from clayload.frames.source import RAW
from clayload.model import LEAD_FIELDS

_NUL = "\0"
_TEXT_BYTES = "text_bytes"
# JSON writes a control character as six (\u001f); names, quotes and commas take this much more.
_JSON_GROWTH = 6
_JSON_FRAME_BYTES = 2_048
_SAFE_TEXT_BYTES = (LIMIT_BYTES - ENVELOPE_BYTES - _JSON_FRAME_BYTES) // _JSON_GROWTH

FAILED = pl.any_horizontal(rule.flag for rule in RULES)
"""True for a lead that breaks any rule; for frames that `screen` has been over."""


def screen(
    leads: pl.LazyFrame, routes: Sequence[Route], raw: Sequence[str] | None
) -> pl.LazyFrame:
    """Judge every lead by every rule; `raw` are the columns that may hold NUL bytes, if any."""
    return measure(leads, routes, raw).with_columns(
        rule.broken.fill_null(value=False).alias(rule.flag) for rule in RULES
    )


def measure(
    leads: pl.LazyFrame, routes: Sequence[Route], raw: Sequence[str] | None
) -> pl.LazyFrame:
    """Add `payload_bytes` (0 when far below the limit) and `has_nul`."""
    texts = [field for field, dtype in LEAD_FIELDS.items() if dtype == pl.String]
    n_bytes = pl.sum_horizontal(pl.col(field).str.len_bytes() for field in texts)
    whole = pl.struct(n_bytes.alias(_TEXT_BYTES), "route", *LEAD_FIELDS)
    sends = [route.send for route in routes]
    return leads.with_columns(
        whole.map_batches(
            lambda leads: measure_payloads(leads, sends),
            return_dtype=pl.UInt32(),
            is_elementwise=True,
        ).alias(PAYLOAD_BYTES),
        _has_nul(raw).alias(HAS_NUL),
    )


def measure_payloads(leads: pl.Series, sends: Sequence[Sequence[str]]) -> pl.Series:
    """Measure the JSON body of the leads that may be too large; 0 for all others.

    `leads` is a struct of `text_bytes`, `route` and the lead's fields. The body is the one that
    delivery builds, so it is exact; it is built only for leads whose text could reach the limit.
    """
    sizes = pl.zeros(len(leads), pl.UInt32(), eager=True)
    suspects = leads.struct.field(_TEXT_BYTES) > _SAFE_TEXT_BYTES
    if not suspects.any():
        return sizes
    measured = [_measure_payload(lead, sends) for lead in leads.filter(suspects)]
    return sizes.scatter(suspects.arg_true(), pl.Series(measured, dtype=pl.UInt32()))


def write_reasons(failed: pl.LazyFrame) -> pl.LazyFrame:
    """Add `reasons` and `hint` to rows that broke a rule, from their `fails:` columns."""
    names = [pl.when(pl.col(rule.flag)).then(pl.lit(rule.name)) for rule in RULES]
    hints = [pl.when(pl.col(rule.flag)).then(pl.lit(rule.hint)) for rule in RULES]
    return failed.with_columns(
        pl.concat_str(names, separator="; ", ignore_nulls=True).alias("reasons"),
        pl.concat_str(hints, separator=" ", ignore_nulls=True).alias("hint"),
    )


def _measure_payload(lead: dict[str, object], sends: Sequence[Sequence[str]]) -> int:
    route = lead["route"]
    if not isinstance(route, int) or route == UNROUTED:
        return 0
    return len(build_body({field: lead[field] for field in sends[route]}, "", ""))


def _has_nul(raw: Sequence[str] | None) -> pl.Expr:
    if not raw:
        return pl.lit(value=False)
    return pl.any_horizontal(
        pl.col(RAW + column).str.contains(_NUL, literal=True).fill_null(value=False)
        for column in raw
    )
