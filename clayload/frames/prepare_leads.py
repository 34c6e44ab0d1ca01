"""Which leads of an extract are to be sent, in which chunks, and where is every other row?

In:    an open extract, the tables' configuration, and what of it is wanted.
Out:   a `Preparation`, the chunk files, and the files of rows set aside.
Never: a row lost: the counts sum to the rows read, or nothing goes on.

The order of the walk: lead - route - screen (one streaming pass, `walk`), then lines - suppress -
row_ends (dedupe, selection), then chunk and set_aside from what was staged on disk.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import polars as pl

from clayload.errors import Code, ContractError, RunError
from clayload.folder import remove_folder, writing_to
from clayload.frames.chunk import Staged, choose_chunk_size, plan_chunks, write_chunks
from clayload.frames.lines import find_lines
from clayload.frames.preparation import Preparation, PrepareOptions, count_up
from clayload.frames.route import UNROUTED_KEY, Route, list_routes
from clayload.frames.row_ends import ACCEPTED, decide_ends
from clayload.frames.set_aside import write_set_aside
from clayload.frames.source import Source
from clayload.frames.suppress import mark_suppressed
from clayload.frames.walk import LEADS_FILE, SET_ASIDE_FILE, Walked, walk
from clayload.model import ChunkRef
from clayload.tables.tables_file import TablesConfig

__all__ = ["Preparation", "PrepareOptions", "prepare_chunks"]

_log = logging.getLogger(__name__)

_STAGING = "staging"
# What a key can be made from besides its own column (see `lead`).
_DERIVED_FROM = {
    "domain": ("website", "email"),
    "full_name": ("first_name", "last_name"),
    "first_name": ("full_name",),
    "last_name": ("full_name",),
}


def prepare_chunks(source: Source, config: TablesConfig, options: PrepareOptions) -> Preparation:
    """Read, normalise, screen, route, and cut an extract into chunks.

    Raises:
        UnreadableExtractError: with file, line and value where there is one.
        ContractError: no key column, or leads that break the contract.
        RunError: the folder cannot be written, or the books do not balance.
    """
    routes = list_routes(config, options.only_table)
    check_keys(source, routes)
    with _staging(options) as staging:
        walked = walk(source, routes, staging)
        row_ends = find_lines(walked.row_ends, walked.source.files)
        row_ends = mark_suppressed(row_ends, routes, options.lists)
        row_ends = decide_ends(row_ends, routes, options.tables, options.limit)
        size = _choose_size(row_ends, options)
        counted = count_up(walked, row_ends, routes, size)
        _log_counts(counted)
        _check_books(counted, source)
        if staging is None:
            return counted
        return _write(Walked(walked.source, row_ends), routes, options, counted)


def _log_counts(counted: Preparation) -> None:
    names = ("n_rows", "n_quarantined", "n_suppressed", "n_duplicates", "n_unrouted", "n_chunks")
    _log.debug(
        "extract judged: %(n_rows)d read, %(n_quarantined)d quarantined, %(n_suppressed)d"
        " suppressed, %(n_duplicates)d duplicate, %(n_unrouted)d unrouted, chunks: %(n_chunks)d",
        {name: getattr(counted, name) for name in names},
    )


def check_keys(source: Source, routes: Sequence[Route]) -> None:
    """Check that some table's key can be made from the delivered columns.

    Raises:
        ContractError: EXTRACT_NO_KEY.
    """
    delivered = set(source.columns_of)
    keys = {UNROUTED_KEY, *(route.key for route in routes)}
    if any(all(_can_make(field, delivered) for field in key) for key in keys):
        return
    wanted = sorted({field for key in keys for field in key})
    raise ContractError(
        Code.EXTRACT_NO_KEY,
        f"no column is mapped to {' or '.join(f'`{field}`' for field in wanted)}; "
        f"the columns are {', '.join(source.columns)}",
        hint="add the column's header to config/headers.yaml, or a header line to the file",
        columns=tuple(source.columns),
    )


def _can_make(field: str, delivered: set[str]) -> bool:
    return not delivered.isdisjoint((field, *_DERIVED_FROM.get(field, ())))


def _choose_size(row_ends: pl.DataFrame, options: PrepareOptions) -> int:
    accepted = row_ends.filter(pl.col("end") == ACCEPTED)
    by_route = accepted.get_column("route").value_counts().get_column("count").to_list()
    return choose_chunk_size(by_route, options.chunk_rows, options.max_chunks)


def _check_books(counted: Preparation, source: Source) -> None:
    if not counted.is_balanced:
        raise RunError(
            Code.BOOKS_UNBALANCED,
            f"the ends of extract {source.extract_id} do not sum to its {counted.n_rows} rows",
            hint="nothing was sent; report this with the counts",
            counts=repr(counted),
        )


def _write(
    walked: Walked, routes: Sequence[Route], options: PrepareOptions, counted: Preparation
) -> Preparation:
    staging = options.folder / _STAGING
    source, row_ends = walked.source, walked.row_ends
    accepted = row_ends.filter(pl.col("end") == ACCEPTED)
    not_sent = row_ends.filter(pl.col("end") != ACCEPTED).get_column("row_number")
    plans = plan_chunks(accepted, routes, counted.chunk_size, _identify(source))
    set_aside = pl.scan_parquet(staging / SET_ASIDE_FILE)
    names = [file.name for file in source.files]
    with ThreadPoolExecutor(1) as beside:
        writing = beside.submit(write_set_aside, row_ends, names, routes, set_aside, options.folder)
        if options.to_be_sent:
            _check_leads(staging / LEADS_FILE)
        paths = write_chunks(Staged(staging / LEADS_FILE, not_sent), plans, routes, options.folder)
    return replace(
        counted,
        chunks=tuple(
            ChunkRef(options.run_id, plan.chunk_id, routes[plan.route].table, plan.n_leads, path)
            for plan, path in zip(plans, paths, strict=True)
        ),
        paths=writing.result(),
    )


def _check_leads(path: Path) -> None:
    # Imported here: pandera takes a sixth of the time that planning a small extract takes.
    from clayload.frames.contract import check_leads  # noqa: PLC0415

    check_leads(pl.scan_parquet(path))


def _identify(source: Source) -> str:
    """Say which extract, read in which way: other header aliases make other leads."""
    columns = {field: source.columns_of[field] for field in sorted(source.columns_of)}
    return json.dumps([source.extract_id, columns])


@contextmanager
def _staging(options: PrepareOptions) -> Iterator[Path | None]:
    """Give a folder for staged files, gone afterwards; None when nothing is to be written."""
    if not options.write:
        yield None
        return
    staging = options.folder / _STAGING
    try:
        with writing_to(options.folder):
            staging.mkdir(parents=True, exist_ok=True)
            yield staging
    finally:
        remove_folder(staging)
