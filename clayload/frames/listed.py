"""Whom does a suppression list name?

In:    a file with an e-mail or a domain a line, or CSV with columns that mean email or domain.
Out:   `Listed`: the e-mails and domains as leads have them, each once.
Never: a line passed over that is neither: a misread opt-out is a lead wrongly sent.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from clayload.errors import Code, ConfigError
from clayload.frames.mail import AROUND_MAIL, is_domain, is_mail
from clayload.frames.text import read_domain
from clayload.tables.headers import HeaderAliases
from clayload.tables.problems import Place, describe_value, problem_at

_FIELDS = ("email", "domain")
_DELIMITERS = ",;\t|"
_AROUND = AROUND_MAIL + '"'
_LONGEST_HEADER = 10_000
_TEXT = pl.col("text")
_MEND = (
    "write ana@acme.example, acme.example or @acme.example, begin a note with #, and in CSV give "
    "the column a header that is mapped to `email` or `domain` (headers.yaml)"
)


@dataclass(frozen=True, slots=True)
class Listed:
    """Who is on a list: e-mails, and domains that stand for all below them, too."""

    emails: pl.Series
    domains: pl.Series


@dataclass(frozen=True, slots=True)
class _Header:
    """How the rows of a CSV list are divided, and which of their columns count."""

    delimiter: str
    n_columns: int
    columns: Sequence[int]


def read_list(path: Path, aliases: HeaderAliases) -> Listed:
    """Read a suppression list.

    Raises:
        ConfigError: SUPPRESSION_UNUSABLE: the file cannot be read, or a line is neither an e-mail
            nor a domain; with file, line and value.
    """
    lines = _read_lines(path)
    header = _find_header(lines, aliases)
    entries = lines if header is None else _read_columns(path, lines.slice(1), header)
    read = _read_entries(entries)
    _check_entries(path, read)
    return Listed(*(read.get_column(field).drop_nulls().unique() for field in _FIELDS))


def _read_lines(path: Path) -> pl.DataFrame:
    """Read the lines that are neither empty nor notes: `line` (from 1) and `text`."""
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        hint = "put the file there, or fix its path under suppression in tables.yaml"
        raise _refuse(Place(path), f"cannot be read: {error.strerror}", hint) from None
    except UnicodeDecodeError:
        raise _refuse(Place(path), "is not UTF-8 text", "save it as CSV UTF-8") from None
    lines = pl.Series("text", [text]).str.split("\n").explode().to_frame()
    bare = _TEXT.str.strip_chars()
    return lines.with_row_index("line", 1).filter((bare != "") & ~bare.str.starts_with("#"))


def _find_header(lines: pl.DataFrame, aliases: HeaderAliases) -> _Header | None:
    """Find out whether the first line is a header, and which delimiter makes it one."""
    first = next(iter(lines.get_column("text").head(1)), "")[:_LONGEST_HEADER]
    for delimiter in _DELIMITERS:
        cells = next(csv.reader([first], delimiter=delimiter), [])
        # `domain.name` is a domain, though it would pass for a header.
        named = [
            position
            for position, cell in enumerate(cells)
            if "." not in cell and aliases.field_for(cell) in _FIELDS
        ]
        if named:
            return _Header(delimiter, len(cells), named)
    return None


def _read_columns(path: Path, lines: pl.DataFrame, header: _Header) -> pl.DataFrame:
    """Read what stands in the columns that count: `line` and `text`, one for each filled cell.

    A row with nothing in them gives one empty `text`, unless the whole row is empty.
    """
    n_quotes = lines.get_column("text").str.count_matches('"', literal=True)
    is_begun = n_quotes.cum_sum().shift(1, fill_value=0) % 2 == 0
    # A field in quotes may go over several lines; a row stands where its first one does.
    begun = lines.filter(is_begun).get_column("line")
    rows = _parse_rows("\n".join(lines.get_column("text")), header)
    if rows is None or rows.height != begun.len() or n_quotes.sum() % 2:
        raise _refuse(
            Place(path),
            "is not CSV: a quote is opened and not closed",
            "close the quote, or save only the columns for email and domain",
        )
    every = rows.select(pl.all().str.strip_chars(_AROUND).fill_null("")).with_columns(begun)
    filled = every.filter(pl.any_horizontal(pl.exclude("line") != ""))
    counted = [f"{position}" for position in header.columns]
    is_bare = pl.all_horizontal(pl.col(counted) == "")
    cells = [filled.select("line", pl.col(name).alias("text")) for name in counted]
    bare = filled.filter(is_bare).select("line", pl.lit("").alias("text"))
    return pl.concat([*(each.filter(_TEXT != "") for each in cells), bare])


def _parse_rows(text: str, header: _Header) -> pl.DataFrame | None:
    schema = {f"{position}": pl.String for position in range(header.n_columns)}
    if not text:
        return pl.DataFrame(schema=schema)
    try:
        return pl.read_csv(
            text.encode(),
            has_header=False,
            schema=schema,
            separator=header.delimiter,
            truncate_ragged_lines=True,
        )
    except pl.exceptions.PolarsError:
        return None


def _read_entries(entries: pl.DataFrame) -> pl.DataFrame:
    """Add `email` and `domain`, of which each line has one, cleaned as those of leads are."""
    clean = _TEXT.str.normalize("NFC").str.strip_chars(_AROUND).str.to_lowercase()
    told = entries.with_columns(clean.alias("clean"))
    bare = pl.col("clean").str.strip_prefix("@")
    # What is left with an @ was meant for an e-mail: its domain would be a whole company; and what
    # has several words is a sentence.
    told = told.with_columns(
        pl.when(is_mail(pl.col("clean"))).then("clean").alias("email"),
        pl.when(~bare.str.contains(r"[\s@]")).then(bare).alias("domain"),
    )
    domains = read_domain(told.get_column("domain")).alias("domain")
    return told.with_columns(domains).with_columns(
        pl.when(is_domain(pl.col("domain"))).then("domain")
    )


def _check_entries(path: Path, read: pl.DataFrame) -> None:
    neither = pl.col("email").is_null() & pl.col("domain").is_null()
    bad = read.filter(neither).sort("line")
    if bad.is_empty():
        return
    line, value = bad.select("line", "text").row(0)
    more = f", and {bad.height - 1:,} more like it" if bad.height > 1 else ""
    what = f"is neither an e-mail nor a domain: {describe_value(value.strip())}{more}"
    raise _refuse(Place(path, line), what, _MEND)


def _refuse(place: Place, what: str, hint: str) -> ConfigError:
    return problem_at(place, Code.SUPPRESSION_UNUSABLE, what, hint=hint)
