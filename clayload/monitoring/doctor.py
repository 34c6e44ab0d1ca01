"""What is wrong with a run, and what fixes it?

In:    a run's id, how long the queue may take, and the surroundings.
Out:   the findings.
Never: a write, and never a submission: a run may be looked at while it runs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from clayload.account.run_report import RunReport
from clayload.capacity.budget_use import BudgetUse
from clayload.capacity.funds import Demand, draw
from clayload.delivery.budget import Span
from clayload.ledger.books.condition import RunCondition, read_condition
from clayload.ledger.books.run_books import open_books
from clayload.ledger.books.run_traffic import RunTraffic, read_run_traffic
from clayload.ledger.books.runs import RunRow, find_run
from clayload.ledger.books.traffic import WorkspaceUse, read_workspaces
from clayload.model import Priority, RowEnd
from clayload.monitoring.budgets import read_budget_uses
from clayload.monitoring.diagnosis.examine import examine
from clayload.monitoring.diagnosis.finding import Finding
from clayload.monitoring.diagnosis.signs import (
    BudgetSigns,
    ProcessSigns,
    QueueSigns,
    Refusals,
    Signs,
)
from clayload.monitoring.run_account import make_report
from clayload.monitoring.run_facts import RunFacts, read_counts, read_run_facts
from clayload.monitoring.slots import forecast_tables
from clayload.setup import Setup
from clayload.tables.costs import costs_of

WITHIN_S = 7_200.0
"""How long owed leads may take before their queue is said to back up."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What was found, and of which run."""

    run_id: str
    findings: tuple[Finding, ...]


def diagnose_run(run_id: str | None, setup: Setup, within_s: float = WITHIN_S) -> Diagnosis:
    """Look at a run, or at the newest; its queue may take `within_s`.

    Raises:
        RunError: there is no such run.
        LedgerError: the ledger cannot be read.
    """
    signs = read_signs(run_id, setup, within_s)
    return Diagnosis(signs.report.run_id, examine(signs))


@dataclass(frozen=True, slots=True)
class _Figures:
    """What was read of a run and of what it shares with others, all as of one moment."""

    facts: RunFacts
    condition: RunCondition
    workspace: WorkspaceUse | None
    traffic: RunTraffic
    budgets: tuple[BudgetUse, ...]

    @property
    def run(self) -> RunRow:
        return self.facts.counts.run

    @property
    def charged(self) -> Counter[str]:
        """Leads that are granted and not settled, by table."""
        activity = self.facts.activity
        return Counter(activity.in_flight) + Counter(activity.unsent)


def read_signs(run_id: str | None, setup: Setup, within_s: float) -> Signs:
    """Read the figures by which a run is judged, all as of one moment."""
    figures = _read_figures(run_id, setup)
    report = make_report(figures.facts, setup.config)
    forecasts = forecast_tables(figures.facts.slot_facts, setup.config)
    return Signs(
        report=report,
        workspace=figures.workspace,
        traffic=figures.traffic,
        process=_describe_process(figures),
        queue=_describe_queue(report, figures, setup, within_s),
        plan=setup.config.workspace.plan,
        tables=tuple(one for one in forecasts if one.table in report.tables),
        budgets=tuple(_describe_budgets(report, figures, setup)),
        refusals=tuple(Refusals(*one) for one in figures.condition.refusals),
        credits_per_lead=_mean_credits(report, setup),
        n_sent_before=figures.condition.n_sent_before,
    )


def _read_figures(run_id: str | None, setup: Setup) -> _Figures:
    name = setup.config.workspace.name
    with open_books(setup.ledger, setup.departures_folder) as books:
        counts = read_counts(books, find_run(books.ledger, run_id))
        uses = {use.workspace: use for use in read_workspaces(books.ledger)}
        return _Figures(
            facts=read_run_facts(books, counts, setup.config, n_listed=1),
            condition=read_condition(books.ledger, counts.run.run_id),
            workspace=uses.get(name),
            traffic=read_run_traffic(books.ledger, counts.run, name),
            budgets=read_budget_uses(books.ledger, setup.config),
        )


def _describe_process(figures: _Figures) -> ProcessSigns:
    run, activity = figures.run, figures.facts.activity
    return ProcessSigns(
        status=activity.status,
        halted_by=run.halted_by,
        charged=figures.charged,
        n_left_behind=activity.n_lost + sum(activity.unsent.values()),
        started_s=activity.now - run.started_at,
        idle_s=activity.idle_s,
    )


def _describe_queue(
    report: RunReport, figures: _Figures, setup: Setup, within_s: float
) -> QueueSigns:
    owed, owed_by_all = _count_pending(report), figures.condition.owed
    ranks = [_rank(name, figures.run.priority, setup) for name in owed]
    own_rank = min((rank for rank in ranks if rank is not None), default=0)
    ahead = (
        n
        for (name, given), n in owed_by_all.items()
        if (rank := _rank(name, given, setup)) is not None and rank < own_rank
    )
    n_owed = sum(owed.values())
    return QueueSigns(
        n_owed=n_owed,
        n_owed_all=max(sum(owed_by_all.values()), n_owed),
        n_ahead=sum(ahead),
        within_s=within_s,
    )


def _rank(name: str, given: str | None, setup: Setup) -> int | None:
    """Give the rank, 0 for the highest, of leads of a table that `tables.yaml` still has."""
    table = setup.config.tables.get(name)
    return None if table is None else list(Priority).index(Priority(given or table.priority))


def _count_pending(report: RunReport) -> dict[str, int]:
    pending = {name: ends.get(RowEnd.PENDING, 0) for name, ends in report.tables.items()}
    return {name: n for name, n in pending.items() if n}


def _describe_budgets(report: RunReport, figures: _Figures, setup: Setup) -> Iterator[BudgetSigns]:
    costs = costs_of(setup.config, setup.catalogue)

    def demand(leads: Mapping[str, int]) -> list[Demand]:
        return [Demand(name, max(leads.get(name, 0), 0), each) for name, each in costs.items()]

    waiting = {
        name: ends.get(RowEnd.PENDING, 0) + ends.get(RowEnd.DEFERRED, 0) - figures.charged[name]
        for name, ends in report.tables.items()
    }
    volumes = {name: table.volume_per_month for name, table in setup.config.tables.items()}
    for use in figures.budgets:
        planned = draw(use.fund, demand(volumes)) if use.span is Span.BILLING_MONTH else 0.0
        yield BudgetSigns(
            key=use.key,
            unit=use.unit.label,
            limit=use.limit,
            used=use.spent + use.reserved,
            needed=draw(use.fund, demand(waiting)),
            planned=planned,
            renews_on=use.renews_on,
        )


def _mean_credits(report: RunReport, setup: Setup) -> float:
    """Give what a lead of the run takes on average, to a tenth of a credit."""
    costs = costs_of(setup.config, setup.catalogue)
    n_of = {name: sum(ends.values()) for name, ends in report.tables.items() if name in costs}
    n_leads = sum(n_of.values())
    if not n_leads:
        return 0.0
    return round(sum(costs[name].credits * n for name, n in n_of.items()) / n_leads, 1)
