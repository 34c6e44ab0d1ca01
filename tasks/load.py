"""What does Prefect run, and how often does it try?

In:    a load request, chunk references, a run's id.
Out:   the steps of `clayload.loading` as tasks: small references in, small counts out.
Never: a frame, a secret or anything personal in a parameter, a result or a cache.
"""

from __future__ import annotations

import os
from typing import Any

from prefect import Task, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.concurrency.sync import concurrency
from prefect.runtime import task_run
from prefect.tasks import exponential_backoff

from clayload.errors import RetryChunkError
from clayload.loading import deliver, prepare, settle
from clayload.loading.request import LoadRequest
from clayload.loading.setup import read_setup
from clayload.model import ChunkRef
from clayload.report.account import Problem, RunReport
from tasks.limits import CHUNK_LIMIT

CHUNK_RETRIES = 3
_FIRST_RETRY_S = 5


def is_retryable(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Whether a failed chunk may simply be tried again: only if nothing was lost by failing."""
    return isinstance(state.result(raise_on_failure=False), RetryChunkError)


@task(name="prepare-load", cache_policy=NO_CACHE, persist_result=False)
def prepare_load(request: LoadRequest) -> prepare.PreparedLoad:
    """Read, check and route the extract; write down what is owed."""
    return prepare.prepare_load(request, read_setup(os.environ))


@task(
    name="deliver-chunk",
    task_run_name="{chunk.chunk_id} ({chunk.n_leads} leads)",
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=CHUNK_RETRIES,
    retry_delay_seconds=exponential_backoff(_FIRST_RETRY_S),
    retry_jitter_factor=0.5,
    retry_condition_fn=is_retryable,
)
def deliver_chunk(chunk: ChunkRef) -> dict[str, int]:
    """Deliver what is owed of one chunk; counts by verdict.

    The task is sync and runs its own event loop inside: an async mapped task costs ten times as
    much in Prefect.
    """
    setup = read_setup(os.environ)
    with concurrency(CHUNK_LIMIT):
        try:
            return dict(deliver.deliver_chunk(chunk, setup))
        except RetryChunkError as error:
            if task_run.run_count > CHUNK_RETRIES:
                # The last try: the chunks still to come would only meet the same silence.
                setup.ledger.halt_run(chunk.run_id, error.code)
            raise


@task(name="settle-run", cache_policy=NO_CACHE, persist_result=False, log_prints=True)
def settle_run(run_id: str, problems: list[Problem]) -> RunReport:
    """Wait for what is in flight, close the run, give its report."""
    return settle.settle_run(run_id, read_setup(os.environ), problems)
