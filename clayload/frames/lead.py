"""Which lead stands in a delivered row?

In:    `row_number`, `file_index` and the delivered columns as `raw:<column>`, all String.
Out:   the same rows with every field of `LEAD_FIELDS`, clean and typed, and what was typed where
       a number or a date was expected (`employee_count:text`, `created_at:text`), `mail_domain`,
       and `personal_mail`, never null.
Never: a row dropped, and never an exception for a value: what cannot be read is null here and a
       rule's business in `screen`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import polars as pl

from clayload.frames.mail import AROUND_MAIL, is_personal, mail_domain
from clayload.frames.source import RAW
from clayload.frames.text import read_domain, read_headcount, read_moment, tidy
from clayload.lead_schema import LEAD_SCHEMA
from clayload.model import LEAD_FIELDS
from clayload.tables.suppression import MailKind

COUNT_TEXT = "employee_count:text"
MOMENT_TEXT = "created_at:text"
MAIL_DOMAIN = "mail_domain"
PERSONAL_MAIL = MailKind.PERSONAL_MAIL.value
_SITE_DOMAIN = "website:domain"

_TYPED_FROM = {"employee_count": COUNT_TEXT, "created_at": MOMENT_TEXT}
_AROUND = {"email": AROUND_MAIL}
_TWO_WORDS = r"^(\S+) (\S+)$"

Columns = Mapping[str, Sequence[str]]
Reader = Callable[[pl.Series], pl.Series]


def to_leads(rows: pl.LazyFrame, columns_of: Columns) -> pl.LazyFrame:
    """Read leads; `columns_of` gives each field's columns, the first filled one counts."""
    delivered = [_text_name(field) for field in LEAD_FIELDS if field in columns_of]
    return (
        rows.with_columns(_read_text(columns_of))
        .map_batches(
            lambda frame: tidy(frame, delivered),
            streamable=True,
            validate_output_schema=False,
        )
        .with_columns(_normalise(columns_of))
        .with_columns(is_personal(pl.col(MAIL_DOMAIN)).fill_null(value=False).alias(PERSONAL_MAIL))
        .with_columns(_complete(columns_of))
    )


def differs(columns: Sequence[str]) -> pl.Expr:
    """Tell in which rows several columns for one field hold different values."""
    first, *others = (_fill(column) for column in columns)
    taken = pl.coalesce(first, *others)
    return pl.any_horizontal((other != taken).fill_null(value=False) for other in others)


def _read_text(columns_of: Columns) -> list[pl.Expr]:
    return [
        _first_filled(columns_of.get(field, ()), _AROUND.get(field)).alias(_text_name(field))
        for field in LEAD_FIELDS
    ]


def _text_name(field: str) -> str:
    return _TYPED_FROM.get(field, field)


def _first_filled(columns: Sequence[str], around: str | None) -> pl.Expr:
    if len(columns) == 1:
        return _trim(columns[0], around)
    filled = [_fill(column, around) for column in columns]
    return pl.coalesce(filled) if filled else pl.lit(None, pl.String())


def _trim(column: str, around: str | None = None) -> pl.Expr:
    """Take white space, or the characters `around`, off a value."""
    return pl.col(RAW + column).str.strip_chars(around)


def _fill(column: str, around: str | None = None) -> pl.Expr:
    trimmed = _trim(column, around)
    return pl.when(trimmed != "").then(trimmed)


def _normalise(columns_of: Columns) -> list[pl.Expr]:
    mail = pl.col("email").str.to_lowercase()
    return [
        mail,
        mail_domain(mail).alias(MAIL_DOMAIN),
        _read("employee_count", COUNT_TEXT, read_headcount, columns_of),
        _read("created_at", MOMENT_TEXT, read_moment, columns_of),
        _read("domain", "domain", read_domain, columns_of),
        _read("website", "website", read_domain, columns_of).alias(_SITE_DOMAIN),
    ]


def _read(field: str, column: str, read: Reader, columns_of: Columns) -> pl.Expr:
    """Read a column with `read`; a field that was not delivered costs nothing."""
    dtype = LEAD_SCHEMA[field]
    if field not in columns_of:
        return pl.lit(None, dtype).alias(field)
    return pl.col(column).map_batches(read, return_dtype=dtype, is_elementwise=True).alias(field)


def _complete(columns_of: Columns) -> list[pl.Expr]:
    company_mail = pl.when(~pl.col(PERSONAL_MAIL)).then(pl.col(MAIL_DOMAIN))
    parts = pl.concat_str("first_name", "last_name", separator=" ", ignore_nulls=True)
    joined = pl.when(parts != "").then(parts)
    exprs = [
        pl.coalesce("domain", _SITE_DOMAIN, company_mail),
        pl.coalesce("full_name", joined),
    ]
    return exprs + (_split_name() if "full_name" in columns_of else [])


def _split_name() -> list[pl.Expr]:
    """Split a full name of exactly two words, where neither part was delivered."""
    no_parts = pl.col("first_name").is_null() & pl.col("last_name").is_null()
    full = pl.when(no_parts).then(pl.col("full_name"))
    return [
        pl.coalesce("first_name", full.str.extract(_TWO_WORDS, 1)),
        pl.coalesce("last_name", full.str.extract(_TWO_WORDS, 2)),
    ]
