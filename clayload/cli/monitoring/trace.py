"""`clayload trace`: what happened to one lead?"""

import os
from typing import Annotated

import typer

from clayload.cli.console import out
from clayload.cli.monitoring.status import read_existing
from clayload.cli.options import AsJson
from clayload.cli.show import print_grid
from clayload.monitoring.trace import LeadStory, trace_lead
from clayload.report.lead_story import SubmissionStatus
from clayload.report.moments import describe_moment


def trace(
    lead: Annotated[str, typer.Argument(help="An e-mail address, or a lead_key.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Tell a lead's whole story, over all runs, and what can be done next. Changes nothing."""
    story = trace_lead(lead, read_existing(os.environ))
    if as_json:
        out.print_json(story.model_dump_json())
    else:
        print_story(story)


def print_story(story: LeadStory) -> None:
    """Print a lead's story in time order, how it stands, and the next step."""
    print_grid(
        ["when", "run", "what"],
        ([describe_moment(one.at), one.run_id, one.what] for one in story.events),
        title=story.lead,
    )
    for stand in story.statuses:
        print_grid(["how it stands", ""], _describe_stand(stand))
    for place in story.not_searched:
        out.print(f"not looked into: {place}", soft_wrap=True)
    for step in story.next_steps:
        out.print(f"next: {step}", soft_wrap=True)


def _describe_stand(stand: SubmissionStatus) -> list[tuple[str, object]]:
    return [
        ("table", stand.table),
        ("cycle", stand.cycle),
        ("lead_key", stand.lead_key),
        ("state", f"{stand.state}, since {describe_moment(stand.updated_at)}"),
        ("slot", stand.slot),
        ("status", stand.status or ""),
        ("reason", stand.reason),
        ("answer", stand.body),
        ("attempts", stand.n_attempts),
    ]
