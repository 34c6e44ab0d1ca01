"""Which leads would a replay send again?

In:    a run, and which of its settled leads a person wants sent again.
Out:   the plan: the leads, the slots they would go through, how long it would take.
Never: a write, nor a plan that the replay itself would refuse.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from clayload.account.replay_count import ReplayCount
from clayload.capacity.placement import plan_table, sending_time_s
from clayload.delivery.pace import Rate
from clayload.ledger.books.orphans import find_orphans
from clayload.ledger.books.run_books import Books
from clayload.ledger.books.runs import RunRow, find_run
from clayload.ledger.granting.reopen import Replayable, find_replayable
from clayload.ledger.rules.snapshot import without_suspensions
from clayload.ledger.rules.states import SubmissionState
from clayload.loading.intake.suppression import are_listed
from clayload.model import RunKind
from clayload.runs.run_folder import find_run_folder, folder_gone
from clayload.setup import Setup
from clayload.tables.problems import check_name


@dataclass(frozen=True, slots=True)
class ReplayRequest:
    """Which leads of which run: in these states, of one table or of all."""

    run_id: str
    states: frozenset[SubmissionState]
    table: str | None = None


@dataclass(frozen=True, slots=True)
class ReplayPlan:
    """What a replay would send: `by_slot` submissions by table and slot, `n_unplaced` nowhere.

    `kind` is what the run that sends it is called. `n_suppressed` more are on a suppression list by
    now, and left out.
    """

    parent: RunRow
    leads: tuple[Replayable, ...]
    by_slot: Mapping[str, Mapping[str, int]]
    n_unplaced: int
    rate_per_s: float
    sending_time_s: float
    kind: RunKind = RunKind.REPLAY
    n_suppressed: int = 0

    @property
    def counts(self) -> list[ReplayCount]:
        """Count the leads by table, state and reason, the most first."""
        counted = Counter((lead.table, lead.state, lead.reason) for lead in self.leads)
        return [
            ReplayCount(table=table, state=state, reason=reason, n_leads=n)
            for (table, state, reason), n in counted.most_common()
        ]

    @property
    def n_in_doubt(self) -> int:
        """Leads that Clay may have already."""
        return sum(map(_may_be_there, self.leads))

    def to_json(self) -> str:
        """Give the plan for machines."""
        return json.dumps(
            {
                "run_id": self.parent.run_id,
                "cycle": self.parent.cycle,
                "n_to_send": len(self.leads),
                "counts": [count.model_dump(mode="json") for count in self.counts],
                "by_slot": self.by_slot,
                "n_unplaced": self.n_unplaced,
                "n_suppressed": self.n_suppressed,
                "rate_per_s": self.rate_per_s,
                "sending_time_s": self.sending_time_s,
            },
            indent=2,
        )


def _may_be_there(lead: Replayable) -> bool:
    if lead.state is SubmissionState.PENDING:
        return lead.was_in_doubt
    return lead.state is SubmissionState.IN_DOUBT


def plan_replay(request: ReplayRequest, setup: Setup) -> ReplayPlan:
    """Plan a replay; reads only.

    Raises:
        RunError: there is no such run, or RUN_FOLDER_GONE: its leads cannot be read any more.
        ConfigError: an unknown table, or a suppression list that cannot be used.
    """
    parent = find_run(setup.ledger, request.run_id)
    if request.table is not None:
        check_name(request.table, setup.config.tables)
    orphans = find_orphans(setup.ledger, setup.departures_folder)
    found = find_replayable(setup.ledger, parent.run_id, request.states, orphans)
    leads = tuple(lead for lead in found if request.table in (None, lead.table))
    plan = plan_leads(parent, leads, setup)
    if plan.leads:
        find_parent_folder(plan, setup)
    return plan


def plan_leads(
    parent: RunRow, found: tuple[Replayable, ...], setup: Setup, kind: RunKind = RunKind.REPLAY
) -> ReplayPlan:
    """Plan how leads of a run are sent, but for those on a suppression list; reads only.

    Raises:
        ConfigError: a table of theirs is not configured any more, or a suppression list cannot be
            used.
    """
    books, tables = Books(setup.ledger), setup.config.tables
    listed = are_listed([(lead.table, lead.lead_key) for lead in found], setup)
    leads = tuple(lead for lead, is_listed in zip(found, listed, strict=True) if not is_listed)
    n_of = Counter(lead.table for lead in leads)
    for name in n_of:
        check_name(name, tables)
    # As the replay begins, it gives suspended slots a new chance.
    plans = {
        name: plan_table(without_suspensions(books.read_table(name, tables[name])), n)
        for name, n in n_of.items()
    }
    rate = Rate(setup.config.workspace.rate_per_s, setup.config.workspace.burst)
    return ReplayPlan(
        parent=parent,
        leads=leads,
        by_slot={name: dict(plan.by_slot) for name, plan in plans.items()},
        n_unplaced=sum(plan.n_unplaced for plan in plans.values()),
        rate_per_s=rate.per_s,
        sending_time_s=sending_time_s(rate, len(leads)),
        kind=kind,
        n_suppressed=sum(listed),
    )


def find_parent_folder(plan: ReplayPlan, setup: Setup) -> Path:
    """Find the folder of the run whose leads are sent, with the chunk files they lie in.

    Raises:
        RunError: RUN_FOLDER_GONE.
    """
    names = sorted({f"{lead.table}/{lead.chunk_id}.parquet" for lead in plan.leads})
    folder = find_run_folder(plan.parent, setup, *names)
    for name in names:
        if not (folder / name).exists():
            raise folder_gone(plan.parent, folder / name)
    return folder
