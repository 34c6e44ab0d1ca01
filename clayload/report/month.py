"""What is a person told of a month's plan?

In:    what was asked, and the surroundings.
Out:   sections of a heading, a grid and some sentences, the same on the terminal and in the
       orchestrator.
Never: a figure of its own; all of them are `clayload.capacity`'s.
"""

from __future__ import annotations

from collections.abc import Iterator

from clayload.capacity.month import MonthAsk, MonthPart, MonthPlan, plan_month
from clayload.capacity.pricing import PlanFit, describe_lacks
from clayload.capacity.rule_of_thumb import compare, describe_price
from clayload.report.grids import Grid, Section
from clayload.report.moments import describe_seconds
from clayload.setup import Setup
from clayload.tables.catalogue import Level, PlanFacts
from clayload.tables.workspace import ClayPlan

_YEAR = 12
_ONE_RATE = (
    "the rate is a workspace's, over all its webhooks: more webhooks make nothing faster; another "
    "workspace has a rate, and needs a plan, of its own"
)


def read_month(ask: MonthAsk, setup: Setup) -> MonthPlan:
    """Plan a month with the configuration and the catalogue beside it.

    Raises:
        ConfigError: the catalogue is wrong.
    """
    return plan_month(ask, setup.config, setup.catalogue)


def describe_month_shortly(month: MonthPlan) -> str:
    """Say in a sentence what a month takes."""
    spend, time = month.offer.spend.likely, describe_seconds(month.sending_time_s())
    fit = month.offer.fits[Level.LIKELY]
    price = describe_price(fit, month.offer.dollars(Level.LIKELY))
    return (
        f"{month.n_leads:,} leads a month at {month.rate.per_s:g}/s: {time}, "
        f"{spend.credits:,} data credits, {spend.actions:,} Actions; plan {price} a month"
    )


def describe_month(month: MonthPlan) -> tuple[Section, ...]:
    """Say all of it, the most important first."""
    tables = () if month.is_asked else (_describe_parts(month),)
    return (
        _describe_offer(month),
        *tables,
        _describe_wear(month),
        _describe_time(month),
        _describe_keys(month),
        _describe_simple(month),
    )


def _describe_offer(month: MonthPlan) -> Section:
    spends = [month.offer.spend.at(level) for level in Level]
    fits = [month.offer.fits[level] for level in Level]
    n = max(month.n_leads, 1)
    rows = (
        ("data credits a lead", *(f"{one.credits / n:,.1f}" for one in spends)),
        ("Actions a lead", *(f"{one.actions / n:,.1f}" for one in spends)),
        ("data credits a month", *(f"{one.credits:,}" for one in spends)),
        ("Actions a month", *(f"{one.actions:,}" for one in spends)),
        ("plan that is enough", *(_name_plan(fit) for fit in fits)),
        ("about a month", *(f"${month.offer.dollars(level):,.0f}" for level in Level)),
    )
    return Section(
        "Credits, Actions and the plan",
        Grid(("", *Level), rows),
        tuple(_explain_offer(month)),
    )


def _name_plan(fit: PlanFit) -> str:
    return str(fit.plan) if fit.is_enough else f"none; not even {fit.plan}"


def _explain_offer(month: MonthPlan) -> Iterator[str]:
    likely = month.offer.fits[Level.LIKELY]
    if likely.price.is_agreed:
        yield (
            f"{likely.plan} costs what you agree on; shown is what its credits and Actions come to "
            "at the unit prices of clay.yaml, before any discount"
        )
    else:
        yield _describe_price(likely)
    if month.passed_over:
        lacks = describe_lacks(month.passed_over)
        yield f"smaller plans are not enough for what is likely: {lacks}"
    yield from _describe_disputes(likely.plan, month.catalogue.plans[likely.plan])
    if month.ask.n_workspaces > 1:
        n = month.ask.n_workspaces
        yield f"for {n} workspaces with a plan each, which share the leads evenly"
    own = month.own
    if own.is_enough:
        yield f"your plan in tables.yaml, {own.plan}, is enough for what is likely"
    else:
        yield f"your plan in tables.yaml, {own.plan}, is not enough: {'; '.join(own.lacks)}"
    if bare := [part.name for part in month.parts if not part.has_steps]:
        yield f"nothing is counted for tables without enrichment steps: {', '.join(bare)}"
    yield (
        f"prices of {month.catalogue.as_of}; low, likely and high are the least and the most that "
        "the sources say; fix them in clay.yaml beside tables.yaml"
    )


def _describe_disputes(plan: ClayPlan, facts: PlanFacts) -> Iterator[str]:
    """Say where sources disagree on the plan that is recommended."""
    spans = {"data credits": facts.credits_per_month, "Actions": facts.actions_per_month}
    for what, span in spans.items():
        if span is not None and span.disputed is not None:
            yield f"sources disagree on {plan.capitalize()}'s {what}: {span.disputed}"


