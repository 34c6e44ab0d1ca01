"""What is the same in every flow that sends leads?

In:    how the load is prepared.
Out:   the order of the steps, and a final state computed from the run report.
Never: a decision about a single lead.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from prefect.client.schemas.objects import State, StateType
from prefect.runtime import flow_run
from prefect.states import Failed
from pydantic import BaseModel

from clayload.account.problem import Problem
from clayload.account.run_report import EXIT_CODE_OF, RunReport, describe_ends
from clayload.errors import ClayloadError, ExitCode
from clayload.loading.prepare import PreparedLoad
from clayload.model import Outcome
from tasks.alerts import alert_after_load
from tasks.artifacts import publish_report
from tasks.limits import ensure_chunk_limits
from tasks.load import close_run, halt_on_interrupt, start_delivery
from tasks.progress import ChunkArrivals, find_problems, follow_progress
from tasks.restart_guard import check_restarts
from tasks.runners import check_runner, chunk_runner
from tasks.shards import start_shards
from tasks.states import StateName

_Order = TypeVar("_Order", bound=BaseModel)

SENDING: dict[str, Any] = {
    "task_runner": chunk_runner(),
    "persist_result": False,
    "log_prints": True,
}
"""How Prefect runs a flow that sends leads."""

_STATES: dict[Outcome, tuple[StateType, str]] = {
    Outcome.COMPLETE: (StateType.COMPLETED, "Completed"),
    Outcome.ATTENTION: (StateType.COMPLETED, StateName.NEEDS_ATTENTION),
    Outcome.DEFERRED: (StateType.COMPLETED, StateName.LEADS_DEFERRED),
    Outcome.PENDING: (StateType.FAILED, StateName.LEADS_PENDING),
    Outcome.UNBALANCED: (StateType.FAILED, StateName.BOOKS_UNBALANCED),
}


def read_order(order: type[_Order]) -> _Order:
    """Read the parameters of this flow run, to name it by."""
    (given,) = flow_run.parameters.values()
    return order.model_validate(given)


def run_body(body: Callable[[], State[Any]]) -> State[None]:
    """Run a flow's body; a typed error, with what to do next, becomes the state's message."""
    try:
        check_restarts()
        return body()
    except ClayloadError as error:
        # Its one line has what is wrong and what to do; a traceback would bury it.
        return Failed(message=str(error), data=error)


def send_load(prepare: Callable[[], PreparedLoad], n_workers: int = 1) -> State[None]:
    """Prepare chunks, deliver them, close the run; the state has the outcome and what is next."""

    def body() -> State[None]:
        check_runner()
        return compute_state(send(prepare(), n_workers))

    return run_body_with_alerts(body)


def run_body_with_alerts(body: Callable[[], State[Any]]) -> State[None]:
    """As `run_body`; then post what has changed of budgets, slots and loads meanwhile."""
    state = run_body(body)
    alert_after_load(state.data if isinstance(state.data, ClayloadError) else None)
    return state


def send(load: PreparedLoad, n_workers: int = 1) -> RunReport:
    """Deliver a prepared load and close its run; gives the report."""
    print(describe_load(load))
    deliver = _deliver_here if n_workers == 1 else partial(_deliver_in_shards, n_workers=n_workers)
    with halt_on_interrupt(load.run_id):
        problems = deliver(load)
    report = close_run(load.run_id, problems)
    publish_report(report)
    return report


def _deliver_here(load: PreparedLoad) -> list[Problem]:
    ensure_chunk_limits()
    futures = start_delivery(load.chunks)
    follow_progress(load, ChunkArrivals(futures))
    return find_problems(load.chunks, futures)


def _deliver_in_shards(load: PreparedLoad, n_workers: int) -> list[Problem]:
    shards = start_shards(load, n_workers)
    follow_progress(load, shards)
    return shards.read_problems()


def describe_load(load: PreparedLoad) -> str:
    """Describe what was read, and what of it is to be sent."""
    return (
        f"run {load.run_id}: {load.extract.describe_rows()}; {load.n_owed:,} of "
        f"{load.n_accepted:,} accepted leads are owed, in {len(load.chunks):,} chunks"
    )


def compute_state(report: RunReport) -> State[None]:
    """Compute the flow's state: a flow that returns data would be Completed whatever happened."""
    state_type, name = _STATES[report.outcome]
    ends = describe_ends(report.ends)
    what_next = "" if report.outcome is Outcome.COMPLETE else f". Next: {report.next_step}"
    return State(type=state_type, name=name, message=f"{report.outcome}: {ends}{what_next}")


def find_exit_code(state: State[Any]) -> ExitCode:
    """Translate the flow's state for the shell."""
    for outcome, (_, name) in _STATES.items():
        if state.name == name:
            return EXIT_CODE_OF[outcome]
    error = state.result(raise_on_failure=False)
    return error.exit_code if isinstance(error, ClayloadError) else ExitCode.UNEXPECTED
