"""How does a load run without an orchestrator?

In:    a request and the surroundings.
Out:   the run report.
Never: a row or chunk order of its own: the steps are the same that Prefect's tasks wrap.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Empty, SimpleQueue

from clayload.account.problem import Problem, describe_problem
from clayload.account.run_report import RunReport
from clayload.delivery.send import STOP_GRACE_S
from clayload.errors import StopRunError, StopTableError
from clayload.loading.close import close_run
from clayload.loading.config_reload import ConfigReloader
from clayload.loading.deliver import deliver_chunk, stop_delivering
from clayload.loading.intake.request import LoadRequest
from clayload.loading.prepare import PreparedLoad, prepare_load
from clayload.model import ChunkRef
from clayload.setup import Setup

INTERRUPTED = "interrupted"
_STOPPING = f"stopping; waiting up to {STOP_GRACE_S:g} s for Clay's answers"
_LOOK_EVERY_S = 0.25


def run_load(
    request: LoadRequest,
    setup: Setup,
    on_message: Callable[[str], None] = print,
    on_prepared: Callable[[PreparedLoad], None] = lambda _: None,
) -> RunReport:
    """Load an extract, start to end.

    Raises:
        StopExtractError: the extract cannot be read; nothing was sent.
        StopRunError: configuration or ledger; what was sent is in the ledger.
    """
    prepared = prepare_load(request, setup)
    on_prepared(prepared)
    return deliver_and_close(prepared, setup, on_message)


def deliver_and_close(
    prepared: PreparedLoad, setup: Setup, on_message: Callable[[str], None] = print
) -> RunReport:
    """Deliver what a prepared run owes, and give its account.

    Raises:
        StopRunError: configuration or ledger; what was sent is in the ledger.
    """
    problems = list(_deliver_all(prepared, ConfigReloader(setup, on_message)))
    return close_run(prepared.run_id, setup, problems, on_message)


def _deliver_all(prepared: PreparedLoad, reloader: ConfigReloader) -> Iterator[Problem]:
    setup = reloader.setup
    with ThreadPoolExecutor(setup.settings.chunks_at_once, "chunk") as pool:
        try:
            # The word to stop may come while the last chunks are handed out.
            chunk_of: dict[Future[object], ChunkRef] = {
                pool.submit(_deliver, chunk, reloader): chunk for chunk in prepared.chunks
            }
            for future in as_ended(chunk_of, reloader.reload_changes):
                yield from _problem_of(future, chunk_of[future], setup)
        except BaseException as error:
            # Ctrl-C, SIGTERM, a lost ledger: chunks under way end soon, no other begins.
            stop_delivering(prepared.run_id)
            if not isinstance(error, Exception):  # somebody wants it to stop, and may wonder
                reloader.on_message(_STOPPING)
            pool.shutdown(wait=False, cancel_futures=True)
            setup.ledger.halt_run(prepared.run_id, INTERRUPTED)
            raise


def _deliver(chunk: ChunkRef, reloader: ConfigReloader) -> object:
    """Deliver a chunk with the setup as it is when its turn comes."""
    return deliver_chunk(chunk, reloader.setup)


def as_ended(
    futures: Collection[Future[object]],
    look: Callable[[], object],
    look_every_s: float = _LOOK_EVERY_S,
) -> Iterator[Future[object]]:
    """Give each future as it ends, waking now and then to look about.

    Once polars has run, a signal no longer wakes a thread that waits without a time-out: Ctrl-C
    would act only when the next chunk ends. And it may come between any two steps of Python, where
    `futures.wait` would keep the locks that the chunks need to end; a simple queue is one step.
    """
    ended: SimpleQueue[Future[object]] = SimpleQueue()
    for future in futures:
        future.add_done_callback(ended.put)
    n_left = len(futures)
    while n_left:
        look()
        try:
            future = ended.get(timeout=look_every_s)
        except Empty:
            continue
        n_left -= 1
        yield future


def _problem_of(future: Future[object], chunk: ChunkRef, setup: Setup) -> Iterator[Problem]:
    error = future.exception()
    if error is None:
        return
    if isinstance(error, StopRunError):
        raise error
    problem = describe_problem(error, chunk.table)
    if not isinstance(error, StopTableError):
        # Nobody answers, or worse: the chunks still to come would only meet the same.
        setup.ledger.halt_run(chunk.run_id, problem.code)
    yield problem
