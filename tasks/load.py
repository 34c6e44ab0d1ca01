"""What does Prefect run, and how often is it retried?

In:    a load request, chunk references, a run's id.
Out:   the steps of `clayload.loading` as tasks: small references in, small counts out.
Never: a frame, a secret or anything personal in a parameter, a result, a cache or a log.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from functools import lru_cache, partial
from typing import Any

from prefect import Task, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.context import TaskRunContext
from prefect.futures import PrefectFuture
from prefect.states import Completed
from prefect.tasks import exponential_backoff

from clayload.account.problem import Problem, describe_problem
from clayload.account.run_report import RunReport
from clayload.delivery.send import STOP_GRACE_S
from clayload.delivery.verdict import VerdictKind
from clayload.errors import RetryChunkError, StopTableError
from clayload.ledger.granting.recovery import recover_ended
from clayload.loading import close, deliver, prepare
from clayload.loading.config_reload import ConfigReloader
from clayload.loading.followups import replay, replay_plan, resubmit, resume_deferred
from clayload.loading.intake.request import LoadRequest
from clayload.loading.run import INTERRUPTED
from clayload.model import ChunkRef
from clayload.setup import read_setup
from tasks.places import chunk_place
from tasks.redaction import scrubbed_errors

CHUNK_RETRIES = 3
_FIRST_RETRY_S = 5
_ENDS: Mapping[str, str] = {
    VerdictKind.DELIVERED: "delivered",
    VerdictKind.REFUSED: "refused",
    VerdictKind.IN_DOUBT: "in doubt",
}


def is_retryable(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Whether a failed chunk may simply be tried again: only if nothing was lost by failing."""
    return isinstance(state.result(raise_on_failure=False), RetryChunkError)


@task(name="prepare-load", task_run_name="prepare", cache_policy=NO_CACHE, persist_result=False)
def prepare_load(request: LoadRequest) -> prepare.PreparedLoad:
    """Read, check and route the extract; write down what is owed."""
    with scrubbed_errors():
        return prepare.prepare_load(request, read_setup(os.environ))


@task(name="prepare-replay", task_run_name="prepare", cache_policy=NO_CACHE, persist_result=False)
def prepare_replay(request: replay_plan.ReplayRequest) -> prepare.PreparedLoad:
    """Owe leads of an earlier run again."""
    with scrubbed_errors():
        setup = read_setup(os.environ)
        recover_ended(setup.ledger, setup.departures_folder)
        return replay.prepare_replay(replay_plan.plan_replay(request, setup), setup)


@task(name="prepare-resubmit", task_run_name="prepare", cache_policy=NO_CACHE, persist_result=False)
def prepare_resubmit(files: list[str], run_id: str | None) -> prepare.PreparedLoad:
    """Read corrected rows of an earlier run; write down what is owed."""
    with scrubbed_errors():
        setup = read_setup(os.environ)
        return prepare.prepare_load(resubmit.request_resubmit(files, run_id, setup), setup)


def list_deferrals() -> list[resume_deferred.Deferral]:
    """List what runs left deferred and is owed still."""
    with scrubbed_errors():
        return resume_deferred.list_deferrals(read_setup(os.environ))


@task(name="prepare-resume", task_run_name="prepare", cache_policy=NO_CACHE, persist_result=False)
def prepare_resume(run_id: str) -> prepare.PreparedLoad | None:
    """Begin to send what a run had deferred, as far as nothing holds it any more."""
    with scrubbed_errors():
        return resume_deferred.prepare_resume(run_id, read_setup(os.environ))


