"""`clayload trace`: what happened to one lead?"""

import os
from typing import Annotated

import typer

from clayload.cli.console import out, print_json
from clayload.cli.existing import read_existing
from clayload.cli.layout import print_grid, print_sentence
from clayload.cli.options import AsJson
from clayload.monitoring.trace import LeadStory, trace_lead
from clayload.report.lead_grids import render_events, render_status


def trace(
    lead: Annotated[str, typer.Argument(help="An e-mail address, or a lead_key.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Show a lead's whole story, over all runs, and what can be done next. Changes nothing."""
    story = trace_lead(lead, read_existing(os.environ))
    if as_json:
        print_json(story.model_dump_json(indent=2))
    else:
        print_story(story)


def print_story(story: LeadStory) -> None:
    """Print a lead's story in time order, how it stands, and the next step."""
    print_grid(render_events(story.events), story.lead)
    for status in story.statuses:
        out.print()
        print_grid(render_status(status))
    out.print()
    for place in story.not_searched:
        print_sentence(f"not looked into: {place}")
    for step in story.next_steps:
        print_sentence(f"next: {step}")