def _describe_price(fit: PlanFit) -> str:
    price = fit.price
    parts = [f"${price.base:,.0f} for {fit.plan} as it begins"]
    if price.for_credits:
        parts.append(f"${price.for_credits:,.0f} for more credits")
    if price.for_top_ups:
        parts.append(f"${price.for_top_ups:,.0f} for {price.n_top_up_credits:,} credits as top-ups")
    if price.for_actions:
        parts.append(f"${price.for_actions:,.0f} for more Actions")
    counted = "; what is more is counted with unit prices" if len(parts) > 1 else ""
    return f"likely: {' + '.join(parts)}{counted}"


def _describe_parts(month: MonthPlan) -> Section:
    rows = (
        (
            part.name,
            f"{part.n_leads:,}",
            f"{part.lead.low.credits:,.1f} to {part.lead.high.credits:,.1f}",
            f"{part.spend.likely.credits:,}",
            f"{part.spend.likely.actions:,}",
            f"{part.n_pairs_a_year:,}",
            "never" if part.auto_delete else _describe_full(part),
        )
        for part in month.parts
    )
    header = (
        "table",
        "leads",
        "credits\na lead",
        "credits,\nlikely",
        "Actions,\nlikely",
        "webhooks\na year",
        "table full\nafter",
    )
    return Section("By table", Grid(header, tuple(rows)))


def _describe_full(part: MonthPart) -> str:
    return f"{part.months_until_full or 0:,.1f} months"


def _describe_wear(month: MonthPlan) -> Section:
    parts = month.parts
    limits = sorted({part.pair_limit for part in parts})
    at = " or ".join(f"{limit:,}" for limit in limits)
    rows = (
        (f"table and webhook pairs a month, at {at}", f"{sum(p.n_pairs_a_month for p in parts):,}"),
        ("pairs a year, one after the other", f"{sum(p.n_pairs_a_year for p in parts):,}"),
        ("Clay tables at a time, of about 10,000 leads", f"{sum(p.n_tables for p in parts):,}"),
        (
            "pairs a year with so many tables",
            f"{sum(p.n_pairs_a_year_side_by_side for p in parts):,}",
        ),
        ("rows a year", f"{sum(p.n_rows_a_year for p in parts):,}"),
    )
    grid = Grid(("what", "figure"), rows)
    return Section("Webhooks and tables", grid, tuple(_explain_wear(month)))


def _explain_wear(month: MonthPlan) -> Iterator[str]:
    yield (
        "a webhook takes 50,000 submissions in its life and a table holds 50,000 rows, so a new "
        "webhook comes with a new table, unless rows are deleted"
    )
    for part in month.parts:
        months = part.months_until_full
        if months is not None and months < _YEAR:
            rows = f"{part.row_limit:,} rows"
            yield f"{part.name}: one table of {rows} is full after {_describe_full(part)}"
    if not all(part.auto_delete for part in month.parts):
        yield (
            "the alternative is auto-delete (Enterprise only): no limit of webhooks or rows; Clay "
            "deletes rows about a minute after their steps are done, so the results must be sent on"
        )


def _describe_time(month: MonthPlan) -> Section:
    per_s, n = month.rate.per_s, month.ask.n_workspaces
    more = n + 1
    rows = (
        (f"{_count(n)} at {per_s:g}/s", describe_seconds(month.sending_time_s())),
        (
            f"{_count(n)} at {2 * per_s:g}/s, if Clay's support raises it",
            describe_seconds(month.sending_time_s(times_rate=2)),
        ),
        (
            f"{_count(more)} at {per_s:g}/s each",
            describe_seconds(month.sending_time_s(more_workspaces=1)),
        ),
    )
    return Section(
        "Time to send all of it at once",
        Grid(("", "time"), rows),
        (_ONE_RATE,),
    )


def _count(n: int) -> str:
    return "one workspace" if n == 1 else f"{n} workspaces"


def _describe_keys(month: MonthPlan) -> Section:
    clays, own = month.on_clays_keys, month.on_own_keys
    rows = tuple(
        (
            name,
            f"{offer.spend.likely.credits:,}",
            f"{offer.spend.likely.actions:,}",
            describe_price(offer.fits[Level.LIKELY], offer.dollars(Level.LIKELY)),
        )
        for name, offer in (("Clay's keys", clays), ("own API keys", own))
    )
    saved = clays.spend.likely.credits - own.spend.likely.credits
    worth = saved * month.catalogue.credit_price.likely
    less = clays.dollars(Level.LIKELY) - own.dollars(Level.LIKELY)
    sentence = (
        f"own API keys save {saved:,} data credits a month, ${worth:,.0f} at the unit price, and "
        f"the plan costs ${less:,.0f} less; each run is still an Action, and the providers send "
        "bills of their own"
    )
    return Section(
        "Own API keys",
        Grid(("with", "credits, likely", "Actions, likely", "plan, a month"), rows),
        (sentence,),
    )


def _describe_simple(month: MonthPlan) -> Section:
    _, differences = compare(month)
    rows = tuple((one.what, one.simple, one.ours) for one in differences)
    reasons = tuple(f"{one.what}: {one.because}" for one in differences)
    return Section(
        "Beside the simple formula", Grid(("", "simple formula", "clayload"), rows), reasons
    )
