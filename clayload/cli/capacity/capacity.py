"""`clayload capacity`: what does a month take, and which plan is enough?"""

import json
import math
import os
from typing import Annotated

import typer

from clayload.capacity.month import MonthAsk
from clayload.cli.console import print_json
from clayload.cli.layout import print_sections, print_summary
from clayload.cli.options import AsJson, WithDetails
from clayload.errors import ExitCode
from clayload.report.plans.month import read_month, render_month
from clayload.report.plans.month_json import month_for_machines
from clayload.report.plans.month_summary import render_month_summary
from clayload.setup import read_setup


def _refuse_endless(value: float | None) -> float | None:
    if value is not None and not math.isfinite(value):
        raise typer.BadParameter("must be a finite number")
    return value


def capacity(
    *,
    leads: Annotated[
        int | None, typer.Option(min=1, help="Leads a month; the tables' volumes by default.")
    ] = None,
    credits_per_lead: Annotated[
        float | None,
        typer.Option(
            min=0, callback=_refuse_endless, help="Data credits a lead, in place of the estimate."
        ),
    ] = None,
    actions_per_lead: Annotated[
        float | None,
        typer.Option(
            min=0, callback=_refuse_endless, help="Actions a lead, in place of the estimate."
        ),
    ] = None,
    own_api_keys: Annotated[
        bool, typer.Option("--own-api-keys", help="What if all steps ran on your own API keys?")
    ] = False,
    workspaces: Annotated[
        int, typer.Option(min=1, help="Workspaces that share the leads evenly.")
    ] = 1,
    details: WithDetails = False,
    as_json: AsJson = False,
) -> None:
    """Show what a month of leads takes: credits, Actions, plan, webhooks, tables and time."""
    ask = MonthAsk(leads, credits_per_lead, actions_per_lead, own_api_keys, workspaces)
    month = read_month(ask, read_setup(os.environ))
    if as_json:
        print_json(json.dumps(month_for_machines(month), indent=2))
    else:
        print_summary(render_month_summary(month), details=details)
        print_sections(render_month(month) if details else ())
    if not month.is_asked and not month.own.is_enough:
        raise typer.Exit(ExitCode.PENDING)
