"""What do people see of a finished load in the Prefect UI?

In:    the run report.
Out:   the report as markdown, one table artifact per Clay table.
Never: a lead's key or data: leads are spoken of by row number.
"""

from __future__ import annotations

from collections.abc import Iterator

from prefect.artifacts import create_markdown_artifact, create_table_artifact

from clayload.report.account import RunReport
from clayload.report.markdown import render_report


def publish_report(report: RunReport) -> None:
    """Put the report into the UI."""
    create_markdown_artifact(
        render_report(report, with_keys=False), key="run-report", description=report.next_step
    )
    for name in report.tables:
        create_table_artifact(
            list(_describe_table(name, report)),
            key=f"table-{name}",
            description=f"{name} in load {report.cycle}, run {report.run_id}",
        )


def _describe_table(name: str, report: RunReport) -> Iterator[dict[str, str | int]]:
    for end, n in report.tables[name].items():
        yield {"what": f"leads {end}", "count": n}
    for slot in report.slots:
        if slot.table == name:
            yield {"what": f"slot {slot.slot}: used of {slot.safe_limit:,}", "count": slot.used}
