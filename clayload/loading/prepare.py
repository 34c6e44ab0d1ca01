"""What is owed for this extract?

In:    a load request.
Out:   chunk files in the run's folder, every lead of them in the ledger, the counts of the rest.
Never: a submission; nothing leaves the machine before every lead owed is written down.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

from clayload.extracts.open import open_extract
from clayload.ledger.books import Books
from clayload.ledger.store import RunStart
from clayload.loading.request import LoadRequest
from clayload.loading.setup import Setup
from clayload.model import ChunkRef
from clayload.report.account import Reading


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
    started_at = datetime.now(UTC)
    run_id = f"{started_at:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
    folder = make_folder(setup.settings.home / "runs" / run_id)
    extract = open_extract(request.files, setup.aliases, folder)
    cycle = choose_cycle(request, extract.extract_id, Books(ledger))
    preparation = prepare(request, setup, extract, run_id, folder)
    reading = describe_reading(preparation, extract, folder)
    run = RunStart(run_id, extract.extract_id, cycle, reading.model_dump_json())
    ledger.start_run(run, setup.config)
    n_owed_of = {
        chunk: ledger.register_chunk(chunk, cycle, read_keys(chunk)) for chunk in preparation.chunks
    }
    return PreparedLoad(
        run_id=run_id,
        cycle=cycle,
        reading=reading,
        chunks=tuple(chunk for chunk, n_owed in n_owed_of.items() if n_owed),
        n_owed=sum(n_owed_of.values()),
        n_accepted=sum(chunk.n_leads for chunk in n_owed_of),
    )


def read_keys(chunk: ChunkRef) -> list[tuple[int, str]]:
    """Read (row_number, lead_key) of every lead of a chunk, in file order."""
    return pl.read_parquet(chunk.path, columns=["row_number", "lead_key"]).rows()
