"""Load a lead extract into its Clay tables: open, prepare chunks, deliver them, settle.

    python -m flows.load_leads samples/leads-2026-11.csv --cycle 2026-11

In:    an extract's files, and optionally the cycle, one table, a limit.
Out:   the run report as artifacts and files; a final state computed from it.
Never: a decision about a single lead.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State, StateType

from clayload.errors import ClayloadError, ExitCode
from clayload.loading.request import LoadRequest
from clayload.report.account import EXIT_CODE_OF, Outcome, RunReport
from tasks.artifacts import follow_progress, publish_report
from tasks.limits import chunk_runner, ensure_chunk_limit
from tasks.load import deliver_chunk, prepare_load, settle_run


@flow(name="load-leads", task_runner=chunk_runner(), persist_result=False, log_prints=True)
def load_leads(
    files: list[str], cycle: str | None = None, table: str | None = None, limit: int | None = None
) -> State[None]:
    """Load one extract; the same extract again sends only what is still owed.

    Args:
        files: paths or glob patterns, read as one extract.
        cycle: what the extract is for: a month such as `2026-11`, or an event's name.
        table: load only the leads of this Clay table.
        limit: send at most so many leads.
    """
    ensure_chunk_limit()
    load = prepare_load(LoadRequest(tuple(files), cycle, table, limit))
    print(f"run {load.run_id}: {load.n_owed:,} of {load.n_accepted:,} accepted leads are owed")
    futures = deliver_chunk.map(load.chunks) if load.chunks else []
    problems = follow_progress(load, futures)
    report = settle_run(load.run_id, problems)
    publish_report(report)
    return final_state(report)


_STATES: dict[Outcome, tuple[StateType, str]] = {
    Outcome.COMPLETE: (StateType.COMPLETED, "Completed"),
    Outcome.ATTENTION: (StateType.COMPLETED, "NeedsAttention"),
    Outcome.PENDING: (StateType.FAILED, "LeadsPending"),
    Outcome.UNBALANCED: (StateType.FAILED, "BooksUnbalanced"),
}


def final_state(report: RunReport) -> State[None]:
    """Compute the flow's state: a flow that returns data would be Completed whatever happened."""
    state_type, name = _STATES[report.outcome]
    message = f"{report.outcome}: {report.n_delivered:,} delivered. Next: {report.next_step}"
    return State(type=state_type, name=name, message=message)


def exit_code_of(state: State[Any]) -> ExitCode:
    """Translate the flow's state for the shell."""
    for outcome, (_, name) in _STATES.items():
        if state.name == name:
            return EXIT_CODE_OF[outcome]
    error = state.result(raise_on_failure=False)
    return error.exit_code if isinstance(error, ClayloadError) else ExitCode.UNEXPECTED


def main() -> None:
    """Run the flow from a shell, with the exit code of its report."""
    parser = argparse.ArgumentParser(prog="python -m flows.load_leads", description=__doc__)
    parser.add_argument("files", nargs="+", help="extract files or glob patterns")
    parser.add_argument("--cycle", help="what the extract is for, such as 2026-11")
    parser.add_argument("--table", help="only the leads of this table")
    parser.add_argument("--limit", type=int, help="at most so many leads")
    state = load_leads(**vars(parser.parse_args()), return_state=True)
    print(state.message)
    sys.exit(exit_code_of(state))


if __name__ == "__main__":
    main()
