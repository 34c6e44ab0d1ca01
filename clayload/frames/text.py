"""What did the person mean who typed this?

In:    a Series of text as delivered.
Out:   a Series of clean text, numbers, instants or domains; null where it cannot be told.
Never: a guess between two readings: 03/11/2026 is read one documented way, or not at all.

These are functions of Series, not of expressions, because the quick way depends on the data: most
values are plain, and only the rest pays for the careful reading.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import lru_cache

import polars as pl

MAX_EMPLOYEES = 10_000_000
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)

_VALUE = pl.col("value")
_MAY_COMBINE = r"[^\x00-\x{2ff}]"

_RFC_3339 = "%+"
_DAY_FORMATS = (
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%m/%d/%Y",
    "%d.%m.%Y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%d %b %Y",
    "%d %B %Y",
    "%d-%b-%Y",
)
_OTHER_FORMATS = (
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d %H:%M:%S UTC",
    *_DAY_FORMATS,
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y %I:%M %p",
    "%d.%m.%Y %H:%M",
)
# Excel counts days from here when a date cell lost its format; 20000 to 79999 are 1954 to 2119.
_EXCEL_EPOCH = pl.lit(date(1899, 12, 30)).cast(pl.Datetime("us"))
_EXCEL_SERIAL = r"^[2-7]\d{4}(?:\.\d+)?$"
_DAY_US = 86_400_000_000

_THOUSANDS = r"\d{1,3}(?:[,.'\u00a0\u202f ]\d{3})+"
_NUMBER = rf"(?:{_THOUSANDS}|\d+(?:\.\d+)?)"
_SEPARATOR = re.compile(r"\D")
_HEADCOUNT = re.compile(
    rf"[~>≥]?\s*(?:(?P<thousands>{_THOUSANDS})|(?P<plain>\d+(?:\.\d+)?))\s*(?P<unit>[km]?)\s*"
    rf"(?:\+|(?:-|–|—|to)\s*{_NUMBER}\s*(?P<upper_unit>[km]?))?\s*(?:employees|people)?",  # noqa: RUF001 -- a dash between two figures is often an en dash
    re.ASCII,
)
_UNITS = {"": 1, "k": 1_000, "m": 1_000_000}

_DOMAIN = r"^[^\s/?#:@.]+(?:\.[^\s/?#:@.]+)+$"
_HOST = pl.coalesce(_VALUE.str.split_exact("/", 3).struct.field("field_2"), _VALUE)
_BARE = _HOST.str.to_lowercase().str.strip_prefix("www.")
_QUICK_DOMAIN = pl.when(_BARE.str.contains(_DOMAIN)).then(_BARE)
_CAREFUL_DOMAIN = _VALUE.str.to_lowercase().str.extract(
    r"^(?:[a-z]+://)?(?:[^/@\s]*@)?(?:www\.)?([^\s/?#:@]+\.[^\s/?#:@.]+)\.?(?:[/?#:].*)?$", 1
)


def compose(frame: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """Bring text columns to Unicode NFC, so that one name has one spelling."""
    text = pl.col(columns)
    accented = text.filter(text.str.len_bytes() != text.str.len_chars())
    # Below U+0300 nothing is ever combined, so most accents need no change either.
    combined = frame.select(accented.str.contains(_MAY_COMBINE).any()).row(0, named=True)
    changed = [column for column, is_combined in combined.items() if is_combined]
    return frame.with_columns(pl.col(changed).str.normalize("NFC")) if changed else frame


def read_headcount(text: pl.Series) -> pl.Series:
    """Read `1,200`, `51-200` (51, the lower bound), `10,001+`, `5k`, `1.2K` as Int64."""
    # Sizes repeat: a few dozen spellings stand for a million leads.
    spellings = text.unique().to_list()
    counts = pl.Series([_read_count(spelling) for spelling in spellings], dtype=pl.Int64)
    return text.replace_strict(pl.Series(spellings, dtype=pl.String), counts)


def read_moment(text: pl.Series) -> pl.Series:
    """Read dates and times as `Datetime("us", "UTC")`; without a zone they are taken as UTC.

    Slashes are month first (`11/03/2026` is 3 November), dots are day first (`03.11.2026`).
    """
    found = _parse(text, _RFC_3339)
    for form in _OTHER_FORMATS:
        if found.null_count() == text.null_count():
            break
        found = found.zip_with(found.is_not_null(), _parse(_take_rest(text, found), form))
    if found.null_count() > text.null_count():
        found = found.zip_with(found.is_not_null(), _read_excel_serial(_take_rest(text, found)))
    sane = found.is_between(EARLIEST, LATEST)
    return found if sane.all() else found.set(~sane, None)


def read_domain(text: pl.Series) -> pl.Series:
    """Read the bare domain of a web address: `https://www.Acme.example/about` -> `acme.example`."""
    quick = _apply(text, _QUICK_DOMAIN)
    if quick.null_count() == text.null_count():
        return quick
    careful = _apply(_take_rest(text, quick), _CAREFUL_DOMAIN)
    return quick.zip_with(quick.is_not_null(), careful)


@lru_cache(maxsize=1 << 16)
def _read_count(spelling: str | None) -> int | None:
    match = _HEADCOUNT.fullmatch((spelling or "").lower())
    if match is None:
        return None
    number = float(_SEPARATOR.sub("", match["thousands"]) if match["thousands"] else match["plain"])
    # In `1-5k` the unit may belong to both ends or to one.
    if match["upper_unit"] and not match["unit"]:
        return None
    count = round(number * _UNITS[match["unit"]])
    return count if count <= MAX_EMPLOYEES else None


def _read_excel_serial(text: pl.Series) -> pl.Series:
    days = pl.when(_VALUE.str.contains(_EXCEL_SERIAL)).then(_VALUE).cast(pl.Float64, strict=False)
    elapsed = (days * _DAY_US).round().cast(pl.Int64).cast(pl.Duration("us"))
    return _apply(text, (_EXCEL_EPOCH + elapsed).dt.replace_time_zone("UTC"))


def _parse(text: pl.Series, form: str) -> pl.Series:
    if form in _DAY_FORMATS:
        moment = _VALUE.str.to_date(form, strict=False).cast(pl.Datetime("us"))
    else:
        zone = "UTC" if form == _RFC_3339 else None
        moment = _VALUE.str.to_datetime(form, time_unit="us", time_zone=zone, strict=False)
    return _apply(text, moment if form == _RFC_3339 else moment.dt.replace_time_zone("UTC"))


def _take_rest(text: pl.Series, found: pl.Series) -> pl.Series:
    """Keep only what is still to be found; the rest is null, and costs nothing."""
    return text.set(found.is_not_null(), None)


def _apply(text: pl.Series, expr: pl.Expr) -> pl.Series:
    # One select is one call into polars; a chain of Series methods is one call for each.
    return text.to_frame("value").select(expr).to_series()

