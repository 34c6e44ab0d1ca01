"""Load a lead extract into its Clay tables: open, prepare chunks, deliver them, close the run.

    python -m flows.load_leads samples/leads-2026-11.csv --cycle 2026-11

In:    an extract's files, and optionally the cycle, one table, a limit, a priority, a plan.
Out:   the run report as artifacts and files, a final state computed from it; or the load plan.
Never: a decision about a single lead.
"""

# Not `from __future__ import annotations`: Prefect reads the parameters' types when a flow is
# loaded, and from a deployment it finds no module to look their names up in.
import argparse
import sys

from prefect import flow
from prefect.client.schemas.objects import State
from pydantic import ValidationError

from clayload.cli.console import print_error
from clayload.errors import ClayloadError, ExitCode
from clayload.model import Priority
from flows.orders import ManualLoad
from flows.sending import SENDING, find_exit_code, read_order, run_body, send_load
from tasks.load import prepare_load
from tasks.plans import publish_load_plan
from tasks.server import suited_server


def name_run() -> str:
    """Name a flow run by what it loads: `load 2026-11 · leads-2026-11.csv`."""
    return read_order(ManualLoad).label


@flow(name="load-leads", flow_run_name=name_run, **SENDING)
def load_leads(load: ManualLoad) -> State[None]:
    """Load one extract; the same extract again sends only what is still owed.

    Args:
        load: Which extract, for which cycle, and how much of it.
    """
    request = load.request()
    if load.dry_run:
        return run_body(lambda: publish_load_plan(request))
    return send_load(lambda: prepare_load(request), load.workers)


def main() -> None:
    """Run the flow from a shell, with the exit code of its report."""
    parser = argparse.ArgumentParser(prog="python -m flows.load_leads", description=__doc__)
    parser.add_argument("files", nargs="+", help="extract files or glob patterns")
    parser.add_argument("--cycle", help="what the extract is for, such as 2026-11")
    parser.add_argument("--table", help="only the leads of this table")
    parser.add_argument("--priority", type=Priority, choices=list(Priority), help="who goes first")
    parser.add_argument("--plan", help="keep to this plan, or refuse")
    parser.add_argument("--limit", type=int, help="send at most this many leads")
    try:
        load = ManualLoad(**vars(parser.parse_args()))
    except ValidationError as error:
        parser.error("; ".join(f"{e['loc'][0]}: {e['msg']}" for e in error.errors()))
    try:
        with suited_server():
            state = load_leads(load, return_state=True)
    except KeyboardInterrupt:
        # Prefect ends the process itself on SIGTERM, with 143, once it knows the run's state.
        sys.exit(ExitCode.INTERRUPTED)
    stop = state.result(raise_on_failure=False) if state.is_failed() else None
    if isinstance(stop, ClayloadError):
        print_error(stop)
    else:
        print(state.message)
    sys.exit(find_exit_code(state))


if __name__ == "__main__":
    main()
