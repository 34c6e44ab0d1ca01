"""What does a month of leads take: credits, Actions, plan, webhooks, tables, time?

In:    how many leads and what each costs, asked or configured; the workspace; the catalogue.
Out:   the plan of a month, with what a year of such months wears out.
Never: the ledger: what is used already, `clayload slots list` says.

A *pair* is a Clay table with one webhook. Both end at 50,000 (clay-facts.md §1), so a new webhook
on an old table helps for as long as the table has rows, and is no pair of its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile

from clayload.capacity.credits import SpendRange, add_up, guess_cost, share_out, spend_for
from clayload.capacity.placement import sending_time_s
from clayload.capacity.pricing import Need, PlanFit, choose_plan, judge_plan, judge_plans
from clayload.delivery.pace import Rate
from clayload.tables.catalogue import Catalogue, Level
from clayload.tables.costs import CostRange, cost_of_lead
from clayload.tables.table import SAFE_LIMIT, SOURCE_LIMIT, Table
from clayload.tables.tables_file import TablesConfig
from clayload.tables.workspace import Workspace

LEADS_A_TABLE = 10_000
"""Leads that a Clay table is easy to work with (clay-facts.md §7, clay-load-scale)."""

_MONTHS = 12


@dataclass(frozen=True, slots=True)
class MonthAsk:
    """What somebody wants to know; what is left out is taken from the configuration.

    `own_api_keys` says what it would be with own keys; credits told by `credits_per_lead` are then
    those that are saved.
    """

    n_leads: int | None = None
    credits_per_lead: float | None = None
    actions_per_lead: float | None = None
    own_api_keys: bool = False
    n_workspaces: int = 1


@dataclass(frozen=True, slots=True)
class MonthPart:
    """Leads of one kind: those of a configured table, or all that were asked for."""

    name: str
    n_leads: int
    on_clays_keys: CostRange
    on_own_keys: CostRange
    is_on_own_keys: bool
    pair_limit: int
    row_limit: int
    auto_delete: bool
    has_steps: bool

    @property
    def n_pairs_a_month(self) -> int:
        """Pairs that a month wears out; with auto-delete none does, and one is enough."""
        return 1 if self.auto_delete else math.ceil(self.n_leads / self.pair_limit)

    @property
    def n_pairs_a_year(self) -> int:
        """Pairs that a year wears out, one after the other."""
        return 1 if self.auto_delete else math.ceil(_MONTHS * self.n_leads / self.pair_limit)

    @property
    def n_tables(self) -> int:
        """Clay tables side by side, of about 10,000 leads a month each."""
        return math.ceil(self.n_leads / LEADS_A_TABLE)

    @property
    def n_pairs_a_year_side_by_side(self) -> int:
        """Pairs a year if the leads are spread over `n_tables`: each wears out its own."""
        if self.auto_delete:
            return self.n_tables
        of_each = _MONTHS * self.n_leads / self.n_tables / self.pair_limit
        return self.n_tables * math.ceil(of_each)

    @property
    def n_rows_a_year(self) -> int:
        """Rows that a year makes."""
        return _MONTHS * self.n_leads

    @property
    def months_until_full(self) -> float | None:
        """Months after which one table is full; none with auto-delete."""
        return None if self.auto_delete else self.row_limit / self.n_leads

    @property
    def lead(self) -> CostRange:
        """What a lead costs on the keys that are used."""
        return self.on_own_keys if self.is_on_own_keys else self.on_clays_keys

    @property
    def spend(self) -> SpendRange:
        """Credits and Actions of a month."""
        return spend_for(self.lead, self.n_leads)


@dataclass(frozen=True, slots=True)
class Offer:
    """Credits and Actions of all workspaces, the plan that is enough, and its price for all."""

    spend: SpendRange
    fits: dict[Level, PlanFit]
    n_workspaces: int

    def dollars(self, level: Level) -> float:
        """Give the price of all workspaces together."""
        return self.fits[level].price.total * self.n_workspaces


@dataclass(frozen=True, slots=True)
class MonthPlan:
    """A month: `offer` on the keys that are used, and on either; `own` is the workspace's plan.

    `passed_over` are the plans that come before the likely one and are not enough.
    """

    ask: MonthAsk
    parts: tuple[MonthPart, ...]
    workspace: Workspace
    catalogue: Catalogue
    offer: Offer
    on_clays_keys: Offer
    on_own_keys: Offer
    own: PlanFit
    passed_over: tuple[PlanFit, ...]

    @property
    def n_leads(self) -> int:
        """All leads of the month."""
        return sum(part.n_leads for part in self.parts)

    @property
    def is_asked(self) -> bool:
        """Whether the number of leads was asked, or is the configured volumes'."""
        return self.ask.n_leads is not None

    @property
    def rate(self) -> Rate:
        """What a workspace allows."""
        return Rate(self.workspace.rate_per_s, self.workspace.burst)

    def sending_time_s(self, times_rate: float = 1, more_workspaces: int = 0) -> float:
        """How long the leads take, at a raised rate or over more workspaces."""
        rate = Rate(self.rate.per_s * times_rate, self.rate.burst)
        n_each = math.ceil(self.n_leads / (self.ask.n_workspaces + more_workspaces))
        return sending_time_s(rate, n_each)