@task(
    name="deliver-chunk",
    task_run_name="{chunk.table} chunk {position}",
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=CHUNK_RETRIES,
    retry_delay_seconds=exponential_backoff(_FIRST_RETRY_S),
    retry_jitter_factor=0.5,
    retry_condition_fn=is_retryable,
)
def deliver_chunk(chunk: ChunkRef, position: str) -> State[dict[str, int]]:  # noqa: ARG001 - names the task run
    """Deliver what is owed of one chunk; counts by verdict.

    The task is sync and leaves the sending to the process's one event loop: an async mapped task
    costs ten times as much in Prefect.

    Args:
        chunk: the chunk to deliver.
        position: which chunk of how many, as in `3/43`.
    """
    place = chunk_place(chunk.priority, partial(deliver.is_stopped, chunk.run_id))
    with place, scrubbed_errors(), _halt_on_error(chunk.run_id):
        counts = dict(deliver.deliver_chunk(chunk, _reloader(chunk.run_id).reload_changes()))
    return Completed(message=describe_counts(counts), data=counts)


@lru_cache(maxsize=8)
def _reloader(run_id: str) -> ConfigReloader:  # noqa: ARG001 - what a run began with is its own
    """Follow the configuration for a run's chunks: an edit that cannot be used stops none.

    The flow's progress follows it, too, and prints what is wrong.
    """
    return ConfigReloader(read_setup(os.environ), on_message=lambda _: None)


@contextmanager
def _halt_on_error(run_id: str) -> Iterator[None]:
    """Halt the run on what the chunks still to come would only meet again."""
    try:
        yield
    except StopTableError:
        raise  # other tables go on
    except Exception as error:
        if not isinstance(error, RetryChunkError) or _is_last_attempt():
            _halt(run_id, describe_problem(error, "").code)
        raise


def _is_last_attempt() -> bool:
    running = TaskRunContext.get()
    return running is None or running.task_run.run_count > running.task.retries


@contextmanager
def stop_on_interrupt(run_id: str) -> Iterator[None]:
    """On Ctrl-C, SIGTERM or a cancelled flow run, let this process's chunks end soon."""
    deliver.allow_delivering(run_id)
    try:
        yield
    except BaseException:
        deliver.stop_delivering(run_id)
        raise


@contextmanager
def halt_on_interrupt(run_id: str) -> Iterator[None]:
    """As `stop_on_interrupt`, and let no other process go on with the run."""
    try:
        # This process stops even if the ledger does not answer.
        with stop_on_interrupt(run_id):
            yield
    except BaseException:
        _halt(run_id, INTERRUPTED)
        # Threads are waited for in any case; Dask's processes would be gone at once.
        close.wait_for_answers(run_id, read_setup(os.environ), within_s=STOP_GRACE_S)
        raise


def _halt(run_id: str, code: str) -> None:
    read_setup(os.environ).ledger.halt_run(run_id, code)


def describe_counts(counts: Mapping[str, int]) -> str:
    """Describe how a chunk's leads ended: `98 delivered, 2 refused`."""
    parts = [f"{n:,} {end}" for kind, end in _ENDS.items() if (n := counts.get(kind, 0))]
    return ", ".join(parts) or "nothing was sent"


def start_delivery(chunks: Sequence[ChunkRef]) -> Sequence[PrefectFuture[Any]]:
    """Start a task for each of these chunks."""
    positions = [f"{number}/{len(chunks)}" for number in range(1, len(chunks) + 1)]
    # In a thread, which no signal reaches: pydantic, which packs tasks for Dask, would take one for
    # an error of its own, and the flow would go on as if nobody had stopped it.
    with ThreadPoolExecutor(1) as starter:
        start = partial(copy_context().run, deliver_chunk.map, chunks, positions)
        return starter.submit(start).result() if chunks else []


@task(
    name="close-run",
    task_run_name="close",
    cache_policy=NO_CACHE,
    persist_result=False,
    log_prints=True,
)
def close_run(run_id: str, problems: list[Problem]) -> RunReport:
    """Wait for what is in flight, close the run, give its report."""
    with scrubbed_errors():
        # Prefect takes over `print` while a task runs; a default argument would be the old one.
        return close.close_run(run_id, read_setup(os.environ), problems, on_message=print)
