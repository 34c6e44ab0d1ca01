"""A machine that prepares a load for others, or delivers what another has prepared.

    python share_process.py prepare EXTRACT    prints the run's id
    python share_process.py month PATTERN      the same, for a load that must be a month's first
    python share_process.py list RUN           prints the chunks, as a worker gets them
    python share_process.py send CHUNKS        prints what stopped, by kind and code
    python share_process.py deliver RUN        both, for all that is owed, then settles

Two of them share the bucket and the ledger, and no disk.
"""

from __future__ import annotations

import os
import sys

from pydantic import TypeAdapter

from clayload.errors import ClayloadError
from clayload.loading.close import close_run
from clayload.loading.deliver import deliver_chunk
from clayload.loading.intake.cycle import request_month
from clayload.loading.intake.request import LoadRequest
from clayload.loading.prepare import prepare_load
from clayload.loading.shards import find_undelivered, keep_chunks, read_shard
from clayload.model import ChunkRef
from clayload.setup import Setup, read_setup

_CHUNKS = TypeAdapter(tuple[ChunkRef, ...])


def prepare(extract: str, setup: Setup) -> None:
    load = prepare_load(LoadRequest((extract,), "2026-11"), setup)
    keep_chunks(load, setup)
    sys.stdout.write(load.run_id)


def prepare_month(pattern: str, setup: Setup) -> None:
    sys.stdout.write(prepare_load(request_month(pattern, "2026-11"), setup).run_id)


def list_chunks(run_id: str, setup: Setup) -> None:
    sys.stdout.buffer.write(_CHUNKS.dump_json(read_shard(run_id, 1, 1, setup)))


def send(chunks: str, setup: Setup) -> None:
    for chunk in _CHUNKS.validate_json(chunks):
        deliver_chunk(chunk, setup)


def deliver(run_id: str, setup: Setup) -> None:
    for chunk in read_shard(run_id, 1, 2, setup):
        deliver_chunk(chunk, setup)
    for chunk in find_undelivered(run_id, setup):
        deliver_chunk(chunk, setup)
    close_run(run_id, setup)


if __name__ == "__main__":
    works = {
        "prepare": prepare,
        "month": prepare_month,
        "list": list_chunks,
        "send": send,
        "deliver": deliver,
    }
    try:
        works[sys.argv[1]](sys.argv[2], read_setup(os.environ))
    except ClayloadError as error:
        sys.stdout.write(f"{type(error).__name__} {error.code}")
