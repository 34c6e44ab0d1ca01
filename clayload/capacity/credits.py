"""How many data credits and Actions do so many leads take?

In:    what one lead costs, and how many there are.
Out:   whole credits and Actions, low, likely and high.
Never: a price; what a plan costs is `clayload.capacity.pricing`' question.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from clayload.tables.catalogue import Catalogue, Level
from clayload.tables.costs import CostRange, LeadCost

_DIGITS = 6
"""Digits after which a product of floats is no longer believed: 0.1 x 30 are 3 credits, not 4."""


@dataclass(frozen=True, slots=True)
class Spend:
    """Credits and Actions that many leads take together."""

    credits: int
    actions: int


@dataclass(frozen=True, slots=True)
class SpendRange:
    """What many leads take; `low` is never more than `likely`, nor that than `high`."""

    low: Spend
    likely: Spend
    high: Spend

    def at(self, level: Level) -> Spend:
        """Give what is taken at a level."""
        return {Level.LOW: self.low, Level.LIKELY: self.likely, Level.HIGH: self.high}[level]


def spend_for(cost: CostRange, n_leads: int) -> SpendRange:
    """Count what `n_leads` take; a part of a credit is a whole one."""
    return SpendRange(*(_times(cost.at(level), n_leads) for level in Level))


def add_up(spends: Iterable[SpendRange]) -> SpendRange:
    """Add up what several tables take; nothing at all for none."""
    every = list(spends)
    return SpendRange(
        *(
            Spend(
                sum(one.at(level).credits for one in every),
                sum(one.at(level).actions for one in every),
            )
            for level in Level
        )
    )


def share_out(spend: Spend, n_workspaces: int) -> Spend:
    """Give the part of one workspace, where several share the leads evenly."""
    return Spend(math.ceil(spend.credits / n_workspaces), math.ceil(spend.actions / n_workspaces))


def guess_cost(
    catalogue: Catalogue, credits_per_lead: float | None, actions_per_lead: float | None
) -> CostRange:
    """Give the cost of a lead of which the steps are not known; what is told is taken as told."""

    def at(level: Level) -> LeadCost:
        guessed = LeadCost(catalogue.lead_credits.at(level), catalogue.lead_actions.at(level))
        return LeadCost(
            guessed.credits if credits_per_lead is None else credits_per_lead,
            guessed.actions if actions_per_lead is None else actions_per_lead,
        )

    return CostRange(*(at(level) for level in Level))


def _times(cost: LeadCost, n_leads: int) -> Spend:
    return Spend(_round_up(cost.credits * n_leads), _round_up(cost.actions * n_leads))


def _round_up(amount: float) -> int:
    return math.ceil(round(amount, _DIGITS))