def plan_month(ask: MonthAsk, config: TablesConfig, catalogue: Catalogue) -> MonthPlan:
    """Plan a month of the leads asked for, or else of the configured volumes."""
    parts = tuple(_parts(ask, config, catalogue))
    has_auto_delete = any(part.auto_delete for part in parts)
    spend = add_up(part.spend for part in parts)
    clays = add_up(spend_for(part.on_clays_keys, part.n_leads) for part in parts)
    own = add_up(spend_for(part.on_own_keys, part.n_leads) for part in parts)

    def offer(spend: SpendRange) -> Offer:
        needs = {
            level: Need(share_out(spend.at(level), ask.n_workspaces), has_auto_delete)
            for level in Level
        }
        fits = {level: choose_plan(catalogue, need, level) for level, need in needs.items()}
        return Offer(spend, fits, ask.n_workspaces)

    likely = Need(share_out(spend.likely, ask.n_workspaces), has_auto_delete)
    judged = judge_plans(catalogue, likely, Level.LIKELY)
    return MonthPlan(
        ask=ask,
        parts=parts,
        workspace=config.workspace,
        catalogue=catalogue,
        offer=offer(spend),
        on_clays_keys=offer(clays),
        on_own_keys=offer(own),
        own=judge_plan(catalogue, config.workspace.plan, likely, Level.LIKELY),
        passed_over=tuple(takewhile(lambda fit: not fit.is_enough, judged)),
    )


def _parts(ask: MonthAsk, config: TablesConfig, catalogue: Catalogue) -> Iterator[MonthPart]:
    if ask.n_leads is not None:
        yield _asked_part(ask.n_leads, ask, config.workspace, catalogue)
        return
    for name, table in config.tables.items():
        yield _table_part(name, table, ask, config.workspace, catalogue)


def _asked_part(
    n_leads: int, ask: MonthAsk, workspace: Workspace, catalogue: Catalogue
) -> MonthPart:
    return MonthPart(
        name="all leads",
        n_leads=n_leads,
        on_clays_keys=guess_cost(catalogue, ask.credits_per_lead, ask.actions_per_lead),
        on_own_keys=guess_cost(catalogue, 0.0, ask.actions_per_lead),
        is_on_own_keys=ask.own_api_keys
        or (workspace.own_api_keys and ask.credits_per_lead is None),
        pair_limit=SAFE_LIMIT,
        row_limit=SOURCE_LIMIT,
        auto_delete=False,
        has_steps=True,
    )


def _table_part(
    name: str, table: Table, ask: MonthAsk, workspace: Workspace, catalogue: Catalogue
) -> MonthPart:
    asked = {"credits_per_lead": ask.credits_per_lead, "actions_per_lead": ask.actions_per_lead}
    told = table.model_copy(update={key: one for key, one in asked.items() if one is not None})
    clays, own = (workspace.model_copy(update={"own_api_keys": is_own}) for is_own in (False, True))
    # Credits that are asked about are Clay's; those in tables.yaml are what is left with own keys.
    is_asked = ask.credits_per_lead is not None
    saved = told.model_copy(update={"credits_per_lead": 0.0}) if is_asked else told
    return MonthPart(
        name=name,
        n_leads=table.volume_per_month,
        on_clays_keys=cost_of_lead(told, clays, catalogue),
        on_own_keys=cost_of_lead(saved, own, catalogue),
        is_on_own_keys=ask.own_api_keys or (workspace.own_api_keys and not is_asked),
        pair_limit=min(table.row_limit, *(slot.safe_limit for slot in table.slots)),
        row_limit=table.row_limit,
        auto_delete=table.auto_delete,
        has_steps=bool(table.enrichment) or told.credits_per_lead is not None,
    )
