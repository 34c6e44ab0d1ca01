"""What is owed for this extract?

In:    a load request.
Out:   chunk files in the run's folder, every lead of them in the ledger, the counts of the rest.
Never: a submission; nothing leaves the machine before every lead owed is written down.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from clayload.account.extract_summary import ExtractSummary
from clayload.ledger.books.run_books import Books
from clayload.ledger.granting.recovery import recover_ended
from clayload.ledger.granting.register import Owing, register_chunk
from clayload.ledger.store import RunStart
from clayload.loading.intake.cycle import check_first, choose_cycle
from clayload.loading.intake.ledger_view import LedgerView
from clayload.loading.intake.read_extract import prepare_frames, put_in_turn, read_leads
from clayload.loading.intake.request import LoadRequest
from clayload.loading.planning.keep_to_plan import apply_plan, cut_to_plan
from clayload.model import ChunkRef, RunKind
from clayload.runs.run_folder import new_run_folder
from clayload.setup import Setup

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PreparedLoad:
    """A load that may start: its run, and the chunks of which something is owed."""

    run_id: str
    cycle: str
    extract: ExtractSummary
    chunks: tuple[ChunkRef, ...]
    n_owed: int
    n_accepted: int


def prepare_load(request: LoadRequest, setup: Setup) -> PreparedLoad:
    """Read, check and route the extract, and write down what is owed.

    Raises:
        ConfigError: an unknown table, or a missing secret: found before anything is read.
        PlanError: the request names a plan that the load would not keep to.
        StopExtractError: the extract cannot be read, or was to be new and is not.
        LedgerError: the ledger cannot be written.
        RunError: the run folder, or its place on object storage, cannot be written.
    """
    request = apply_plan(request, setup)
    setup.secrets(request.hints.only_table or request.table)
    ledger, tables = setup.ledger, setup.config.tables
    with new_run_folder(setup) as made:
        recover_ended(ledger, setup.departures_folder)
        frames = prepare_frames(request, setup, made.run_id, made.path)
        cycle = choose_cycle(request, frames.extract_id, ledger, setup.config.workspace)
        if request.is_first:
            check_first(frames, cycle, setup)
        frames = cut_to_plan(request, frames, cycle, LedgerView(Books(ledger)), setup)
        made.keep([*frames.set_aside, *(chunk.path for chunk in frames.chunks)])
        extract = frames.describe(made.place)
        run = RunStart(
            made.run_id,
            frames.extract_id,
            cycle,
            extract.model_dump_json(),
            RunKind.LOAD if request.parent_run_id is None else RunKind.RESUBMIT,
            request.parent_run_id,
            request.priority,
        )
        ledger.start_run(run, setup.config)
    n_owed_of = {
        chunk: register_chunk(
            ledger,
            chunk,
            Owing(cycle, tables[chunk.table]),
            read_leads(chunk, tables[chunk.table]),
        )
        for chunk in frames.chunks
    }
    prepared = PreparedLoad(
        run_id=made.run_id,
        cycle=cycle,
        extract=extract,
        chunks=tuple(put_in_turn(chunk for chunk, n_owed in n_owed_of.items() if n_owed)),
        n_owed=sum(n_owed_of.values()),
        n_accepted=sum(chunk.n_leads for chunk in n_owed_of),
    )
    log_start(prepared, run.kind)
    return prepared


def log_start(prepared: PreparedLoad, kind: RunKind) -> None:
    """Log that a run has begun: all that it owes is written down, and nothing is sent yet."""
    _log.info(
        "%(kind)s started: run %(run_id)s, cycle %(cycle)s, leads owed: %(n_owed)d of"
        " %(n_accepted)d, chunks: %(n_chunks)d",
        {
            "kind": kind,
            "run_id": prepared.run_id,
            "cycle": prepared.cycle,
            "n_owed": prepared.n_owed,
            "n_accepted": prepared.n_accepted,
            "n_chunks": len(prepared.chunks),
        },
    )
