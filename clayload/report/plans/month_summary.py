"""What must a person know of a month's plan at a glance?

In:    the plan of a month.
Out:   a sentence, and a summary for one screen: whether the plan is enough, what a month takes.
Never: a figure of its own.
"""

from __future__ import annotations

from clayload.capacity.month import MonthPlan
from clayload.capacity.rule_of_thumb import describe_price
from clayload.plural import count
from clayload.report.grids import Summary
from clayload.report.moments import describe_seconds
from clayload.report.plans.month import render_offer
from clayload.report.plans.month_sentences import (
    describe_cost,
    describe_disputes,
    describe_full_tables,
    describe_own_plan,
)
from clayload.tables.catalogue import Level


def describe_month_shortly(month: MonthPlan) -> str:
    """Say in a sentence what a month takes."""
    spend, time = month.offer.spend.likely, describe_seconds(month.sending_time_s())
    fit = month.offer.fits[Level.LIKELY]
    price = describe_price(fit, month.offer.dollars(Level.LIKELY))
    return (
        f"{count(month.n_leads, 'lead')} a month at {month.rate.per_s:g}/s: {time}, "
        f"{spend.credits:,} data credits, {spend.actions:,} Actions; plan {price} a month"
    )


def render_month_summary(month: MonthPlan) -> Summary:
    """Give what a person should see first of a month's plan."""
    return Summary(
        verdict=describe_own_plan(month),
        facts=(describe_month_shortly(month),),
        decisions=(*describe_full_tables(month), *describe_disputes(month)),
        grid=render_offer(month),
        notes=(describe_cost(month.offer.fits[Level.LIKELY]),),
        more="by table, webhooks, time, own API keys: the same command with `--details`",
    )
