"""Which chunks of a load does one of several workers deliver?

In:    the chunks of a prepared run, kept in its folder, which all the workers see.
Out:   a worker's own share of them; and, once that is through, what others have left.
Never: a chunk of which nothing is owed; and never a lead twice: two workers that meet at a chunk
       get grants of different leads.
"""

from __future__ import annotations

from pydantic import TypeAdapter

from clayload.ledger.books.run_books import Books
from clayload.ledger.books.runs import find_run
from clayload.loading.prepare import PreparedLoad
from clayload.model import ChunkRef
from clayload.runs.run_folder import folder_gone, open_run_folder
from clayload.setup import Setup

_FILE = "chunks.json"
_CHUNKS = TypeAdapter(tuple[ChunkRef, ...])


def keep_chunks(load: PreparedLoad, setup: Setup) -> None:
    """Write down the chunks of a load where its workers find them.

    Raises:
        RunError: the run folder cannot be written.
    """
    run = find_run(setup.ledger, load.run_id)
    open_run_folder(run, setup).write(_FILE, _CHUNKS.dump_json(load.chunks))


def read_shard(run_id: str, number: int, n_shards: int, setup: Setup) -> tuple[ChunkRef, ...]:
    """Read the chunks of share `number` of `n_shards`, counted from 1; high priority first.

    Raises:
        RunError: there is no such run, or its folder is not here.
    """
    return _read_chunks(run_id, setup)[number - 1 :: n_shards]


def find_undelivered(run_id: str, setup: Setup) -> tuple[ChunkRef, ...]:
    """Find the chunks of which something is owed still, the last first.

    Their own worker, if it lives, comes from the other side.
    """
    owed = Books(setup.ledger).chunks_with_owed(run_id)
    return tuple(c for c in reversed(_read_chunks(run_id, setup)) if c.chunk_id in owed)


def _read_chunks(run_id: str, setup: Setup) -> tuple[ChunkRef, ...]:
    run = find_run(setup.ledger, run_id)
    folder = open_run_folder(run, setup)
    kept = folder.read(_FILE)
    if kept is None:
        raise folder_gone(run, folder.place)
    return _CHUNKS.validate_json(kept)
