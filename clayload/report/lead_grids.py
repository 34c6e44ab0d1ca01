"""How does the story of a lead stand in columns?

In:    its events, and how it stands in each table.
Out:   grids.
Never: a wording of what happened: that is `clayload.report.lead_story`'s.
"""

from __future__ import annotations

from collections.abc import Iterable

from clayload.report.grids import Grid
from clayload.report.lead_story import LeadEvent, SubmissionStatus
from clayload.report.moments import describe_moment


def render_events(events: Iterable[LeadEvent]) -> Grid:
    """Give what happened to a lead, in time order."""
    rows = ((describe_moment(one.at), one.run_id, one.what) for one in events)
    return Grid(("when", "run", "what"), tuple(rows))


def render_status(status: SubmissionStatus) -> Grid:
    """Give how a lead stands in one table and cycle."""
    rows = (
        ("table", status.table),
        ("cycle", status.cycle),
        ("lead_key", status.lead_key),
        ("state", f"{status.state}, since {describe_moment(status.updated_at)}"),
        ("slot", status.slot),
        ("status", f"{status.status or ''}"),
        ("reason", status.reason),
        ("answer", status.body),
        ("attempts", f"{status.n_attempts:,}"),
    )
    return Grid(("how it stands", ""), rows)
