"""Which deferred leads can be sent now, and how does a load go on with them by itself?

In:    configuration and ledger.
Out:   each run that left leads deferred, what holds them now; a run of its own that sends what
       nothing holds any more.
Never: the extract read again: what is sent is what the run's chunk files hold. And never two at
       once that go on with the same run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from clayload.account.deferral import find_deferred
from clayload.account.problem import dump_problems, read_problems
from clayload.delivery.budget import NOTHING, Bill, Span, charge_of, find_periods
from clayload.delivery.grant import Room, TableSnapshot, find_fitting
from clayload.delivery.limits import stop_of
from clayload.errors import Code, StopTableError
from clayload.ledger.books.deferred import find_deferred_runs, find_resuming, refuse_second
from clayload.ledger.books.orphans import NO_ORPHANS, find_orphans
from clayload.ledger.books.pauses import find_pause
from clayload.ledger.books.run_activity import is_worked_on
from clayload.ledger.books.run_books import Books, open_books
from clayload.ledger.books.runs import RunRow, find_run
from clayload.ledger.books.samples import read_samples
from clayload.ledger.granting.recovery import recover_ended
from clayload.ledger.granting.reopen import Replayable, find_replayable
from clayload.ledger.granting.spending import Payer, read_lines
from clayload.ledger.rules.snapshot import without_suspensions
from clayload.ledger.rules.states import SubmissionState
from clayload.loading.followups.replay import prepare_replay
from clayload.loading.followups.replay_plan import plan_leads
from clayload.loading.prepare import PreparedLoad
from clayload.model import Outcome, RunKind
from clayload.plural import count
from clayload.report.moments import describe_pause
from clayload.setup import Setup
from clayload.tables.costs import costs_of
from clayload.tables.table import Table


@dataclass(frozen=True, slots=True)
class Deferral:
    """Deferred leads of a run that are owed still: `n_owed` by table, and what `holds` a table now.

    `resumed_by`: a run that goes on with them at this moment.
    """

    run: RunRow
    n_owed: Mapping[str, int]
    holds: Mapping[str, str]
    resumed_by: str | None = None

    @property
    def n_going(self) -> int:
        """Leads of tables that nothing holds."""
        return sum(n for name, n in self.n_owed.items() if name not in self.holds)

    def describe(self) -> Iterator[str]:
        """Say, a sentence for each table, what becomes of its leads."""
        for name, n in self.n_owed.items():
            what = self.holds.get(name)
            if self.resumed_by is not None:
                leads = count(n, "deferred lead is", "deferred leads are")
                becomes = f"{leads} being sent by run {self.resumed_by} now"
            elif what is None:
                becomes = f"{count(n, 'deferred lead')} can go on"
            else:
                becomes = f"{count(n, 'deferred lead waits', 'deferred leads wait')}: {what}"
            yield f"run {self.run.run_id}, {name}: {becomes}"


def list_deferrals(setup: Setup) -> list[Deferral]:
    """List what runs left deferred and is owed still, the newest run first; reads only.

    A lead that several runs had to defer is the newest one's.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    listed: set[int] = set()
    found = []
    for run in find_deferred_runs(setup.ledger):
        owed = [lead for lead in _find_owed(run, setup) if lead.submission_id not in listed]
        listed.update(lead.submission_id for lead in owed)
        if owed:
            found.append(_read_deferral(run, owed, setup))
    return found


def prepare_resume(run_id: str, setup: Setup) -> PreparedLoad | None:
    """Begin a run that sends what nothing holds any more; None if nothing is left to send.

    Raises:
        RunError: RUN_FOLDER_GONE, RESUMED_ALREADY, or the new folder cannot be written.
        ConfigError: a secret is missing.
        LedgerError: the ledger cannot be written.
    """
    recover_ended(setup.ledger, setup.departures_folder)
    run = find_run(setup.ledger, run_id)
    owed = _find_owed(run, setup)
    deferral = _read_deferral(run, owed, setup)
    if deferral.resumed_by is not None:
        raise refuse_second(run_id, deferral.resumed_by)
    leads = tuple(lead for lead in owed if lead.table not in deferral.holds)
    plan = plan_leads(run, leads, setup, RunKind.RESUME)
    if not plan.leads:
        return None
    if (abandoned := find_resuming(setup.ledger, run_id)) is not None:
        # Should its process live after all, it is given no further grant.
        setup.ledger.halt_run(abandoned.run_id, Code.RESUMED_ALREADY)
        setup.ledger.finish_run(abandoned.run_id, Outcome.PENDING, dump_problems(()))
    return prepare_replay(plan, setup)


def _read_deferral(run: RunRow, owed: Sequence[Replayable], setup: Setup) -> Deferral:
    n_owed = Counter(lead.table for lead in owed)
    holds = {name: why for name in n_owed if (why := _find_pause(name, run, setup)) is not None}
    other = find_resuming(setup.ledger, run.run_id)
    is_resumed = other is not None and _is_worked_on(other, setup)
    return Deferral(run, n_owed, holds, other.run_id if other and is_resumed else None)


def _find_owed(run: RunRow, setup: Setup) -> list[Replayable]:
    deferred = find_deferred(read_problems(run))
    orphans = find_orphans(setup.ledger, setup.departures_folder)
    owed = find_replayable(setup.ledger, run.run_id, {SubmissionState.PENDING}, orphans)
    return [lead for lead in owed if lead.table in deferred]


def _find_pause(name: str, run: RunRow, setup: Setup) -> str | None:
    """Find what keeps even one lead of a table from being sent now, by the grant's arithmetic."""
    table = setup.config.tables.get(name)
    if table is None:
        return "tables.yaml has no such table any more"
    if (pause := find_pause(setup.ledger, setup.config.workspace.name)) is not None:
        return describe_pause(pause)
    fitting = find_fitting(_read_table(name, table, run, setup), 1, _read_bill(name, setup))
    return None if isinstance(fitting, Room) else _describe(stop_of(fitting))


def _describe(stop: StopTableError) -> str:
    return f"{stop.message} ({stop.code})"


def _read_table(name: str, table: Table, run: RunRow, setup: Setup) -> TableSnapshot:
    snapshot = without_suspensions(Books(setup.ledger).read_table(name, table))
    if table.sample_first is None:
        return snapshot
    found = read_samples(setup.ledger, run, {name: table.sample_first}, NO_ORPHANS)
    return replace(snapshot, sample=found[name].sample) if name in found else snapshot


def _read_bill(name: str, setup: Setup) -> Bill:
    cost = costs_of(setup.config, setup.catalogue)[name]
    each, budgets = charge_of(cost), setup.config.budgets
    if each == NOTHING:
        return Bill()
    with setup.ledger.read_only() as connection:
        periods = find_periods(setup.ledger.read_clock(connection), budgets)
        payer = Payer(setup.config.workspace.name, name)
        lines = read_lines(connection, budgets, payer, periods)
    return Bill(each, periods[Span.DAY].first_day, lines)


def _is_worked_on(run: RunRow, setup: Setup) -> bool:
    with open_books(setup.ledger, setup.departures_folder) as books:
        return is_worked_on(books, run, setup.config.workspace.name)
