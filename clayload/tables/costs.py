"""What does one lead cost in Clay: data credits and Actions?

In:    a table's steps, the workspace's keys, the catalogue of prices.
Out:   the cost of a lead, low, likely and high.
Never: a total; how many leads there are is for others to say.

credits = sum over the steps of (rows it runs on x runs charged x credits), Actions = sum of (rows
it runs on x Actions): the formula of clay-facts.md §3. One Action a lead is too few.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from clayload.tables.budgets import Counted
from clayload.tables.catalogue import Catalogue, Estimate, Level, StepCost
from clayload.tables.problems import Flaw
from clayload.tables.table import Table
from clayload.tables.tables_file import TablesConfig
from clayload.tables.workspace import Workspace


@dataclass(frozen=True, slots=True)
class LeadCost:
    """What one lead takes, on average over a table's leads."""

    credits: float
    actions: float


@dataclass(frozen=True, slots=True)
class CostRange:
    """What one lead takes; `low` is never more than `likely`, nor that than `high`."""

    low: LeadCost
    likely: LeadCost
    high: LeadCost

    def at(self, level: Level) -> LeadCost:
        """Give the cost for a level."""
        return {Level.LOW: self.low, Level.LIKELY: self.likely, Level.HIGH: self.high}[level]


def cost_of_lead(table: Table, workspace: Workspace, catalogue: Catalogue) -> CostRange:
    """Give the cost of a lead of a table.

    Where the table says itself what a lead costs, that holds, whoever's keys are used. Steps on own
    API keys take no credits, but their Actions all the same (clay-facts.md §2).
    """
    steps = [catalogue.cost_of_step(name) for name in table.enrichment]
    return CostRange(
        *(_cost_at(level, table, steps, own_keys=workspace.own_api_keys) for level in Level)
    )


def find_unknown_steps(tables: Mapping[str, Table], catalogue: Catalogue) -> Iterator[Flaw]:
    """Find the steps that the catalogue does not know, with the key each stands at."""
    for name, table in tables.items():
        for i, step in enumerate(table.enrichment):
            if step not in catalogue.steps:
                yield Flaw(
                    f"clay.yaml has no step '{step}'; it is counted as its unknown_step",
                    "name one it has, or add the step to clay.yaml",
                    ("tables", name, "enrichment", i),
                    catalogue.nearest_step(step),
                )


def _cost_at(level: Level, table: Table, steps: list[StepCost], *, own_keys: bool) -> LeadCost:
    credits_, actions = table.credits_per_lead, table.actions_per_lead
    if credits_ is None:
        credits_ = 0.0 if own_keys else sum(_credits_of(step, level) for step in steps)
    if actions is None:
        actions = sum(_part(step.runs_on, level) * step.actions.at(level) for step in steps)
    return LeadCost(credits_, actions)


def _credits_of(step: StepCost, level: Level) -> float:
    return _part(step.runs_on, level) * _part(step.charged_on, level) * step.credits.at(level)


def _part(part: Estimate | None, level: Level) -> float:
    return 1.0 if part is None else part.at(level)


LEVEL_OF = {Counted.LIKELY: Level.LIKELY, Counted.HIGH: Level.HIGH}


def costs_of(config: TablesConfig, catalogue: Catalogue) -> dict[str, LeadCost]:
    """Tell what one lead of each table is counted with."""
    level = LEVEL_OF[config.budgets.workspace.count]
    return {
        name: cost_of_lead(table, config.workspace, catalogue).at(level)
        for name, table in config.tables.items()
    }
