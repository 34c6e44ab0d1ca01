"""What do people see of a finished load in the Prefect UI?

In:    the run report.
Out:   the report as markdown, one table artifact per Clay table.
Never: a lead's key or data: leads are spoken of by row number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from prefect.artifacts import create_markdown_artifact, create_table_artifact

from clayload.model import RowEnd
from clayload.report.account import RunReport
from clayload.report.markdown import render_report


def publish_report(report: RunReport) -> None:
    """Put the report into the UI."""
    create_markdown_artifact(
        render_report(report, with_keys=False),
        key="run-report",
        description=f"{report.outcome}: {describe_ends(report.ends)}",
    )
    for name, ends in report.tables.items():
        create_table_artifact(
            list(_describe_table(name, report)),
            key=f"table-{name}",
            description=f"{report.cycle}: {describe_ends(ends)} (run {report.run_id})",
        )


def describe_ends(ends: Mapping[RowEnd, int]) -> str:
    """Say how leads ended, what was delivered first: `50 delivered, 3 unrouted`."""
    delivered_first = sorted(ends.items(), key=lambda item: item[0] != RowEnd.DELIVERED)
    return ", ".join(f"{n:,} {end}" for end, n in delivered_first if n)


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
