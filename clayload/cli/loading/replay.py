"""`clayload replay`: send a run's refused leads, or those in doubt, again."""

import os
import sys
from collections.abc import Callable
from typing import Annotated

import typer

from clayload.account.run_report import RunReport
from clayload.cli.console import err, out, print_json
from clayload.cli.existing import read_existing
from clayload.cli.layout import print_grid, print_sentence, print_summary
from clayload.cli.live_progress import run_watched
from clayload.cli.options import AsJson, OneTable
from clayload.cli.suggestions import suggest_runs
from clayload.ledger.granting.recovery import recover_ended
from clayload.ledger.rules.states import REPLAYABLE, SubmissionState
from clayload.loading.followups.replay import prepare_replay
from clayload.loading.followups.replay_plan import ReplayPlan, ReplayRequest, plan_replay
from clayload.loading.prepare import PreparedLoad
from clayload.loading.run import deliver_and_close
from clayload.plural import count
from clayload.report.moments import describe_seconds
from clayload.report.plans.replay import END_OF, render_counts, render_placement
from clayload.report.run.run_summary import render_run_summary
from clayload.setup import Setup, read_setup


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
        bool, typer.Option("--dry-run", help="Show what would be sent again; send nothing.")
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
        listed = count(plan.n_suppressed, "lead is", "leads are")
        print_sentence(f"{listed} on a suppression list by now, and left out")
    if not plan.leads and not as_json:
        _print_none(request)
    elif not as_json:
        _print_plan(plan)
    elif dry_run or not plan.leads:
        print_json(plan.to_json())
    if dry_run or not plan.leads or not (yes or typer.confirm("Send them again?", err=True)):
        return
    report = run_watched(lambda watch: _run(plan, setup, watch), setup)
    if as_json:
        print_json(report.to_json())
    else:
        print_summary(render_run_summary(report))
    raise typer.Exit(report.exit_code)


def _choose_states(*, refused: bool, in_doubt: bool) -> frozenset[SubmissionState]:
    wanted = {SubmissionState.REFUSED: refused, SubmissionState.IN_DOUBT: in_doubt}
    # By default only what is certain: Clay did not take it.
    return frozenset(s for s in REPLAYABLE if wanted[s]) or frozenset({SubmissionState.REFUSED})


def _must_be_answerable(*, yes: bool) -> None:
    if not (yes or sys.stdin.isatty()):
        message = "cannot ask for confirmation here; nothing was sent (use --yes)"
        raise typer.BadParameter(message, param_hint="--yes")


def _run(plan: ReplayPlan, setup: Setup, watch: Callable[[PreparedLoad], None]) -> RunReport:
    prepared = prepare_replay(plan, setup)
    watch(prepared)
    return deliver_and_close(prepared, setup, err.print)


def _print_none(request: ReplayRequest) -> None:
    ends = " or ".join(END_OF[state] for state in REPLAYABLE if state in request.states)
    others = [f"--{end.replace(' ', '-')}" for s, end in END_OF.items() if _is_other(s, request)]
    more = f"; for the others: {' '.join(others)}" if others else ""
    none = f"run {request.run_id} has no leads {ends} to send again: nothing to replay"
    print_sentence(f"{none}{more}")


def _is_other(state: SubmissionState, request: ReplayRequest) -> bool:
    return state in REPLAYABLE and state not in request.states


def _print_plan(plan: ReplayPlan) -> None:
    leads, run_id = count(len(plan.leads), "lead"), plan.parent.run_id
    print_grid(render_counts(plan.counts), f"{leads} of run {run_id}, cycle {plan.parent.cycle}")
    out.print()
    print_grid(render_placement(plan.by_slot))
    out.print()
    if plan.n_unplaced:
        no_room = count(plan.n_unplaced, "lead finds", "leads find")
        print_sentence(f"{no_room} no room, and would stay owed: add a slot")
    time = describe_seconds(plan.sending_time_s)
    print_sentence(f"{leads} to send again at {plan.rate_per_s:g}/s: {time}")
    if plan.n_in_doubt:
        print_sentence(
            f"{plan.n_in_doubt:,} of them Clay may have already, and then has twice: look for "
            f"their lead_key in the Clay table first (`clayload status {run_id} --details` lists "
            "them)"
        )
