"""What is owed for this extract?

In:    a load request.
Out:   chunk files in the run's folder, every lead of them in the ledger, the counts of the rest.
Never: a submission; nothing leaves the machine before every lead owed is written down.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from clayload.delivery.payload import hash_payload
from clayload.extracts.open import Extract, open_extract
from clayload.frames.prepare import Preparation, PrepareOptions, prepare_chunks
from clayload.frames.returned import Returned, find_added, is_export
from clayload.ledger.books import Books
from clayload.ledger.owing import Lead
from clayload.ledger.recovery import recover
from clayload.ledger.register import Owing, register_chunk
from clayload.ledger.store import Ledger, RunStart
from clayload.loading.request import LoadRequest
from clayload.loading.run_folder import folder_of, make_run_folder
from clayload.loading.setup import Setup
from clayload.model import ChunkRef, Priority
from clayload.report.account import Reading
from clayload.tables.models import Resend, Table
from clayload.tables.problems import check_name

RESUBMIT = "resubmit"
_TURN_OF = {Priority.HIGH: 0, Priority.NORMAL: 1, Priority.LOW: 2}


@dataclass(frozen=True, slots=True)
class PreparedFrames:
    """An extract read, checked, routed and cut into chunks; nothing is owed yet."""

    extract_id: str
    reading: Reading
    chunks: tuple[ChunkRef, ...]


@dataclass(frozen=True, slots=True)
class PreparedLoad:
    """A load that may start: its run, and the chunks of which something is owed."""

    run_id: str
    cycle: str
    reading: Reading
    chunks: tuple[ChunkRef, ...]
    n_owed: int
    n_accepted: int


def prepare_load(request: LoadRequest, setup: Setup) -> PreparedLoad:
    """Read, check and route the extract, and write down what is owed.

    Raises:
        ConfigError: an unknown table, or a missing secret: found before anything is read.
        StopExtractError: the extract cannot be read.
        LedgerError: the ledger cannot be written.
        RunError: the run folder cannot be written.
    """
    setup.secrets(request.table)
    ledger = setup.ledger
    made = make_run_folder(setup)
    recover(ledger, setup.departures_folder)
    frames = prepare_frames(request, setup, made.run_id, made.path)
    cycle = choose_cycle(request, frames.extract_id, ledger)
    run = RunStart(
        made.run_id,
        frames.extract_id,
        cycle,
        frames.reading.model_dump_json(),
        "load" if request.parent_run_id is None else RESUBMIT,
        request.parent_run_id,
    )
    ledger.start_run(run, setup.config)
    tables = setup.config.tables
    n_owed_of = {
        chunk: register_chunk(
            ledger,
            chunk,
            Owing(cycle, tables[chunk.table]),
            read_leads(chunk, tables[chunk.table]),
        )
        for chunk in frames.chunks
    }
    return PreparedLoad(
        run_id=made.run_id,
        cycle=cycle,
        reading=frames.reading,
        chunks=tuple(_in_turn(chunk for chunk, n_owed in n_owed_of.items() if n_owed)),
        n_owed=sum(n_owed_of.values()),
        n_accepted=sum(chunk.n_leads for chunk in n_owed_of),
    )


def prepare_frames(request: LoadRequest, setup: Setup, run_id: str, folder: Path) -> PreparedFrames:
    """Read, check and route the extract into chunk files under `folder`; the ledger is not asked.

    Raises:
        ConfigError: an unknown table.
        StopExtractError: the extract cannot be read.
        RunError: the folder cannot be written.
    """
    if request.table is not None:
        check_name(request.table, setup.config.tables)
    extract = open_extract(request.files, setup.aliases, folder)
    is_returned = request.parent_run_id is not None or is_export(extract)
    source = Returned(extract) if is_returned else extract
    options = PrepareOptions(
        run_id=run_id,
        folder=folder,
        chunk_rows=setup.settings.chunk_rows,
        max_chunks=setup.settings.max_chunks,
        limit=request.limit,
        tables=None if request.table is None else [request.table],
    )
    preparation = prepare_chunks(source, setup.config, options)
    reading = _describe_reading(preparation, extract, folder)
    if request.parent_run_id is not None:
        added = find_added(Returned(extract), folder_of(request.parent_run_id, setup))
        reading = reading.model_copy(update={"added": added})
    chunks = tuple(
        replace(chunk, priority=request.priority or setup.config.tables[chunk.table].priority)
        for chunk in preparation.chunks
    )
    return PreparedFrames(extract.extract_id, reading, chunks)


def choose_cycle(request: LoadRequest, extract_id: str, ledger: Ledger | None) -> str:
    """Choose what the extract is for: as asked, as before, or the current month.

    An extract that was loaded before keeps its cycle: a resume after midnight on the last of the
    month must not send every lead again.
    """
    if request.cycle is not None:
        return request.cycle
    before = None if ledger is None else Books(ledger).cycle_of_extract(extract_id)
    return before or f"{datetime.now(UTC):%Y-%m}"


def read_leads(chunk: ChunkRef, table: Table) -> list[Lead]:
    """Read the leads of a chunk as the ledger knows them, in file order."""
    if table.resend is not Resend.WHEN_CHANGED:
        keys = pl.read_parquet(chunk.path, columns=["row_number", "lead_key"])
        return [Lead(row_number, lead_key) for row_number, lead_key in keys.rows()]
    return [
        Lead(row.pop("row_number"), row["lead_key"], hash_payload(row))
        for row in pl.read_parquet(chunk.path).iter_rows(named=True)
    ]


def _in_turn(chunks: Iterable[ChunkRef]) -> list[ChunkRef]:
    """Put the chunks of high priority first; otherwise they keep their order."""
    return sorted(chunks, key=lambda chunk: _TURN_OF[chunk.priority])


def _describe_reading(preparation: Preparation, extract: Extract, folder: Path) -> Reading:
    return Reading(
        files=tuple(file.name for file in extract.files),
        folder=str(folder),
        n_rows=preparation.n_rows,
        n_quarantined=preparation.n_quarantined,
        quarantine_reasons=preparation.quarantine_reasons,
        n_duplicates=preparation.n_duplicates,
        n_unrouted=preparation.n_unrouted,
        n_multi_match=preparation.n_multi_match,
        n_left_out=preparation.n_not_selected + preparation.n_beyond_limit,
        unmapped=preparation.unmapped,
        merged=preparation.merged,
        conflicts=preparation.conflicts,
        unread=extract.unread,
    )
