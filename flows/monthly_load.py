"""Load the month's extracts, once: what a schedule runs.

In:    the month, or the moment at which the run was due; where a month's extracts lie.
Out:   as `load_leads`; a failed run where there is no extract, or all of it was loaded already.
Never: a month without extracts taken for a success.
"""

import os

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run

from clayload.loading.cycle import month_of, request_month
from clayload.loading.prepare import PreparedLoad
from clayload.loading.setup import read_setup
from flows.orders import MonthlyLoad
from flows.sending import SENDING, asked, send_load
from tasks.load import prepare_load


def name_run() -> str:
    """Name a flow run by its month: `load month 2026-11`."""
    return f"load month {asked(MonthlyLoad).cycle or ''}".rstrip()


@flow(name="monthly-load", flow_run_name=name_run, **SENDING)
def monthly_load(month: MonthlyLoad = MonthlyLoad()) -> State[None]:  # noqa: B008 - frozen
    """Load all extracts of a month as one.

    Args:
        month: Which month, and where its extracts lie.
    """
    return send_load(lambda: _prepare(month), month.workers)


def _prepare(month: MonthlyLoad) -> PreparedLoad:
    due_at = flow_run.scheduled_start_time
    cycle = month.cycle or month_of(due_at, read_setup(os.environ).config.workspace)
    return prepare_load(request_month(month.files, cycle))
