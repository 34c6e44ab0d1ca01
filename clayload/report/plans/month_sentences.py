"""What is said of a month's plan in a sentence?

In:    the plan of a month.
Out:   sentences: whether the plan is enough, what it costs, where sources disagree, what fills up.
Never: a figure of its own; all of them are `clayload.capacity`'s.
"""

from __future__ import annotations

from collections.abc import Iterator

from clayload.capacity.month import MonthPart, MonthPlan
from clayload.capacity.pricing import PlanFit
from clayload.tables.catalogue import Level

_YEAR = 12


def describe_own_plan(month: MonthPlan) -> str:
    """Say whether the plan of the configuration is enough."""
    own = month.own
    if own.is_enough:
        return f"your plan in tables.yaml, {own.plan}, is enough for what is likely"
    return f"your plan in tables.yaml, {own.plan}, is not enough: {'; '.join(own.lacks)}"


def describe_cost(fit: PlanFit) -> str:
    """Say what the price of a plan is made of."""
    price = fit.price
    if price.is_agreed:
        return (
            f"{fit.plan} costs what you agree on; shown is what its credits and Actions come to "
            "at the unit prices of clay.yaml, before any discount"
        )
    parts = [f"${price.base:,.0f} for {fit.plan} as it begins"]
    if price.for_credits:
        parts.append(f"${price.for_credits:,.0f} for more credits")
    if price.for_top_ups:
        parts.append(f"${price.for_top_ups:,.0f} for {price.n_top_up_credits:,} credits as top-ups")
    if price.for_actions:
        parts.append(f"${price.for_actions:,.0f} for more Actions")
    counted = "; what is more is counted with unit prices" if len(parts) > 1 else ""
    return f"likely: {' + '.join(parts)}{counted}"


def describe_disputes(month: MonthPlan) -> Iterator[str]:
    """Say where sources disagree on the plan that is recommended."""
    plan = month.offer.fits[Level.LIKELY].plan
    facts = month.catalogue.plans[plan]
    spans = {"data credits": facts.credits_per_month, "Actions": facts.actions_per_month}
    for what, span in spans.items():
        if span is not None and span.disputed is not None:
            yield f"sources disagree on {plan.capitalize()}'s {what}: {span.disputed}"


def describe_full_tables(month: MonthPlan) -> Iterator[str]:
    """Say which tables are full within a year."""
    for part in month.parts:
        months = part.months_until_full
        if months is not None and months < _YEAR:
            rows = f"{part.row_limit:,} rows"
            yield f"{part.name}: one table of {rows} is full after {describe_full(part)}"


def describe_full(part: MonthPart) -> str:
    """Say after how long a table is full."""
    return f"{part.months_until_full or 0:,.1f} months"
