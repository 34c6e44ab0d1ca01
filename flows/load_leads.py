"""Load a lead extract into its Clay tables: open, prepare chunks, deliver them, settle.

    python -m flows.load_leads samples/leads-2026-11.csv --cycle 2026-11

In:    an extract's files, and optionally the cycle, one table, a limit.
Out:   the run report as artifacts and files; a final state computed from it.
Never: a decision about a single lead.
"""

# Not `from __future__ import annotations`: Prefect reads the parameters' types when a flow is
# loaded, and from a deployment it finds no module to look their names up in.
import argparse
import sys
from pathlib import Path
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State, StateType
from prefect.runtime import flow_run
from prefect.states import Failed

from clayload.cli.say import say_error
from clayload.errors import ClayloadError, ExitCode
from clayload.loading.prepare import PreparedLoad
from clayload.loading.request import LoadRequest
from clayload.model import Priority
from clayload.report.account import EXIT_CODE_OF, Outcome, RunReport, describe_ends
from tasks.artifacts import publish_report
from tasks.limits import chunk_runner, ensure_chunk_limits
from tasks.load import halting_when_interrupted, prepare_load, settle_run, start_delivery
from tasks.progress import follow_progress
from tasks.server import suited_server


def name_run() -> str:
    """Name a flow run by what it loads: `load 2026-11 · leads-2026-11.csv`."""
    asked = flow_run.parameters
    first, *others = (Path(file).name for file in asked["files"])
    files = f"{first} and {len(others)} more" if others else first
    cycle = f" {asked['cycle']}" if asked["cycle"] else ""
    table = f" · {asked['table']} only" if asked["table"] else ""
    return f"load{cycle} · {files}{table}"


@flow(
    name="load-leads",
    flow_run_name=name_run,
    task_runner=chunk_runner(),
    persist_result=False,
    log_prints=True,
)
def load_leads(
    files: list[str],
    cycle: str | None = None,
    table: str | None = None,
    limit: int | None = None,
    priority: Priority | None = None,
) -> State[None]:
    """Load one extract; the same extract again sends only what is still owed.

    Args:
        files: paths or glob patterns, read as one extract.
        cycle: what the extract is for: a month such as `2026-11`, or an event's name.
        table: load only the leads of this Clay table.
        limit: send at most so many leads.
        priority: who goes first at the shared rate, in place of the tables' own.
    """
    try:
        return final_state(load_extract(LoadRequest(tuple(files), cycle, table, limit, priority)))
    except ClayloadError as error:
        # It says in one line what is wrong and what to do; a traceback would bury it.
        return Failed(message=str(error), data=error)


def load_extract(request: LoadRequest) -> RunReport:
    """Open the extract, prepare chunks, deliver them, settle."""
    load = prepare_load(request)
    print(describe_load(load))
    ensure_chunk_limits()
    with halting_when_interrupted(load.run_id):
        problems = follow_progress(load, start_delivery(load))
    report = settle_run(load.run_id, problems)
    publish_report(report)
    return report


def describe_load(load: PreparedLoad) -> str:
    """Say what was read, and what of it is to be sent."""
    reading = load.reading
    return (
        f"run {load.run_id}: {reading.n_rows:,} rows read, {reading.n_quarantined:,} quarantined, "
        f"{reading.n_duplicates:,} duplicates, {reading.n_unrouted:,} unrouted; {load.n_owed:,} of "
        f"{load.n_accepted:,} accepted leads are owed, in {len(load.chunks):,} chunks"
    )


_STATES: dict[Outcome, tuple[StateType, str]] = {
    Outcome.COMPLETE: (StateType.COMPLETED, "Completed"),
    Outcome.ATTENTION: (StateType.COMPLETED, "NeedsAttention"),
    Outcome.PENDING: (StateType.FAILED, "LeadsPending"),
    Outcome.UNBALANCED: (StateType.FAILED, "BooksUnbalanced"),
}


def final_state(report: RunReport) -> State[None]:
    """Compute the flow's state: a flow that returns data would be Completed whatever happened."""
    state_type, name = _STATES[report.outcome]
    ends = describe_ends(report.ends)
    what_next = "" if report.outcome is Outcome.COMPLETE else f". Next: {report.next_step}"
    return State(type=state_type, name=name, message=f"{report.outcome}: {ends}{what_next}")


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
    parser.add_argument("--priority", type=Priority, choices=list(Priority), help="who goes first")
    parser.add_argument("--limit", type=int, help="at most so many leads")
    asked = vars(parser.parse_args())
    try:
        with suited_server():
            state = load_leads(**asked, return_state=True)
    except KeyboardInterrupt:
        # Prefect ends the process itself on SIGTERM, with 143, once the run's state is told.
        sys.exit(ExitCode.INTERRUPTED)
    error = state.result(raise_on_failure=False) if state.is_failed() else None
    if isinstance(error, ClayloadError):
        say_error(error)
    else:
        print(state.message)
    sys.exit(exit_code_of(state))


if __name__ == "__main__":
    main()
