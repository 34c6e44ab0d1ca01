"""How are accepted leads cut into chunks, and what are the chunks called?

In:    the accepted rows (`row_number`, `route`, `lead_key`, in file order) and the wanted sizes.
Out:   chunk plans with ids by content, and their Parquet files.
Never: a lead in two chunks or in none; an id that depends on time, machine or library.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import ceil
from pathlib import Path

import polars as pl

from clayload.errors import Code, RunError
from clayload.frames.route import Route

SPAN_ROWS = 250_000
"""Leads of one table held in memory while their chunks are written."""

_ID_LENGTH = 12


@dataclass(frozen=True, slots=True)
class ChunkPlan:
    """A chunk to be written: `n_leads` of one route, from `first_row` to `last_row`."""

    route: int
    chunk_id: str
    n_leads: int
    first_row: int
    last_row: int


def choose_chunk_size(n_leads: Sequence[int], chunk_rows: int, max_chunks: int) -> int:
    """Choose how many leads a chunk takes, given the accepted leads of each table.

    `chunk_rows`, or the smallest size with which all tables together have at most `max_chunks`
    chunks; each table with leads needs one at least.
    """
    filled = [n for n in n_leads if n]
    most = max(max_chunks, len(filled))
    low, high = chunk_rows, max([chunk_rows, *filled])
    while low < high:
        middle = (low + high) // 2
        if sum(ceil(n / middle) for n in filled) <= most:
            high = middle
        else:
            low = middle + 1
    return low


def plan_chunks(
    accepted: pl.DataFrame, routes: Sequence[Route], size: int, identity: str
) -> tuple[ChunkPlan, ...]:
    """Cut each route's accepted leads, in file order, into chunks of `size`.

    `identity` stands for extract and configuration: the same leads under another identity get
    other ids.
    """
    return tuple(
        plan
        for position, route in enumerate(routes)
        for plan in _plan_route(
            accepted.filter(pl.col("route") == position), position, route, (size, identity)
        )
    )


def write_chunks(
    leads: pl.LazyFrame, plans: Sequence[ChunkPlan], routes: Sequence[Route], folder: Path
) -> tuple[Path, ...]:
    """Write the planned chunks as `<folder>/<table>/<chunk_id>.parquet`, in the order of `plans`.

    `leads` has `row_number`, `route`, `lead_key` and the lead's fields, in file order, and holds
    no lead of a planned row range that is not planned.

    Raises:
        OSError: the folder cannot be written.
        RunError: BOOKS_UNBALANCED, when the leads are not the planned ones.
    """
    paths = tuple(
        folder / routes[plan.route].table / f"{plan.chunk_id}.parquet" for plan in plans
    )
    for parent in {path.parent for path in paths}:
        parent.mkdir(parents=True, exist_ok=True)
    path_of = dict(zip(plans, paths, strict=True))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for span in _cut_spans(plans):
            frame = _read_span(leads, span, routes[span[0].route])
            list(pool.map(lambda cut: _write(*cut), _cut(frame, span, path_of)))
    return paths


def _cut_spans(plans: Sequence[ChunkPlan]) -> Iterator[list[ChunkPlan]]:
    """Group consecutive chunks of a route so that no group holds many more than SPAN_ROWS."""
    span: list[ChunkPlan] = []
    for plan in plans:
        full = sum(held.n_leads for held in span) + plan.n_leads > SPAN_ROWS
        if span and (full or plan.route != span[0].route):
            yield span
            span = []
        span.append(plan)
    if span:
        yield span


def _read_span(leads: pl.LazyFrame, span: Sequence[ChunkPlan], route: Route) -> pl.DataFrame:
    in_span = pl.col("row_number").is_between(span[0].first_row, span[-1].last_row)
    frame = (
        leads.filter(in_span & (pl.col("route") == span[0].route))
        .select("row_number", "lead_key", *route.send)
        .collect(engine="streaming")
    )
    n_planned = sum(plan.n_leads for plan in span)
    if frame.height != n_planned:
        raise RunError(
            Code.BOOKS_UNBALANCED,
            f"{route.table}: {n_planned} leads were planned and {frame.height} found",
            hint="did the extract change during the load? Start it again",
            table=route.table,
        )
    return frame


def _cut(
    frame: pl.DataFrame, span: Sequence[ChunkPlan], path_of: dict[ChunkPlan, Path]
) -> Iterator[tuple[pl.DataFrame, Path]]:
    start = 0
    for plan in span:
        yield frame.slice(start, plan.n_leads), path_of[plan]
        start += plan.n_leads


def _write(frame: pl.DataFrame, path: Path) -> None:
    frame.write_parquet(path, compression="lz4", statistics=False)


def _plan_route(
    leads: pl.DataFrame, position: int, route: Route, terms: tuple[int, str]
) -> Iterator[ChunkPlan]:
    size, identity = terms
    seed = "\0".join((identity, route.table, route.filter, *route.key, "", *route.send))
    cuts = (
        leads.with_row_index("position")
        .group_by(pl.col("position") // size, maintain_order=True)
        .agg(
            pl.len(),
            pl.col("row_number").first().alias("first"),
            pl.col("row_number").last().alias("last"),
            pl.col("lead_key").str.join("\n"),
        )
    )
    for index, n_leads, first, last, keys in cuts.iter_rows():
        digest = hashlib.sha256(f"{seed}\0{first}\0{last}\0{keys}".encode()).hexdigest()
        chunk_id = f"{route.table}-{index + 1:04d}-{digest[:_ID_LENGTH]}"
        yield ChunkPlan(position, chunk_id, n_leads, first, last)
