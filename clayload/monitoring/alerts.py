"""How does everything that is watched stand, and what of it is news?

In:    configuration and ledger; what hands news on.
Out:   a look at budgets, slots and the newest loads; news, handed on and then written down as told.
Never: news taken for told that could not be handed on: the next look finds it again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from clayload.alerts import Change, Condition, Kind, Look, find_changes
from clayload.ledger.books.run_activity import is_worked_on
from clayload.ledger.books.run_books import Books, open_books
from clayload.ledger.books.runs import RecentRun, RunRow, Sort, count_owed, list_recent
from clayload.ledger.database.engine import is_new
from clayload.ledger.granting.reported_alerts import (
    claim_changes,
    give_back_changes,
    read_reported,
    record_reported,
)
from clayload.monitoring.run_account import describe_counts
from clayload.monitoring.run_facts import read_counts
from clayload.monitoring.slots import forecast_slots
from clayload.monitoring.thresholds import judge_line, judge_load, judge_table
from clayload.monitoring.usage import read_line_uses
from clayload.setup import Setup

WHOLE = frozenset({Kind.BUDGET, Kind.SLOT, Kind.LOAD})
"""Of these a look sees all there are."""

_log = logging.getLogger(__name__)


def look_around(setup: Setup) -> Look:
    """Look how all budgets, slots, tables and the newest loads stand.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    workspace = setup.config.workspace
    lines = (one for one in read_line_uses(setup) if one.limit is not None)
    percent = workspace.alerts.budget_percent
    return Look(
        (
            *(judge_line(line, workspace.name, percent) for line in lines),
            *(
                condition
                for table in forecast_slots(setup)
                for condition in judge_table(table, workspace.name, workspace.alerts.slot_percent)
            ),
            *(_Loads(setup).judge() if not is_new(setup.settings.ledger_url) else ()),
        ),
        WHOLE,
    )


def report_changes(
    look: Look, setup: Setup, on_changes: Callable[[Sequence[Change]], None]
) -> list[Change]:
    """Hand on what has changed since it was told last, once over all processes; give it back.

    Raises:
        LedgerError: the ledger cannot be read or written.
        Exception: what `tell` raises; the next look then finds the same again.
    """
    name = setup.config.workspace.name
    if not find_news(look, setup):
        return []
    # What is claimed is claimed under the workspace's lock: its row must be there.
    setup.ledger.introduce(setup.config)
    changes = claim_changes(setup.ledger, name, look)
    if not changes:
        return []
    try:
        on_changes(changes)
    except BaseException:
        give_back_changes(setup.ledger, changes)
        raise
    record_reported(setup.ledger, changes)
    _log.info("alerts reported: changes: %(n_changes)d", {"n_changes": len(changes)})
    return changes


def find_news(look: Look, setup: Setup) -> list[Change]:
    """Find what would be told now; nothing is written."""
    if is_new(setup.settings.ledger_url):
        return find_changes((), look)
    return find_changes(read_reported(setup.ledger, setup.config.workspace.name), look)


@dataclass(frozen=True, slots=True)
class _Loads:
    """The loads of each sort that have ended, whether well or not; the newest stands for all."""

    setup: Setup

    def judge(self) -> tuple[Condition, ...]:
        """Judge each; one that is under way leaves its sort as the one before it was."""
        with open_books(self.setup.ledger, self.setup.departures_folder) as books:
            return tuple(self._judge(books))

    def _judge(self, books: Books) -> Iterator[Condition]:
        workspace = self.setup.config.workspace
        for sort, (run, *earlier) in self._find_ended(books).items():
            owing = [one.run_id for one in earlier if _may_owe(one)]
            n_owed = count_owed(books.ledger, owing) if owing else 0
            subject = _name_sort(sort, workspace.name)
            report = describe_counts(read_counts(books, run))
            yield judge_load(report, subject, workspace.alerts, n_owed)

    def _find_ended(self, books: Books) -> dict[Sort, list[RunRow]]:
        """Find the runs of each sort that have ended, the newest first."""
        ended: dict[Sort, list[RunRow]] = {}
        workspace = self.setup.config.workspace
        for recent in list_recent(books.ledger, workspace.alerts.watch_loads_days):
            # A killed run is never closed: it has ended once nobody works on it any more.
            if self._is_ours(recent) and not is_worked_on(books, recent.run, workspace.name):
                ended.setdefault(recent.sort, []).append(recent.run)
        return ended

    def _is_ours(self, recent: RecentRun) -> bool:
        """Whether it is of this workspace: the ledger may hold those of others."""
        return recent.tables <= self.setup.config.tables.keys()


def _may_owe(run: RunRow) -> bool:
    return run.outcome is None or run.outcome.is_owing


def _name_sort(sort: Sort, workspace: str) -> str:
    kind, cycle, tables = sort
    return f"clayload.load.{workspace}.{kind}.{cycle}.{'+'.join(sorted(tables)) or 'nothing'}"
