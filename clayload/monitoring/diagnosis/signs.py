"""Which figures tell whether a run is well?

In:    nothing; these are values.
Out:   `Signs`: the figures of one run, of the workspace it shares and of the tables it feeds.
Never: a judgement; `rules` and its neighbours make those.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from clayload.account.run_report import RunReport
from clayload.capacity.slots import TableForecast
from clayload.ledger.books.run_activity import RunStatus
from clayload.ledger.books.run_traffic import RunTraffic
from clayload.ledger.books.traffic import WorkspaceUse
from clayload.model import RowEnd


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueSigns:
    """What stands in the queue: `n_owed` leads of this run, `n_owed_all` of all that may go on.

    `n_ahead` of the others' are of a table whose priority is above all of this run's. The queue
    may take `within_s` seconds.
    """

    n_owed: int
    n_owed_all: int
    n_ahead: int
    within_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSigns:
    """Whether somebody works on the run; `started_s` and `idle_s` seconds ago.

    `halted_by`: what stopped it, if it was told to stop. `charged` leads by table are granted and
    not settled: slots, rows and budgets count them already. `n_left_behind` of all granted ones
    were granted to a process that ended.
    """

    status: RunStatus
    halted_by: str | None
    charged: Mapping[str, int]
    n_left_behind: int
    started_s: float
    idle_s: float

    @property
    def is_open(self) -> bool:
        """Whether the run was never closed."""
        return self.status is not RunStatus.CLOSED


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetSigns:
    """A budget line: `used` of `limit`, spent or reserved; amounts are credits or Actions.

    `needed` is what the run's leads still take that are owed or deferred, `planned` what the
    tables' `volume_per_month` takes in a cycle (0 for a line by the day).
    """

    key: str
    unit: str
    limit: float
    used: float
    needed: float
    planned: float
    renews_on: str

    @property
    def left(self) -> float:
        """What may still be spent."""
        return max(self.limit - self.used, 0.0)

    @property
    def part_used(self) -> float:
        """How much of the limit is used; all of it where the limit is 0."""
        return self.used / self.limit if self.limit else 1.0


@dataclass(frozen=True, slots=True)
class Refusals:
    """`n` leads of the run that were refused with one status (None: never sent) and reason."""

    status: int | None
    reason: str
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """The figures of one run.

    `tables` are those the run has leads for; `credits_per_lead` is the mean over those leads.
    `n_sent_before` leads it delivered had been delivered in an earlier cycle, too. `workspace` is
    None before anything was ever sent into it.
    """

    report: RunReport
    workspace: WorkspaceUse | None
    traffic: RunTraffic
    process: ProcessSigns
    queue: QueueSigns
    plan: str
    tables: tuple[TableForecast, ...]
    budgets: tuple[BudgetSigns, ...]
    refusals: tuple[Refusals, ...]
    credits_per_lead: float
    n_sent_before: int

    @property
    def is_paused(self) -> bool:
        """Whether a person has paused the workspace."""
        return self.workspace is not None and self.workspace.paused_at is not None

    def count_owed(self, table: str) -> int:
        """Count the run's leads of a table that are still to be granted."""
        n_pending = self.report.tables.get(table, {}).get(RowEnd.PENDING, 0)
        return max(n_pending - self.process.charged.get(table, 0), 0)
