"""How are accepted leads cut into chunks, and what are the chunks called?

In:    the accepted rows (`row_number`, `route`, `lead_key`, in file order) and the wanted sizes.
Out:   chunk plans with ids by content, and their Parquet files.
Never: a lead in two chunks or in none; an id that depends on time, machine or library.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import ceil
from pathlib import Path

import polars as pl

from clayload.delivery.payload import build_body
from clayload.errors import Code, RunError
from clayload.frames.route import Route
from clayload.model import ChunkRef

SPAN_ROWS = 250_000
"""Leads held in memory while chunks are cut from them."""

_ID_LENGTH = 12


@dataclass(frozen=True, slots=True)
class Staged:
    """A Parquet file of leads in file order, and the row numbers in it that are not sent.

    Columns: `row_number`, `route`, `lead_key` and every field of the lead.
    """

    path: Path
    skip: pl.Series


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
    staged: Staged, plans: Sequence[ChunkPlan], routes: Sequence[Route], folder: Path
) -> tuple[Path, ...]:
    """Write the planned chunks as `<folder>/<table>/<chunk_id>.parquet`, in the order of `plans`.

    Raises:
        OSError: the folder cannot be written.
        RunError: BOOKS_UNBALANCED, when the leads are not the planned ones.
    """
    paths = tuple(folder / routes[plan.route].table / f"{plan.chunk_id}.parquet" for plan in plans)
    for parent in {path.parent for path in paths}:
        parent.mkdir(parents=True, exist_ok=True)
    writers = [
        _RouteWriter(route, [pair for pair in zip(plans, paths, strict=True) if pair[0].route == n])
        for n, route in enumerate(routes)
    ]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for span in _read_spans(staged):
            for position, writer in enumerate(writers):
                ready = writer.take(span.filter(pl.col("route") == position))
                list(pool.map(lambda cut: _write(*cut), ready))
    for writer in writers:
        writer.check_done()
    return paths


class _RouteWriter:
    """Cuts one route's leads, as they come, into its planned chunks."""

    def __init__(self, route: Route, plans: Sequence[tuple[ChunkPlan, Path]]) -> None:
        self._route = route
        self._plans = deque(plans)
        self._held: list[pl.DataFrame] = []

    def take(self, leads: pl.DataFrame) -> list[tuple[pl.DataFrame, Path]]:
        """Take the next leads; gives the chunks that are whole now, with their files."""
        self._held.append(leads.select("row_number", "lead_key", *self._route.fields))
        held = pl.concat(self._held)
        ready, start = [], 0
        while self._plans and start + self._plans[0][0].n_leads <= held.height:
            plan, path = self._plans.popleft()
            ready.append((self._check(plan, held.slice(start, plan.n_leads)), path))
            start += plan.n_leads
        self._held = [held.slice(start)] if self._plans else []
        return ready

    def check_done(self) -> None:
        """Check that every planned chunk was written."""
        if self._plans:
            raise self._refuse(self._plans[0][0])

    def _check(self, plan: ChunkPlan, leads: pl.DataFrame) -> pl.DataFrame:
        numbers = leads.get_column("row_number")
        if (numbers[0], numbers[-1]) != (plan.first_row, plan.last_row):
            raise self._refuse(plan)
        return leads

    def _refuse(self, plan: ChunkPlan) -> RunError:
        return RunError(
            Code.BOOKS_UNBALANCED,
            f"{plan.chunk_id} was planned with other leads than were staged",
            hint="did the extract change during the load? Start it again",
            table=self._route.table,
        )


def _read_spans(staged: Staged) -> Iterator[pl.DataFrame]:
    scanned = pl.scan_parquet(staged.path)
    n_rows = scanned.select(pl.len()).collect(engine="streaming").item()
    for start in range(0, n_rows, SPAN_ROWS):
        span = scanned.slice(start, SPAN_ROWS).collect(engine="streaming")
        yield span.filter(~pl.col("row_number").is_in(staged.skip.implode()))


def _write(frame: pl.DataFrame, path: Path) -> None:
    # Written by Python, so that a full disk is an OSError.
    encoded = io.BytesIO()
    frame.write_parquet(encoded, compression="uncompressed", statistics=False)
    path.write_bytes(encoded.getbuffer())


def _plan_route(
    leads: pl.DataFrame, position: int, route: Route, terms: tuple[int, str]
) -> Iterator[ChunkPlan]:
    size, identity = terms
    seed = "\0".join((identity, route.table, route.filter or "", *route.key, "", *route.fields))
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


def read_bodies(ref: ChunkRef) -> dict[str, bytes]:
    """Read a chunk file into bodies by lead_key, in file order."""
    rows = pl.read_parquet(ref.path).drop("row_number").iter_rows(named=True)
    return {
        lead_key: build_body(lead, lead_key, ref.run_id)
        for lead in rows
        if (lead_key := lead.pop("lead_key"))
    }
