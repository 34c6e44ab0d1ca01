"""Which Clay plan is enough for a month, and about what does it cost?

In:    the credits and Actions of a month, whether tables use auto-delete, the catalogue.
Out:   for each plan what it lacks, if anything; the first that lacks nothing; its price.
Never: a price as if it were Clay's: where Clay publishes none, it is counted and says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from clayload.capacity.credits import Spend
from clayload.tables.catalogue import Bounds, Catalogue, Level, PlanFacts
from clayload.tables.workspace import ClayPlan


@dataclass(frozen=True, slots=True)
class Need:
    """What a month asks of one workspace's plan; webhooks it needs in any case."""

    spend: Spend
    has_auto_delete: bool = False


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars a month: what the plan begins with, and what is added to it.

    `is_agreed`: Clay publishes no price, and all of it is counted with unit prices.
    """

    base: float
    for_credits: float
    for_top_ups: float
    for_actions: float
    n_top_up_credits: int
    is_agreed: bool

    @property
    def total(self) -> float:
        """All of it."""
        return self.base + self.for_credits + self.for_top_ups + self.for_actions


@dataclass(frozen=True, slots=True)
class PlanFit:
    """A plan held against a need: `lacks` says in words what it has not; empty if it fits."""

    plan: ClayPlan
    lacks: tuple[str, ...]
    price: Price

    @property
    def is_enough(self) -> bool:
        """Whether the month fits the plan."""
        return not self.lacks


def choose_plan(catalogue: Catalogue, need: Need, level: Level) -> PlanFit:
    """Choose the first plan of the catalogue that can still be chosen and is enough.

    If none is, the last of them, with what it lacks.
    """
    fits = judge_plans(catalogue, need, level)
    return next((fit for fit in fits if fit.is_enough), fits[-1])


def judge_plans(catalogue: Catalogue, need: Need, level: Level) -> list[PlanFit]:
    """Hold every plan that can still be chosen against a need; all plans, if none can."""
    is_open = [plan for plan, facts in catalogue.plans.items() if facts.is_open]
    return [judge_plan(catalogue, plan, need, level) for plan in is_open or catalogue.plans]


def describe_lacks(fits: Iterable[PlanFit]) -> str:
    """Say what plans lack, and once what several do: `free, launch: it has no webhooks`."""
    plans_by_lack: dict[str, list[str]] = {}
    for fit in fits:
        plans_by_lack.setdefault(", and ".join(fit.lacks), []).append(fit.plan)
    return "; ".join(f"{', '.join(plans)}: {lack}" for lack, plans in plans_by_lack.items())


def judge_plan(catalogue: Catalogue, plan: ClayPlan, need: Need, level: Level) -> PlanFit:
    """Hold a plan against a need; prices are those of `level`."""
    facts = catalogue.plans[plan]
    lacks = tuple(_find_lacks(facts, need, catalogue.rollover_months.value))
    return PlanFit(plan, lacks, _price(catalogue, facts, need.spend, level))


def _find_lacks(facts: PlanFacts, need: Need, rollover_months: float) -> Iterator[str]:
    if not facts.has_webhooks:
        yield "it has no webhooks"
        return  # what else it has makes no difference
    if need.has_auto_delete and not facts.has_auto_delete:
        yield "it has no auto-delete"
    credits_, actions = facts.credits_per_month, facts.actions_per_month
    if (most := _most_credits(facts, rollover_months)) is not None and need.spend.credits > most:
        tops = "" if credits_.most == most else f" ({credits_.most:,.0f} and top-ups)"
        yield f"it holds {most:,.0f} data credits at most{tops}, not {need.spend.credits:,}"
    if actions is not None and actions.most is not None and need.spend.actions > actions.most:
        yield f"it holds {actions.most:,.0f} Actions at most, not {need.spend.actions:,}"


def _most_credits(facts: PlanFacts, rollover_months: float) -> float | None:
    """A workspace holds no more than some months' credits at once, top-ups included."""
    most = facts.credits_per_month.most
    return most if most is None or facts.top_up_premium is None else most * rollover_months


def _price(catalogue: Catalogue, facts: PlanFacts, spend: Spend, level: Level) -> Price:
    """Count what a plan costs: its own price, and what is beyond it at unit prices.

    A larger tier of credits costs no premium, a top-up does; Actions come in tiers only. A plan by
    agreement is counted with unit prices from the first credit on, and for no less than it holds.
    """
    credit = (facts.credit_price or catalogue.credit_price).at(level)
    action = catalogue.action_price.at(level)
    is_agreed = facts.price_per_month is None
    most = facts.credits_per_month.most
    n_top_ups = 0 if most is None else max(spend.credits - int(most), 0)
    n_credits = _beyond(facts.credits_per_month, spend.credits - n_top_ups, whole=is_agreed)
    actions = facts.actions_per_month
    n_actions = 0.0 if actions is None else _beyond(actions, spend.actions, whole=is_agreed)
    premium = facts.top_up_premium.value if facts.top_up_premium else 0.0
    return Price(
        base=facts.price_per_month.value if facts.price_per_month else 0.0,
        for_credits=n_credits * credit,
        for_top_ups=n_top_ups * credit * (1 + premium),
        for_actions=n_actions * action,
        n_top_up_credits=n_top_ups,
        is_agreed=is_agreed,
    )


def _beyond(held: Bounds, n: int, *, whole: bool) -> float:
    """How many are paid for beside the plan's own price."""
    return max(float(n), held.least) if whole else max(n - held.least, 0.0)
