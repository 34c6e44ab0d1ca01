"""What does the simple formula say of a month, and where and why do we differ?

In:    the plan of a month.
Out:   the figures of the rule of thumb that is passed around (clay-facts.md §7, clay-load-scale),
       each beside ours, with the fact that makes the difference and who says so.
Never: a difference without its reason.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from clayload.capacity.month import LEADS_A_TABLE, MonthPlan
from clayload.capacity.pricing import PlanFit, describe_lacks
from clayload.tables.catalogue import Level
from clayload.tables.table import SOURCE_LIMIT

CREDITS_PER_LEAD = 6.0
_PLANS = ((2_000, "starter", 149), (10_000, "explorer", 349), (50_000, "pro", 800))
_MONTHS = 12


@dataclass(frozen=True, slots=True)
class SimplePlan:
    """Leads times credits, and a plan by credits alone; `dollars` is none for a custom price."""

    n_credits: int
    plan: str
    dollars: int | None
    n_webhooks_a_year: int
    n_tables: int


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure by the simple formula, ours, and why they differ, or agree."""

    what: str
    simple: str
    ours: str
    because: str


def plan_simply(n_leads: int, credits_per_lead: float | None = None) -> SimplePlan:
    """Plan a month by the simple formula; 6 credits a lead unless told."""
    per_lead = CREDITS_PER_LEAD if credits_per_lead is None else credits_per_lead
    n_credits = math.ceil(round(n_leads * per_lead, 6))
    plan, dollars = next(
        ((name, price) for most, name, price in _PLANS if n_credits <= most), ("enterprise", None)
    )
    return SimplePlan(
        n_credits=n_credits,
        plan=plan,
        dollars=dollars,
        n_webhooks_a_year=math.ceil(n_leads * _MONTHS / SOURCE_LIMIT),
        n_tables=math.ceil(n_leads / LEADS_A_TABLE),
    )


def compare(month: MonthPlan) -> tuple[SimplePlan, tuple[Difference, ...]]:
    """Hold the simple formula against the plan of a month, figure by figure."""
    simple = plan_simply(month.n_leads, month.ask.credits_per_lead)
    return simple, tuple(_differences(month, simple))


def describe_price(fit: PlanFit, dollars: float) -> str:
    """Say a plan and its price: `growth, $495`, `enterprise, by agreement, counted as $13,500`."""
    agreed = "by agreement, counted as " if fit.price.is_agreed else ""
    return f"{fit.plan}, {agreed}${dollars:,.0f}"


def _differences(month: MonthPlan, simple: SimplePlan) -> Iterator[Difference]:
    spend = month.offer.spend
    yield Difference(
        "data credits",
        f"{simple.n_credits:,}",
        _span(spend.low.credits, spend.likely.credits, spend.high.credits),
        _why_credits(month),
    )
    yield Difference(
        "Actions",
        "not counted",
        _span(spend.low.actions, spend.likely.actions, spend.high.actions),
        "each run of an enrichment, of AI, or of the HTTP API is an Action; Actions cannot be "
        "topped up (Clay's docs, Actions and data credits)",
    )
    price = "custom" if simple.dollars is None else f"${simple.dollars:,}"
    fit = month.offer.fits[Level.LIKELY]
    yield Difference(
        "plan, a month",
        f"{simple.plan}, {price}",
        describe_price(fit, month.offer.dollars(Level.LIKELY)),
        _why_plan(month, simple),
    )
    yield from _wear_differences(month, simple)


def _wear_differences(month: MonthPlan, simple: SimplePlan) -> Iterator[Difference]:
    """What wears out: webhooks, tables, time."""
    n_webhooks = sum(part.n_pairs_a_year for part in month.parts)
    yield Difference(
        "webhooks a year", f"{simple.n_webhooks_a_year:,}", f"{n_webhooks:,}", _why_webhooks(month)
    )
    n_tables = sum(part.n_tables for part in month.parts)
    n_spread = sum(part.n_pairs_a_year_side_by_side for part in month.parts)
    yield Difference(
        "Clay tables",
        f"{simple.n_tables:,}",
        f"{n_tables:,} at a time, {n_spread:,} a year",
        "a table is full at 50,000 rows, however many webhooks feed it; each table wears out "
        "webhooks of its own (Clay's docs, plans and billing, webhook guide)",
    )
    yield Difference(
        "time to send",
        "not counted",
        _describe_time(month.sending_time_s()),
        f"Clay takes {month.rate.per_s:g} submissions a second in a workspace, over all its "
        "webhooks (Clay's docs, webhook guide)",
    )


def _describe_time(seconds: float) -> str:
    hours = seconds / 3600
    return f"{hours:,.1f} h" if hours >= 1 else f"{60 * hours:.0f} min"


def _span(low: int, likely: int, high: int) -> str:
    return f"{likely:,}" if low == high else f"{likely:,} ({low:,} to {high:,})"


def _why_credits(month: MonthPlan) -> str:
    if month.offer.spend == month.on_own_keys.spend != month.on_clays_keys.spend:
        return "own API keys take no data credits (Clay's docs, Actions and data credits)"
    if month.ask.credits_per_lead is not None:
        return "the same: credits a lead as given"
    if month.is_asked:
        return f"6 is the least a full record takes ({month.catalogue.lead_credits.source})"
    return "counted by the steps of each table, and by how often each is charged (clay.yaml)"


def _why_plan(month: MonthPlan, simple: SimplePlan) -> str:
    lacks = f"{describe_lacks(month.passed_over)} (Clay's docs, plans and billing, and clay.yaml)"
    if simple.dollars is None:
        return lacks
    return f"{simple.plan} is closed since 2026-04-10 (Clay's docs, legacy plans); {lacks}"


def _why_webhooks(month: MonthPlan) -> str:
    limits = sorted({part.pair_limit for part in month.parts if not part.auto_delete})
    figures = " or ".join(f"{limit:,}" for limit in limits)
    stop = (
        f"we leave a webhook at {figures} of {SOURCE_LIMIT:,}, since beyond that Clay answers 403 "
        "and takes no row (Clay's docs, webhook guide); each table rounds up for itself"
    )
    lifted = "auto-delete lifts the limit (Clay's docs, auto-delete)"
    if not figures:
        return lifted
    some = f"; {lifted}" if any(part.auto_delete for part in month.parts) else ""
    return f"{stop}{some}"
