"""`clayload replay`: send a run's refused leads, or those in doubt, again."""

import os
import sys
from collections.abc import Callable
from typing import Annotated

import typer

from clayload.account.run_report import RunReport
from clayload.cli.console import err, out, print_json
from clayload.cli.live_progress import run_watched
from clayload.cli.monitoring.status import read_existing
from clayload.cli.options import AsJson, OneTable
from clayload.cli.show import print_grid, print_report
from clayload.cli.suggestions import suggest_runs
from clayload.errors import ExitCode
from clayload.ledger.granting.recovery import recover_ended
from clayload.ledger.rules.states import REPLAYABLE, SubmissionState
from clayload.loading.followups.replay import prepare_replay
from clayload.loading.followups.replay_plan import ReplayPlan, ReplayRequest, plan_replay
from clayload.loading.prepare import PreparedLoad
from clayload.loading.run import deliver_and_settle
from clayload.report.moments import describe_seconds
from clayload.setup import Setup, read_setup

_END_OF = {
    SubmissionState.REFUSED: "refused",
    SubmissionState.IN_DOUBT: "in doubt",
    SubmissionState.PENDING: "already replayed, not sent yet",
}


def replay(
    run: Annotated[
        str,
        typer.Argument(
            help="The id of the run whose leads are sent again.", autocompletion=suggest_runs
        ),
    ],
    table: OneTable = None,
    *,
    refused: Annotated[
        bool, typer.Option("--refused", help="Leads that Clay refused; the default.")
    ] = False,
    in_doubt: Annotated[
        bool, typer.Option("--in-doubt", help="Leads that Clay may have already.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be sent again; send nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Send a run's refused leads again, or those in doubt, after a count and a question."""
    request = ReplayRequest(run, _choose_states(refused=refused, in_doubt=in_doubt), table)
    setup = read_existing(os.environ)
    if not dry_run:
        _must_be_answerable(yes=yes)
        setup = read_setup(os.environ)
        recover_ended(setup.ledger, setup.departures_folder)
    plan = plan_replay(request, setup)
    if plan.n_suppressed and not as_json:
        out.print(f"{plan.n_suppressed:,} are on a suppression list by now, and are left out")
    if not plan.leads and not as_json:
        _print_none(request)
    elif not as_json:
        _print_plan(plan)
    elif dry_run or not plan.leads:
        out.print_json(plan.to_json())
    if dry_run or not plan.leads or not (yes or typer.confirm("Send them again?", err=True)):
        return
    report = run_watched(lambda watch: _run(plan, setup, watch), setup)
    if as_json:
        print_json(report.to_json())
    else:
        print_report(report)
    raise typer.Exit(report.exit_code)


def _choose_states(*, refused: bool, in_doubt: bool) -> frozenset[SubmissionState]:
    wanted = {SubmissionState.REFUSED: refused, SubmissionState.IN_DOUBT: in_doubt}
    # By default only what is certain: Clay did not take it.
    return frozenset(s for s in REPLAYABLE if wanted[s]) or frozenset({SubmissionState.REFUSED})


def _must_be_answerable(*, yes: bool) -> None:
    if yes or sys.stdin.isatty():
        return
    err.print("nobody is there to say yes, and nothing was sent")
    err.print("next: look with --dry-run, then give --yes")
    raise typer.Exit(ExitCode.USAGE)


def _run(plan: ReplayPlan, setup: Setup, watch: Callable[[PreparedLoad], None]) -> RunReport:
    prepared = prepare_replay(plan, setup)
    watch(prepared)
    return deliver_and_settle(prepared, setup, err.print)


def _print_none(request: ReplayRequest) -> None:
    ends = " or ".join(_END_OF[state] for state in REPLAYABLE if state in request.states)
    others = [f"--{end.replace(' ', '-')}" for s, end in _END_OF.items() if _is_other(s, request)]
    more = f"; for the others: {' '.join(others)}" if others else ""
    none = f"run {request.run_id} has no leads {ends} to send again: nothing to replay"
    out.print(f"{none}{more}", soft_wrap=True)


def _is_other(state: SubmissionState, request: ReplayRequest) -> bool:
    return state in REPLAYABLE and state not in request.states


def _print_plan(plan: ReplayPlan) -> None:
    n, run_id = len(plan.leads), plan.parent.run_id
    print_grid(
        ["table", "end", "reason", "leads"],
        ([c.table, _END_OF[c.state], c.reason, c.n_leads] for c in plan.counts),
        title=f"{n:,} leads of run {run_id}, cycle {plan.parent.cycle}",
    )
    print_grid(
        ["table", "slot", "takes"],
        (
            [table, slot, n_taken]
            for table, slots in plan.by_slot.items()
            for slot, n_taken in slots.items()
        ),
    )
    if plan.n_unplaced:
        out.print(f"{plan.n_unplaced:,} find no room, and would stay owed: add a slot")
    time = describe_seconds(plan.sending_time_s)
    out.print(f"{n:,} leads to send again at {plan.rate_per_s:g}/s: {time}")
    if plan.n_in_doubt:
        out.print(
            f"{plan.n_in_doubt:,} of them Clay may have already, and then has twice: look for "
            f"their lead_key in the Clay table first (`clayload status {run_id}` lists them)",
            soft_wrap=True,
        )
