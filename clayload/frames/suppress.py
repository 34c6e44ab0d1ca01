"""Which leads does their table do without?

In:    the row_ends of all rows, with the leads' addresses, and the suppression lists.
Out:   the row_ends with `suppressed_by`: the first rule that keeps a lead from its table, or null.
Never: a lead let through because another row of it says less: who is on a list by one row is on it
       by every row with the same e-mail.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from clayload.frames.lead import MAIL_DOMAIN
from clayload.frames.listed import Listed
from clayload.frames.route import Route
from clayload.tables.suppression import MailKind

SUPPRESSED_BY = "suppressed_by"
ADDRESSES = ("email", MAIL_DOMAIN, "domain")
"""The columns that lists are held against; the row_ends have them where a route has any rule."""

_KINDS = tuple(kind.value for kind in MailKind)
_LISTED = "listed:"
_LONGEST_DOMAIN = 253  # RFC 1035, section 2.3.4, as text


def mark_suppressed(
    row_ends: pl.DataFrame, routes: Sequence[Route], lists: Mapping[str, Listed]
) -> pl.DataFrame:
    """Add `suppressed_by`: of the rules that its table has for a lead, the first, by name.

    A lead without a table has none.
    """
    names = pl.Enum([*lists, *_KINDS])
    if not any(route.suppressed_by for route in routes):
        return row_ends.with_columns(pl.lit(None, names).alias(SUPPRESSED_BY))
    climbed = _climb(row_ends, lists)
    marked = row_ends.with_columns(
        _find_listed(row_ends, listed, climbed).alias(_LISTED + name)
        for name, listed in lists.items()
    )
    found = marked.with_columns(_choose_rule(routes, names).alias(SUPPRESSED_BY))
    return found.drop(_LISTED + name for name in lists)


def _choose_rule(routes: Sequence[Route], names: pl.Enum) -> pl.Expr:
    """Name the first rule of its route that takes a lead; a lead has one route at most."""
    taken = [
        pl.when((pl.col("route") == position) & pl.col(_column_of(rule))).then(pl.lit(rule, names))
        for position, route in enumerate(routes)
        for rule in route.suppressed_by
    ]
    return pl.coalesce(taken)


def _column_of(rule: str) -> str:
    return rule if rule in _KINDS else _LISTED + rule


def _find_listed(row_ends: pl.DataFrame, listed: Listed, climbed: pl.DataFrame) -> pl.Series:
    """Tell of each row whether the list has its e-mail, its domain, or one above that."""
    above = listed.domains.alias("above").to_frame()
    domains = climbed.join(above, on="above", how="semi").get_column("domain").unique().implode()
    is_named = (
        pl.col("email").is_in(listed.emails.implode())
        | pl.col(MAIL_DOMAIN).is_in(domains)
        | pl.col("domain").is_in(domains)
    )
    named = row_ends.select(is_named.fill_null(value=False)).to_series()
    people = row_ends.get_column("email").filter(named).drop_nulls().unique().implode()
    is_same = pl.col("email").is_in(people).fill_null(value=False)
    return named | row_ends.select(is_same).to_series()


def _climb(row_ends: pl.DataFrame, lists: Mapping[str, Listed]) -> pl.DataFrame:
    """Give every domain of the leads with itself and each domain above: `domain`, `above`."""
    if all(listed.domains.is_empty() for listed in lists.values()):
        return pl.DataFrame(schema={"domain": pl.String, "above": pl.String})
    both = [row_ends.get_column(name).alias("domain") for name in (MAIL_DOMAIN, "domain")]
    every = pl.concat(both).drop_nulls().unique().to_frame()
    level = every.filter(pl.col("domain").str.len_bytes() <= _LONGEST_DOMAIN)
    level = level.with_columns(pl.col("domain").alias("above"))
    levels = [level]
    while not level.is_empty():
        next_up = pl.col("above").str.splitn(".", 2).struct.field("field_1")
        level = level.with_columns(next_up.alias("above")).drop_nulls()
        levels.append(level)
    return pl.concat(levels)
