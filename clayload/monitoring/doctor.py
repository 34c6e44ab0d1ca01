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
from clayload.capacity.funds import Demand, draw
from clayload.delivery.budget import Span
from clayload.ledger.books.condition import RunCondition, read_condition
from clayload.ledger.books.orphans import find_orphans
from clayload.ledger.books.run_traffic import read_run_traffic
from clayload.ledger.books.runs import RunRow, find_run
from clayload.ledger.books.traffic import read_workspaces
from clayload.model import Priority, RowEnd
from clayload.monitoring.budgets import read_budgets
from clayload.monitoring.diagnosis.examine import examine
from clayload.monitoring.diagnosis.finding import Finding
from clayload.monitoring.diagnosis.signs import BudgetSigns, QueueSigns, Refusals, Signs
from clayload.monitoring.run_account import read_report
from clayload.monitoring.slots import forecast_slots
from clayload.monitoring.standing import describe_process
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


def read_signs(run_id: str | None, setup: Setup, within_s: float) -> Signs:
    """Read the figures by which a run is judged, each as it stands now."""
    report = read_report(run_id, setup, n_listed=1)
    run = find_run(setup.ledger, report.run_id)
    workspace = setup.config.workspace.name
    orphans = find_orphans(setup.ledger, setup.departures_folder)
    condition = read_condition(setup.ledger, run, workspace, orphans)
    uses = {use.workspace: use for use in read_workspaces(setup.ledger)}
    return Signs(
        report=report,
        workspace=uses.get(workspace),
        traffic=read_run_traffic(setup.ledger, run, workspace),
        process=describe_process(run, condition),
        queue=_describe_queue(report, run, condition, setup, within_s),
        plan=setup.config.workspace.plan,
        tables=tuple(one for one in forecast_slots(setup) if one.table in report.tables),
        budgets=tuple(_describe_budgets(report, condition, setup)),
        refusals=tuple(Refusals(*one) for one in condition.refusals),
        credits_per_lead=_mean_credits(report, setup),
        n_sent_before=condition.n_sent_before,
    )


def _describe_queue(
    report: RunReport, run: RunRow, condition: RunCondition, setup: Setup, within_s: float
) -> QueueSigns:
    owed = _count_pending(report)
    ranks = [_rank(name, run.priority, setup) for name in owed]
    own_rank = min((rank for rank in ranks if rank is not None), default=0)
    ahead = (
        n
        for (name, given), n in condition.owed.items()
        if (rank := _rank(name, given, setup)) is not None and rank < own_rank
    )
    n_owed = sum(owed.values())
    return QueueSigns(
        n_owed=n_owed,
        n_owed_all=max(sum(condition.owed.values()), n_owed),
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


def _describe_budgets(
    report: RunReport, condition: RunCondition, setup: Setup
) -> Iterator[BudgetSigns]:
    costs = costs_of(setup.config, setup.catalogue)

    def demand(leads: Mapping[str, int]) -> list[Demand]:
        return [Demand(name, max(leads.get(name, 0), 0), each) for name, each in costs.items()]

    charged = Counter(condition.in_flight) + Counter(condition.unsent)
    waiting = {
        name: ends.get(RowEnd.PENDING, 0) + ends.get(RowEnd.DEFERRED, 0) - charged[name]
        for name, ends in report.tables.items()
    }
    volumes = {name: table.volume_per_month for name, table in setup.config.tables.items()}
    for use in read_budgets(setup):
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
