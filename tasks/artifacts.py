"""What do people see of a finished load in the Prefect UI?

In:    the run report, and the ledger for the slots.
Out:   the report as markdown, one table artifact per Clay table, one of all webhook slots, and use
       by day;
       the report's page with plots, as a file in the run's folder that the markdown leads to.
Never: a lead's key or data in an artifact: leads are named by row number; and never a load
       that fails for want of them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from prefect.artifacts import create_markdown_artifact, create_table_artifact

from clayload.account.problem import describe_problem
from clayload.account.run_report import RunReport, describe_ends
from clayload.capacity.slots import TableForecast
from clayload.capacity.usage import Usage
from clayload.loading.report_page import link_page, write_page
from clayload.monitoring.slots import forecast_slots, warn_of_slots
from clayload.report.markdown import render_grid, render_report
from clayload.report.slots import render_forecast
from clayload.report.usage import describe_owed, render_days, render_lines
from clayload.setup import Setup, read_setup
from tasks.best_effort import best_effort


def publish_report(report: RunReport) -> None:
    """Put the report, and all slots as they are after the load, into the UI, if Prefect answers."""
    with best_effort("the report cannot be shown"):
        setup = read_setup(os.environ)
        create_markdown_artifact(
            render_report(report, with_keys=False, page=_write_page(report, setup)),
            key="run-report",
            description=f"{report.outcome}: {describe_ends(report.ends)}",
        )
        for name, ends in report.tables.items():
            create_table_artifact(
                list(_describe_table(name, report)),
                key=f"table-{name}",
                description=f"{report.cycle}: {describe_ends(ends)} (run {report.run_id})",
            )
        publish_slots(forecast_slots(setup))


def _write_page(report: RunReport, setup: Setup) -> str:
    """Write the page of the report; give where it is."""
    try:
        return link_page(write_page(report, setup), report.run_id, setup)
    except Exception as error:  # noqa: BLE001 - no load fails for want of its page
        why = describe_problem(error, "").message
        print(f"the report's page could not be made: {why}")
        return f"could not be made: {why}; `clayload report {report.run_id}` tries again"


def publish_slots(tables: Sequence[TableForecast]) -> None:
    """Put into the UI how far all slots and tables are used."""
    warnings = warn_of_slots(tables)
    create_table_artifact(
        [row for table in tables for row in _list_rows(table)],
        key="webhook-slots",
        description="; ".join(warnings) or "no slot and no table is near its end",
    )


def publish_usage(usage: Usage) -> None:
    """Put into the UI what was used by day, and what the billing month will come to."""
    parts = (
        f"## By day ({usage.time_zone})",
        render_grid(render_days(usage)),
        "## This billing month, and by its end",
        render_grid(render_lines(usage.lines)),
        describe_owed(usage.owed),
    )
    create_markdown_artifact("\n\n".join(parts) + "\n", key="credits-and-actions")


def _list_rows(table: TableForecast) -> Iterator[dict[str, str]]:
    grid = render_forecast(table)
    for row in grid.rows:
        yield {"table": table.table, **dict(zip(grid.header, row, strict=True))}


def _describe_table(name: str, report: RunReport) -> Iterator[dict[str, str]]:
    for end, n in report.tables[name].items():
        yield {"what": f"leads {end}", "this run": f"{n:,}", "in all": "", "safe limit": ""}
    for slot in report.slots:
        if slot.table == name:
            yield {
                "what": f"slot {slot.slot}",
                "this run": f"{slot.used_by_run:,}",
                "in all": f"{slot.used:,}",
                "safe limit": f"{slot.safe_limit:,}",
            }
