"""What did the person mean who typed this?

In:    a Series of text as delivered.
Out:   a Series of clean text, numbers, instants or domains; null where it cannot be told.
Never: a guess between two readings: 03/11/2026 is read one documented way, or not at all.

These are functions of Series, not of expressions, because the quick way depends on the data: most
values are plain, and only the rest pays for the careful reading.
"""

from __future__ import annotations

from datetime import datetime

import polars as pl

MAX_EMPLOYEES = 10_000_000
EARLIEST = datetime(1990, 1, 1)  # noqa: DTZ001 -- the column is naive UTC until the last step
LATEST = datetime(2100, 1, 1)  # noqa: DTZ001 -- the column is naive UTC until the last step

_MOMENT_FORMATS = (
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d %H:%M:%S UTC",
)
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
_CLOCK_FORMATS = ("%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%m/%d/%Y %I:%M %p", "%d.%m.%Y %H:%M")
# Excel counts days from here when a date cell lost its format; 20000 to 80000 are 1954 to 2119.
_EXCEL_EPOCH = pl.lit(datetime(1899, 12, 30))  # noqa: DTZ001 -- naive UTC, as above
_EXCEL_SERIAL = r"^[2-7]\d{4}(?:\.\d+)?$"
_DAY_US = 86_400_000_000

_THOUSANDS = r"\d{1,3}(?:[,.'\u{a0}\u{202f} ]\d{3})+"
_NUMBER = rf"{_THOUSANDS}|\d+(?:\.\d+)?"
_HEADCOUNT = (
    rf"^[~>≥]?\s*(?:({_THOUSANDS})|(\d+(?:\.\d+)?))\s*([km]?)\s*"
    rf"(?:\+|(?:-|–|—|to)\s*(?:{_NUMBER})\s*[km]?)?\s*(?:employees|people)?$"
)
_LOWER_WITHOUT_UNIT = rf"^[~>≥]?\s*(?:{_NUMBER})\s*(?:-|–|—|to)\s*(?:{_NUMBER})\s*[km]"

_DOMAIN = r"^[^\s/?#:@.]+(?:\.[^\s/?#:@.]+)+$"
_URL = r"^(?:[a-z]+://)?(?:[^/@\s]*@)?(?:www\.)?([^\s/?#:@]+\.[^\s/?#:@.]+)\.?(?:[/?#:].*)?$"


def compose(text: pl.Series) -> pl.Series:
    """Bring text to Unicode NFC, so that one name has one spelling."""
    if text.str.len_bytes().sum() == text.str.len_chars().sum():
        return text  # pure ASCII
    # Below U+0300 nothing is ever combined, so most accents need no look either.
    combined = text.str.contains(r"[^\x00-\u{2ff}]").fill_null(value=False)
    if not combined.any():
        return text
    return text.zip_with(~combined, text.set(~combined, None).str.normalize("NFC"))


def read_headcount(text: pl.Series) -> pl.Series:
    """Read `1,200`, `51-200` (51, the lower bound), `10,001+`, `5k`, `1.2K` as Int64."""
    quick = text.cast(pl.Int64, strict=False)
    rest = text.set(quick.is_not_null(), None)
    if rest.null_count() < len(rest):
        quick = quick.zip_with(quick.is_not_null(), _read_headcount_words(rest))
    return quick.set((quick < 0) | (quick > MAX_EMPLOYEES), None)


def read_moment(text: pl.Series) -> pl.Series:
    """Read dates and times as `Datetime("us", "UTC")`; without a zone they are taken as UTC.

    Slashes are month first (`11/03/2026` is 3 November), dots are day first (`03.11.2026`).
    """
    found = _parse(text, "%+", time_zone="UTC").dt.replace_time_zone(None)
    for form in _MOMENT_FORMATS + _DAY_FORMATS + _CLOCK_FORMATS:
        rest = text.set(found.is_not_null(), None)
        if rest.null_count() == len(rest):
            break
        found = found.zip_with(found.is_not_null(), _parse(rest, form))
    found = found.zip_with(found.is_not_null(), _read_excel_serial(text))
    sane = found.is_between(EARLIEST, LATEST)
    return found.set(~sane, None).dt.replace_time_zone("UTC")


def read_domain(text: pl.Series) -> pl.Series:
    """Read the bare domain of a web address: `https://www.Acme.example/about` -> `acme.example`."""
    lower = text.str.to_lowercase()
    bare = lower.str.strip_prefix("https://").str.strip_prefix("http://").str.strip_prefix("www.")
    quick = bare.str.split_exact("/", 1).struct.field("field_0")
    quick = quick.set(~quick.str.contains(_DOMAIN), None)
    rest = lower.set(quick.is_not_null(), None)
    if rest.null_count() == len(rest):
        return quick
    return quick.zip_with(quick.is_not_null(), rest.str.extract(_URL, 1))


def _read_headcount_words(text: pl.Series) -> pl.Series:
    lower = text.str.to_lowercase().rename("text")
    parts = lower.str.extract_groups(_HEADCOUNT).struct.unnest()
    thousands = parts["1"].str.replace_all(r"\D", "").cast(pl.Float64, strict=False)
    plain = parts["2"].cast(pl.Float64, strict=False)
    unit = parts["3"].replace_strict({"k": 1e3, "m": 1e6, "": 1.0}, return_dtype=pl.Float64)
    number = thousands.zip_with(thousands.is_not_null(), plain) * unit
    # In `1-5k` the unit may belong to both or to one.
    unclear = lower.str.contains(_LOWER_WITHOUT_UNIT).fill_null(value=False)
    return number.set(unclear | (number > MAX_EMPLOYEES), None).round().cast(pl.Int64)


def _read_excel_serial(text: pl.Series) -> pl.Series:
    days = text.set(~text.str.contains(_EXCEL_SERIAL), None).cast(pl.Float64, strict=False)
    elapsed = (days * _DAY_US).round().cast(pl.Int64).cast(pl.Duration("us"))
    return elapsed.to_frame("elapsed").select(_EXCEL_EPOCH + pl.col("elapsed")).to_series()


def _parse(text: pl.Series, form: str, time_zone: str | None = None) -> pl.Series:
    if form in _DAY_FORMATS:
        return text.str.to_date(form, strict=False).cast(pl.Datetime("us"))
    return text.str.to_datetime(form, time_unit="us", time_zone=time_zone, strict=False)
