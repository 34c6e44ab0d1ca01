"""Which commands does `clayload` have, and where does each lie?

In:    our own table, and those of the floors above, by entry point.
Out:   a name, a help line and a place for each; a test holds the lines to the commands' own.
Never: an import of a command: together they take seconds, and most starts need one or none.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import NamedTuple

COMMAND_GROUP = "clayload.commands"
"""A floor above the core adds commands by an entry point of this group: a table such as ours."""


class Command(NamedTuple):
    """Where a command lies, as `module:name`, and the first paragraph of its help."""

    place: str
    help_line: str


COMMANDS: Mapping[str, Command] = {
    "check": Command(
        "clayload.cli.upkeep.check:check",
        "Check configuration, secrets and ledger, and that Clay's host answers; spends no row.",
    ),
    "capacity": Command(
        "clayload.cli.capacity.capacity:capacity",
        "Show what a month of leads takes: credits, Actions, plan, webhooks, tables and time.",
    ),
    "simulate": Command(
        "clayload.cli.capacity.simulate:simulate",
        "Simulate a month by the grant's own arithmetic, with what goes wrong. Sends nothing.",
    ),
    "plan": Command(
        "clayload.cli.loading.plan:plan",
        "Read, check and route an extract; show what a load would send, when, and what it takes.",
    ),
    "plans": Command(
        "clayload.cli.loading.plan:plans", "List the load plans that were kept, the newest first."
    ),
    "load": Command(
        "clayload.cli.loading.load:load",
        "Load an extract into its Clay tables. The same load again sends only what is still owed.",
    ),
    "runs": Command(
        "clayload.cli.monitoring.runs:runs",
        "List the runs, newest first: files, cycle, outcome, leads delivered and still owed.",
    ),
    "status": Command(
        "clayload.cli.monitoring.status:status",
        "Show the account of a run as the ledger holds it now.",
    ),
    "doctor": Command(
        "clayload.cli.monitoring.doctor:doctor",
        "Show what is wrong with a run, in figures, and what fixes it; changes nothing.",
    ),
    "report": Command(
        "clayload.cli.monitoring.report:report",
        "Write a run's report as one HTML page with plots; print where it is.",
    ),
    "trace": Command(
        "clayload.cli.monitoring.trace:trace",
        "Show a lead's whole story, over all runs, and what can be done next. Changes nothing.",
    ),
    "replay": Command(
        "clayload.cli.loading.replay:replay",
        "Send a run's refused leads again, or those in doubt, after a count and a question.",
    ),
    "pause": Command(
        "clayload.cli.upkeep.pause:pause",
        "Let nobody send into a workspace, on any machine, until it is unpaused.",
    ),
    "unpause": Command(
        "clayload.cli.upkeep.pause:unpause",
        "Let loads of a paused workspace go on; those that wait go on by themselves.",
    ),
    "approve": Command(
        "clayload.cli.loading.approve:approve",
        "Show how a run's sample ended, and let the rest of its table follow.",
    ),
    "resume-deferred": Command(
        "clayload.cli.loading.resume_deferred:resume_deferred",
        "Send what earlier loads deferred, where a budget has room again or a sample is approved.",
    ),
    "budget": Command(
        "clayload.cli.monitoring.budget:budget",
        "Show what is spent, reserved and left of each budget, and the day it renews.",
    ),
    "usage": Command(
        "clayload.cli.monitoring.usage:usage",
        "Show leads, credits and Actions by day, and what the billing month will come to.",
    ),
    "alerts": Command(
        "clayload.cli.monitoring.alerts:alerts",
        "Show which budgets, slots and tables are near their end, and which loads are degraded.",
    ),
    "metrics": Command(
        "clayload.cli.monitoring.metrics:metrics",
        "Print all figures in Prometheus' text format; reads the ledger, and changes nothing.",
    ),
    "resubmit": Command(
        "clayload.cli.loading.resubmit:resubmit",
        "Send the corrected rows of a quarantine, for the cycle of the run that set them aside.",
    ),
    "standin": Command(
        "clayload.cli.standin.standin:standin",
        "Run the stand-in: Clay's documented limits and answers, a page in the browser, no cost.",
    ),
    "demo": Command(
        "clayload.cli.standin.demo:demo",
        "Load the sample extract into a local stand-in of Clay, as a Prefect flow.",
    ),
    "quarantine": Command(
        "clayload.cli.loading.quarantine:app",
        "Get the rows a run set aside back into a spreadsheet.",
    ),
    "slots": Command(
        "clayload.cli.upkeep.slots:app",
        "See how the webhook slots are used up; add one, or retire one.",
    ),
    "ledger": Command(
        "clayload.cli.upkeep.ledger:app",
        "Look after the ledger: bring it to this version, check it, export it.",
    ),
}


def list_commands_above() -> dict[str, Command]:
    """List the commands of the floors above, by name."""
    tables = (table.load() for table in sorted(entry_points(group=COMMAND_GROUP)))
    return {name: command for table in tables for name, command in table.items()}
