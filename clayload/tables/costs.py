"""What does Clay charge for one lead?

In:    nothing yet.
Out:   a cost in credits and Actions, and the range in which it lies.
Never: a price; what a credit is worth is the plan's question.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LeadCost:
    """What one lead takes of the workspace's credits and Actions."""

    credits: float
    actions: float


@dataclass(frozen=True, slots=True)
class CostRange:
    """The least, the likely and the most that one lead takes."""

    low: LeadCost
    likely: LeadCost
    high: LeadCost
