"""What does the extract of a request hold?

In:    a load request, and a folder for what is made of it.
Out:   chunk files and rows set aside in the folder, and the account of them.
Never: what of it is owed, which is `prepare`'s question: of the ledger it asks only where a parent
       run keeps its files.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from clayload.account.extract_summary import ExtractSummary
from clayload.account.savings import Saving
from clayload.delivery.payload import hash_payload
from clayload.errors import Code, ContractError, RunError
from clayload.extracts.fetch import discard_fetched
from clayload.extracts.open import Extract, open_extract
from clayload.frames.filled import Filled
from clayload.frames.prepare_leads import Preparation, PrepareOptions, prepare_chunks
from clayload.frames.returned import Returned, find_added, is_export
from clayload.frames.set_aside import QUARANTINE_FILE, UNROUTED_FILE
from clayload.frames.source import Source
from clayload.ledger.books.runs import find_run
from clayload.ledger.rules.owing import Lead
from clayload.loading.intake.request import LoadRequest
from clayload.loading.intake.suppression import price_kept, read_lists
from clayload.model import ChunkRef, Priority
from clayload.runs.run_folder import find_run_folder, folder_of
from clayload.setup import Setup
from clayload.tables.hints import Hints
from clayload.tables.problems import check_name
from clayload.tables.table import Resend, Table


@dataclass(frozen=True, slots=True)
class PreparedFrames:
    """An extract read, checked, routed and cut into chunks; nothing is owed yet.

    `added` are the rows of a resubmit that stand for no lead its parent run had set aside. `n_cut`
    leads were taken out of the chunks since, and are left for a later load.
    """

    extract: Extract
    preparation: Preparation
    chunks: tuple[ChunkRef, ...]
    hints: Hints
    savings: tuple[Saving, ...]
    added: tuple[tuple[int, int], ...] = ()
    n_cut: int = 0

    @property
    def extract_id(self) -> str:
        """Who the extract is, by its content."""
        return self.extract.extract_id

    @property
    def set_aside(self) -> tuple[Path, ...]:
        """The files of the rows that were set aside."""
        return tuple(self.preparation.paths.values())

    def describe(self, folder: str) -> ExtractSummary:
        """Give the account of the extract; `folder` is where people find the run's files."""
        made = self.preparation
        return ExtractSummary(
            files=tuple(file.name for file in self.extract.files),
            folder=folder,
            n_rows=made.n_rows,
            n_quarantined=made.n_quarantined,
            quarantine_reasons=made.quarantine_reasons,
            n_suppressed=made.n_suppressed,
            n_duplicates=made.n_duplicates,
            n_unrouted=made.n_unrouted,
            n_multi_match=made.n_multi_match,
            n_left_out=made.n_not_selected + made.n_beyond_limit + self.n_cut,
            unmapped=made.unmapped,
            merged=made.merged,
            conflicts=made.conflicts,
            unread=self.extract.unread,
            added=self.added,
            hints=self.hints,
            savings=self.savings,
        )


def prepare_frames(
    request: LoadRequest, setup: Setup, run_id: str, folder: Path, *, to_be_sent: bool = True
) -> PreparedFrames:
    """Read, check and route the extract into chunk files under `folder`.

    Leads that are `to_be_sent` are held to the contract, so that a defect of ours stops them here.

    Raises:
        ConfigError: an unknown table, or a suppression list that cannot be used.
        StopExtractError: the extract cannot be read.
        RunError: the folder cannot be written.
    """
    hints = request.hints
    for name in {request.table, hints.only_table} - {None}:
        check_name(str(name), setup.config.tables)
    try:
        return _prepare(request, setup, run_id, folder, to_be_sent=to_be_sent)
    finally:
        discard_fetched(folder)


def _prepare(
    request: LoadRequest, setup: Setup, run_id: str, folder: Path, *, to_be_sent: bool
) -> PreparedFrames:
    hints = request.hints
    lists = read_lists(setup)
    extract = open_extract(request.files, setup.aliases.hinted(hints.headers), folder)
    source = _read_as_meant(extract, request)
    options = PrepareOptions(
        run_id=run_id,
        folder=folder,
        chunk_rows=setup.settings.chunk_rows,
        max_chunks=setup.settings.max_chunks,
        limit=request.limit,
        tables=None if request.table is None else [request.table],
        only_table=hints.only_table,
        lists=lists,
        to_be_sent=to_be_sent,
    )
    preparation = prepare_chunks(source, setup.config, options)
    chunks = tuple(
        replace(chunk, priority=request.priority or setup.config.tables[chunk.table].priority)
        for chunk in preparation.chunks
    )
    return PreparedFrames(
        extract=extract,
        preparation=preparation,
        chunks=chunks,
        hints=hints,
        savings=price_kept(preparation.kept, setup),
        added=_find_added(extract, request.parent_run_id, setup),
    )


def read_leads(chunk: ChunkRef, table: Table) -> list[Lead]:
    """Read the leads of a chunk as the ledger knows them, in file order."""
    if table.resend is not Resend.WHEN_CHANGED:
        keys = pl.read_parquet(chunk.path, columns=["row_number", "lead_key"])
        return [Lead(row_number, lead_key) for row_number, lead_key in keys.rows()]
    return [
        Lead(row.pop("row_number"), row["lead_key"], hash_payload(row))
        for row in pl.read_parquet(chunk.path).iter_rows(named=True)
    ]


def _find_added(
    extract: Extract, parent_run_id: str | None, setup: Setup
) -> tuple[tuple[int, int], ...]:
    if parent_run_id is None:
        return ()
    return find_added(Returned(extract), _find_parent(parent_run_id, setup))


def _find_parent(run_id: str, setup: Setup) -> Path:
    """Find what the parent had set aside; a folder without any where that is gone."""
    run = find_run(setup.ledger, run_id)
    try:
        return find_run_folder(run, setup, QUARANTINE_FILE, UNROUTED_FILE)
    except RunError as error:
        if error.code is not Code.RUN_FOLDER_GONE:
            raise
        return folder_of(run_id, setup)


def _read_as_meant(extract: Extract, request: LoadRequest) -> Source:
    """Read the extract as its owner means it: what a spreadsheet added is off, gaps are filled."""
    is_resubmit = request.parent_run_id is not None
    hints = request.hints
    missing = [header for header in hints.headers if header not in extract.columns]
    if missing and not is_resubmit:
        raise ContractError(
            Code.EXTRACT_NO_COLUMN,
            f"the hints name a column '{missing[0]}' that the extract does not have",
            hint=f"write it as the file does; its columns are {', '.join(extract.columns)}",
            columns=tuple(extract.columns),
        )
    source = Returned(extract) if is_resubmit or is_export(extract) else extract
    return Filled(source, hints.defaults) if hints.defaults else source


_TURN_OF = {Priority.HIGH: 0, Priority.NORMAL: 1, Priority.LOW: 2}


def put_in_turn(chunks: Iterable[ChunkRef]) -> list[ChunkRef]:
    """Put the chunks of high priority first; otherwise they keep their order."""
    return sorted(chunks, key=lambda chunk: _TURN_OF[chunk.priority])
