"""What does a person see of a month's plan?

In:    what was asked, and the surroundings.
Out:   sections of a heading, a grid and some sentences, the same on the terminal and in the
       orchestrator.
Never: a figure of its own; all of them are `clayload.capacity`'s.
"""

from __future__ import annotations

from collections.abc import Iterator

from clayload.capacity.month import MonthAsk, MonthPlan, plan_month
from clayload.capacity.pricing import PlanFit, describe_lacks
from clayload.capacity.rule_of_thumb import compare, describe_price
from clayload.report.grids import Grid, Section
from clayload.report.moments import describe_seconds
from clayload.report.plans.month_sentences import (
    describe_cost,
    describe_disputes,
    describe_full,
    describe_full_tables,
    describe_own_plan,
)
from clayload.setup import Setup
from clayload.tables.catalogue import Level

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


def render_month(month: MonthPlan) -> tuple[Section, ...]:
    """Give all of it, the most important first."""
    tables = () if month.is_asked else (_render_parts(month),)
    return (
        _render_offer(month),
        *tables,
        _render_wear(month),
        _render_time(month),
        _render_keys(month),
        _render_simple(month),
    )


def _render_offer(month: MonthPlan) -> Section:
    title = "Credits, Actions and the plan"
    return Section(title, render_offer(month), tuple(_explain_offer(month)))


def render_offer(month: MonthPlan) -> Grid:
    """Give what a month takes and costs: low, likely and high."""
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
    return Grid(("", *Level), rows)


def _name_plan(fit: PlanFit) -> str:
    return str(fit.plan) if fit.is_enough else f"none; not even {fit.plan}"


def _explain_offer(month: MonthPlan) -> Iterator[str]:
    yield describe_cost(month.offer.fits[Level.LIKELY])
    if month.passed_over:
        lacks = describe_lacks(month.passed_over)
        yield f"smaller plans are not enough for what is likely: {lacks}"
    yield from describe_disputes(month)
    if month.ask.n_workspaces > 1:
        n = month.ask.n_workspaces
        yield f"for {n} workspaces with a plan each, which share the leads evenly"
    yield describe_own_plan(month)
    if bare := [part.name for part in month.parts if not part.has_steps]:
        yield f"nothing is counted for tables without enrichment steps: {', '.join(bare)}"
    yield (
        f"prices of {month.catalogue.as_of}; low, likely and high are the least and the most that "
        "the sources say; fix them in clay.yaml beside tables.yaml"
    )


def _render_parts(month: MonthPlan) -> Section:
    rows = (
        (
            part.name,
            f"{part.n_leads:,}",
            f"{part.lead.low.credits:,.1f} to {part.lead.high.credits:,.1f}",
            f"{part.spend.likely.credits:,}",
            f"{part.spend.likely.actions:,}",
            f"{part.n_pairs_a_year:,}",
            "never" if part.auto_delete else describe_full(part),
        )
        for part in month.parts
    )
    header = (
        "table",
        "leads",
        "credits a lead",
        "credits, likely",
        "Actions, likely",
        "webhooks a year",
        "table full after",
    )
    return Section("By table", Grid(header, tuple(rows)))


def _render_wear(month: MonthPlan) -> Section:
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
    yield from describe_full_tables(month)
    if not all(part.auto_delete for part in month.parts):
        yield (
            "the alternative is auto-delete (Enterprise only): no limit of webhooks or rows; Clay "
            "deletes rows about a minute after their steps are done, so the results must be sent on"
        )


def _render_time(month: MonthPlan) -> Section:
    per_s, n = month.rate.per_s, month.ask.n_workspaces
    more = n + 1
    rows = (
        (f"{_count_workspaces(n)} at {per_s:g}/s", describe_seconds(month.sending_time_s())),
        (
            f"{_count_workspaces(n)} at {2 * per_s:g}/s, if Clay's support raises it",
            describe_seconds(month.sending_time_s(times_rate=2)),
        ),
        (
            f"{_count_workspaces(more)} at {per_s:g}/s each",
            describe_seconds(month.sending_time_s(more_workspaces=1)),
        ),
    )
    return Section(
        "Time to send all of it at once",
        Grid(("", "time"), rows),
        (_ONE_RATE,),
    )


def _count_workspaces(n: int) -> str:
    return "one workspace" if n == 1 else f"{n} workspaces"


def _render_keys(month: MonthPlan) -> Section:
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


def _render_simple(month: MonthPlan) -> Section:
    _, differences = compare(month)
    rows = tuple((one.what, one.simple, one.ours) for one in differences)
    reasons = tuple(f"{one.what}: {one.because}" for one in differences)
    return Section(
        "Beside the simple formula", Grid(("", "simple formula", "clayload"), rows), reasons
    )
