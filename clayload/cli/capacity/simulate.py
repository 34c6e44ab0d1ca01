"""`clayload simulate`: how would a month go, hour by hour, with what goes wrong?"""

import json
import math
import os
from pathlib import Path
from typing import Annotated

import typer

from clayload.capacity.simulation.incidents import Failures
from clayload.capacity.simulation.scenario import ScenarioAsk
from clayload.capacity.simulation.simulated import simulate_tables
from clayload.capacity.simulation.tally import TableTally
from clayload.cli.console import print_json
from clayload.cli.layout import print_sections, print_sentence
from clayload.cli.options import AsJson
from clayload.errors import ExitCode
from clayload.report.simulated_figures import write_plot
from clayload.report.simulated_json import simulated_for_machines
from clayload.report.simulated_month import describe_month_shortly, describe_simulated
from clayload.setup import read_setup

_FASTEST = 10_000
_MOST_CREDITS = 1e12
_LONGEST_DAYS = 366


def _check_name(path: Path | None) -> Path | None:
    if path is not None and path.suffix.lower() != ".svg":
        raise typer.BadParameter(f"{path} does not end in .svg")
    return path


def _refuse_no_figure(amount: float | None) -> float | None:
    if amount is not None and math.isnan(amount):
        raise typer.BadParameter("must be a number")
    return amount


def _refuse_no_rate(rate: float | None) -> float | None:
    if rate is not None and not (math.isfinite(rate) and rate > 0):
        raise typer.BadParameter("must be a finite number above 0")
    return rate


def simulate(
    *,
    leads: Annotated[
        int | None, typer.Option(min=1, help="Leads a month; the tables' volumes by default.")
    ] = None,
    workspaces: Annotated[
        int, typer.Option(min=1, max=100, help="Workspaces that share the leads evenly.")
    ] = 1,
    days: Annotated[int, typer.Option(min=1, max=_LONGEST_DAYS, help="How long it goes on.")] = 30,
    rate: Annotated[
        float | None,
        typer.Option(
            max=_FASTEST, callback=_refuse_no_rate, help="Leads a second in each workspace."
        ),
    ] = None,
    burst: Annotated[
        int | None,
        typer.Option(min=1, max=_FASTEST, help="Leads at once after a pause; grows with the rate."),
    ] = None,
    events: Annotated[int, typer.Option(min=0, max=_LONGEST_DAYS, help="Events in the month.")] = 2,
    failures: Annotated[
        Failures, typer.Option(help="How much goes wrong: none, some or many.")
    ] = Failures.SOME,
    credits_per_billing_month: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=_MOST_CREDITS,
            callback=_refuse_no_figure,
            help="Credits a billing month, for each workspace.",
        ),
    ] = None,
    credits_per_day: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=_MOST_CREDITS,
            callback=_refuse_no_figure,
            help="Credits a day, for each workspace.",
        ),
    ] = None,
    no_budgets: Annotated[
        bool, typer.Option("--no-budgets", help="Leave the budgets of tables.yaml aside.")
    ] = False,
    at_once: Annotated[
        bool, typer.Option("--at-once", help="All leads come at the first moment, as one load.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Another number gives another month.")] = 0,
    plot: Annotated[
        Path | None, typer.Option(callback=_check_name, help="Draw the month into this .svg file.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Simulate a month by the grant's own arithmetic, with what goes wrong. Sends nothing."""
    ask = ScenarioAsk(
        n_leads=leads,
        n_workspaces=workspaces,
        n_days=days,
        rate_per_s=rate,
        burst=burst,
        n_events=events,
        failures=failures,
        seed=seed,
        at_once=at_once,
        credits_per_billing_month=credits_per_billing_month,
        credits_per_day=credits_per_day,
        no_budgets=no_budgets,
    )
    simulated = simulate_tables(ask, read_setup(os.environ))
    if plot is not None:
        write_plot(simulated, plot)
    if as_json:
        print_json(json.dumps(simulated_for_machines(simulated), indent=2))
    else:
        print_sentence(f"{describe_month_shortly(simulated)}.")
        print_sections(describe_simulated(simulated))
    if code := _exit_code(simulated.month.total):
        raise typer.Exit(code)


def _exit_code(total: TableTally) -> ExitCode:
    if total.n_owed:
        return ExitCode.PENDING
    return ExitCode.DEFERRED if total.n_deferred else ExitCode.OK
