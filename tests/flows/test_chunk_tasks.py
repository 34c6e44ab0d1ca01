"""What becomes of a chunk's task: which failures are tried again, and whom the last one stops."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import pytest
from prefect import Task, flow
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.states import Completed
from support.benches.flow_bench import FlowBench, FlowRunRecord, record_of
from support.scenes.load_kit import CYCLE
from support.scenes.load_tables import FINANCE, TECH, BenchSlot, make_leads

from clayload.errors import (
    CapacityExhaustedError,
    Code,
    DestinationDownError,
    LedgerError,
)
from clayload.loading.intake.request import LoadRequest
from clayload.model import ChunkRef
from tasks.load import deliver_chunk, is_retryable, prepare_load

URL = TECH.slots[0].url_variable


def test_only_a_silent_destination_is_configured_to_be_tried_again() -> None:
    assert deliver_chunk.retries == 3
    assert deliver_chunk.retry_delay_seconds == [5, 10, 20]
    assert deliver_chunk.retry_jitter_factor == 0.5
    assert deliver_chunk.retry_condition_fn is not None


def test_chunks_are_sync_tasks_that_leave_nothing_behind() -> None:
    assert not deliver_chunk.isasync
    assert deliver_chunk.cache_policy == NO_CACHE
    assert deliver_chunk.persist_result is False


@pytest.mark.usefixtures("bench")
@pytest.mark.parametrize(
    ("error", "n_tries"),
    [
        (DestinationDownError(Code.DESTINATION_DOWN, "nobody answers", hint="wait"), 4),
        (CapacityExhaustedError(Code.SLOTS_USED_UP, "used up", hint="add a slot"), 1),
        (LedgerError(Code.LEDGER_WRITE_FAILED, "disk full", hint="free space"), 1),
        (KeyError("surprise"), 1),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_the_error_decides_how_often_a_chunk_is_tried(error: Exception, n_tries: int) -> None:
    tries: list[int] = []

    def fail() -> None:
        tries.append(1)
        raise error

    # The engine decides over deliver_chunk's own retries and condition; only the waits are short.
    failing: Task[[], None] = Task(
        fail,
        retries=deliver_chunk.retries,
        retry_delay_seconds=0.01,
        retry_condition_fn=deliver_chunk.retry_condition_fn,
    )

    @flow(name="fails")
    def fails() -> None:
        failing(return_state=True)

    fails()
    assert len(tries) == n_tries


@dataclass(frozen=True, slots=True)
class Delivered:
    """What a flow that only delivers chunks left behind: its record, and each task's message."""

    run: FlowRunRecord
    messages: list[str]


def deliver_all(
    extract: Path, before_each: Callable[[ChunkRef], object] = id, **options: object
) -> Delivered:
    """Deliver an extract's chunks one by one, with the task's own options but these."""
    messages: list[str] = []

    @flow(name="chunks-only", flow_run_name="chunks only")
    def chunks_only() -> State[None]:
        for chunk in prepare_load(LoadRequest((str(extract),), CYCLE)).chunks:
            before_each(chunk)
            state = deliver_chunk.with_options(**cast("Any", options))(
                chunk, "1/1", return_state=True
            )
            messages.append(str(state.message))
        return Completed()

    return Delivered(record_of(chunks_only(return_state=True)), messages)


@contextmanager
def nobody_there() -> Iterator[str]:
    """Give an address at which no connection is made."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"


def test_a_chunk_goes_out_once_the_host_is_back(bench: FlowBench) -> None:
    reachable = os.environ[URL]

    def come_back(task: Task[..., Any], run: TaskRun, state: State[Any]) -> bool:
        os.environ[URL] = reachable
        return is_retryable(task, run, state)

    extract = bench.work.write_csv(make_leads("Software", 5))
    with nobody_there() as silent:
        os.environ[URL] = silent
        delivered = deliver_all(extract, retry_delay_seconds=0.1, retry_condition_fn=come_back)
    assert delivered.messages == ["5 delivered"]
    assert bench.work.n_rows() == 5
    _, chunk = sorted(delivered.run.task_runs(2), key=lambda run: str(run.start_time))
    assert chunk.run_count == 2


def test_after_the_last_try_the_chunks_to_come_do_not_wait_too(bench: FlowBench) -> None:
    os.environ["CLAYLOAD_CHUNK_ROWS"] = "5"
    with nobody_there() as silent:
        os.environ[URL] = silent
        delivered = deliver_all(bench.work.write_csv(make_leads("Software", 15)), retries=0)
    first, *others = delivered.messages
    assert "CLY-DST-01" in first
    assert others == ["nothing was sent"] * 2
    assert bench.work.query("SELECT halted_by FROM runs") == [("CLY-DST-01",)]
    assert len(bench.work.keys_in("pending")["tech"]) == 15


@pytest.mark.parametrize("code", ["CLY-CFG-01", "CLY-CFG-06"])
def test_an_edit_that_cannot_be_used_halts_no_load_under_way(bench: FlowBench, code: str) -> None:
    os.environ["CLAYLOAD_CHUNK_ROWS"] = "5"
    n_seen = 0

    def edit_after_the_first(_chunk: ChunkRef) -> None:
        nonlocal n_seen
        n_seen += 1
        if n_seen == 2 and code == "CLY-CFG-01":
            (bench.work.folder / "tables.yaml").write_text("version: [\n")
        elif n_seen == 2:
            spare = replace(TECH, slots=(*TECH.slots, BenchSlot("tech-without-secret")))
            bench.work.options = replace(bench.work.options, tables=(spare, FINANCE))
            bench.work.write_config()

    extract = bench.work.write_csv(make_leads("Software", 15))
    delivered = deliver_all(extract, edit_after_the_first)
    assert delivered.messages == ["5 delivered"] * 3
    assert bench.work.query("SELECT halted_by FROM runs") == [(None,)]


def test_of_an_unforeseen_error_only_type_and_place_are_kept(bench: FlowBench) -> None:
    leads = make_leads("Software", 5)
    extract = bench.work.write_csv(leads)
    delivered = deliver_all(extract, lambda chunk: chunk.path.write_bytes(extract.read_bytes()))
    (message,) = delivered.messages
    assert "CLY-RUN-04 unexpected" in message
    assert bench.work.query("SELECT halted_by FROM runs") == [(Code.UNEXPECTED,)]
    log = "\n".join(delivered.run.log())
    assert "in read_bodies" in log
    assert leads[0]["email"] not in log
    assert bench.work.n_posts() == 0
