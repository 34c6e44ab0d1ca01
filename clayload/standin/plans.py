"""What does a Clay plan allow?

In:    nothing.
Out:   per plan: whether it has webhooks, and how many rows a table may hold.
Never: prices; what a row takes of credits and Actions is each table's own setting.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PlanLimits:
    """`row_limit` is rows per table."""

    has_webhooks: bool
    row_limit: int


PLANS = {
    "free": PlanLimits(has_webhooks=False, row_limit=200),
    "launch": PlanLimits(has_webhooks=False, row_limit=50_000),
    "growth": PlanLimits(has_webhooks=True, row_limit=50_000),
    "enterprise": PlanLimits(has_webhooks=True, row_limit=50_000),
    "trial": PlanLimits(has_webhooks=True, row_limit=1_000),
    "starter": PlanLimits(has_webhooks=False, row_limit=50_000),
    "explorer": PlanLimits(has_webhooks=True, row_limit=50_000),
    "pro": PlanLimits(has_webhooks=True, row_limit=50_000),
}
"""clay-facts.md §2 (current and legacy plans) and §8 behaviours 15 and 33."""
