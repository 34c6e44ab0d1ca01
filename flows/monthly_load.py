"""Load the month's extracts, once: what a schedule runs.

In:    the month, or the moment at which the run was due; where a month's extracts lie.
Out:   as `load_leads`; a failed run where there is no extract, or all of it was loaded already.
Never: a month without extracts taken for a success.
"""

import os

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run

from clayload.errors import ConfigError
from clayload.loading.intake.cycle import month_of, request_month
from clayload.loading.prepare import PreparedLoad
from clayload.setup import read_setup
from flows.orders import MonthlyLoad
from flows.sending import SENDING, read_order, send_load
from tasks.load import prepare_load


def name_run() -> str:
    """Name a flow run by its month: `load month 2026-11`."""
    try:
        return f"load month {_choose_month(read_order(MonthlyLoad))}"
    except ConfigError:
        return "load month"  # the flow's first step meets the same error where it can be shown


@flow(name="monthly-load", flow_run_name=name_run, **SENDING)
def monthly_load(month: MonthlyLoad = MonthlyLoad()) -> State[None]:  # noqa: B008 - frozen
    """Load all extracts of a month as one.

    Args:
        month: Which month, and where its extracts lie.
    """
    return send_load(lambda: _prepare(month), month.workers)


def _prepare(month: MonthlyLoad) -> PreparedLoad:
    return prepare_load(request_month(month.files, _choose_month(month)))


def _choose_month(month: MonthlyLoad) -> str:
    """Choose the month of the form, or else the one in which the run was due."""
    if month.cycle is not None:
        return month.cycle
    return month_of(flow_run.scheduled_start_time, read_setup(os.environ).config.workspace)
