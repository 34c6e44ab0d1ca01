"""Which Clay table does a lead go to, and what is its key there?

In:    leads as `to_leads` makes them, and the tables in the order of `tables.yaml`.
Out:   the same rows with `route` (position of the table, `UNROUTED` for none), `n_matches`, and
       `lead_key`: the table's key columns joined by "|", lower-case; null when one is missing.
Never: a lead in two tables: the first match wins, the others are counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import polars as pl

from clayload.tables.filters import parse_filter
from clayload.tables.tables_file import TablesConfig

UNROUTED = -1
UNROUTED_KEY = ("email",)
ROUTE = pl.Int16()
KEY_SEPARATOR = "|"


@dataclass(frozen=True, slots=True)
class Route:
    """The part of a table's entry that frames need; without a filter it takes every lead.

    `suppressed_by` names the lists, and then the kinds of addresses, that the table does without.
    """

    table: str
    filter: str | None
    key: tuple[str, ...]
    fields: tuple[str, ...]
    suppressed_by: tuple[str, ...] = ()


def list_routes(config: TablesConfig, only_table: str | None = None) -> tuple[Route, ...]:
    """List the routes in the order in which they are tried, or the one that takes every lead."""
    if only_table is not None:
        return (replace(_read_route(only_table, config), filter=None),)
    return tuple(_read_route(name, config) for name in config.tables)


def _read_route(name: str, config: TablesConfig) -> Route:
    table = config.tables[name]
    lists = [listed for listed, one in config.suppression.items() if one.holds_for(name)]
    kinds = [kind.value for kind in table.suppress]
    return Route(name, table.filter, table.key, table.fields, (*lists, *kinds))


def route_leads(leads: pl.LazyFrame, routes: Sequence[Route]) -> pl.LazyFrame:
    """Give every lead its route, key, and the number of tables it matches.

    Raises:
        ConfigError: CONFIG_BAD_FILTER, from a route's filter.
    """
    flags = [f"match:{position}" for position in range(len(routes))]
    matches = [_matches(route).alias(flag) for flag, route in zip(flags, routes, strict=True)]
    return (
        leads.with_columns(matches)
        .with_columns(
            _first_match(flags).alias("route"),
            pl.sum_horizontal(pl.col(flag).cast(pl.UInt8) for flag in flags).alias("n_matches"),
        )
        .with_columns(_choose_key(routes).alias("lead_key"))
        .drop(flags)
    )


def build_key(fields: Sequence[str]) -> pl.Expr:
    """Join key fields; null when one of them is."""
    parts = [pl.col(field).cast(pl.String).str.to_lowercase() for field in fields]
    # E-mail is lower-case already, and by far the most usual key.
    if tuple(fields) == UNROUTED_KEY:
        return pl.col("email")
    return pl.concat_str(parts, separator=KEY_SEPARATOR)


def _matches(route: Route) -> pl.Expr:
    return pl.lit(value=True) if route.filter is None else parse_filter(route.filter)


def _first_match(flags: Sequence[str]) -> pl.Expr:
    route = pl.lit(UNROUTED, ROUTE)
    for position, flag in reversed(list(enumerate(flags))):
        route = pl.when(pl.col(flag)).then(pl.lit(position, ROUTE)).otherwise(route)
    return route


def _choose_key(routes: Sequence[Route]) -> pl.Expr:
    key = build_key(UNROUTED_KEY)
    by_fields = sorted((route.key, position) for position, route in enumerate(routes))
    for fields, group in groupby(by_fields, key=lambda pair: pair[0]):
        if fields != UNROUTED_KEY:
            positions = [position for _, position in group]
            key = pl.when(pl.col("route").is_in(positions)).then(build_key(fields)).otherwise(key)
    return key
