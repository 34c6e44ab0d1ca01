"""How do the samples of a run's load stand?

In:    the samples as the ledger holds them, how the run's leads ended by table.
Out:   the account of each table with `sample_first` that the run has leads for.
Never: a write; and no question to the ledger where no table has a sample.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from clayload.account.sample_account import SampleAccount
from clayload.delivery.budget import MILLI
from clayload.delivery.sample import Sample
from clayload.ledger.books.run_books import Books
from clayload.ledger.books.runs import RunRow
from clayload.ledger.books.samples import SampleRow, find_sample, read_samples
from clayload.ledger.moment import Readable
from clayload.ledger.rules.states import SubmissionState
from clayload.model import RowEnd
from clayload.plural import count
from clayload.setup import Setup
from clayload.tables.tables_file import TablesConfig

_ENDS = {
    SubmissionState.DELIVERED: RowEnd.DELIVERED,
    SubmissionState.REFUSED: RowEnd.REFUSED,
    SubmissionState.IN_DOUBT: RowEnd.IN_DOUBT,
}
_WAITING = (RowEnd.PENDING, RowEnd.DEFERRED)


def read_sample_rows(
    books: Books, run: RunRow, tables: Collection[str], config: TablesConfig
) -> dict[str, SampleRow]:
    """Read the samples of a run's load in these tables, whichever run has sent them."""
    n_first = {
        name: table.sample_first
        for name, table in config.tables.items()
        if table.sample_first is not None and name in tables
    }
    if not n_first:
        return {}
    unsent = {
        name: SampleRow(Sample(run.run_id, 0, n), None, {}, (0, 0)) for name, n in n_first.items()
    }
    return unsent | read_samples(books.ledger, run, n_first, books.orphans)


def describe_samples(
    rows: Mapping[str, SampleRow], tables: Mapping[str, Mapping[RowEnd, int]]
) -> Iterator[SampleAccount]:
    """Give the account of each sample; `tables` says how the run's leads ended, by table."""
    for name, row in rows.items():
        yield _account(name, row, tables[name])


def _account(table: str, row: SampleRow, ends: Mapping[RowEnd, int]) -> SampleAccount:
    sample, n_of = row.sample, row.n_of_state
    n_in_flight = n_of.get(SubmissionState.SENDING, 0)
    n_waiting = sum(ends.get(end, 0) for end in _WAITING)
    return SampleAccount(
        run_id=sample.run_id,
        table=table,
        n_sent=sample.n_sent,
        n_allowed=sample.n_allowed,
        decision=sample.decision,
        decided_at=row.decided_at,
        ends={end: n_of[state] for state, end in _ENDS.items() if state in n_of},
        n_in_flight=n_in_flight,
        n_owed=max(n_waiting - n_in_flight, 0),
        credits=row.cost_milli[0] / MILLI,
        actions=row.cost_milli[1] / MILLI,
    )


def describe_first(
    n_going: Mapping[str, int], load: tuple[str, str], ledger: Readable | None, setup: Setup
) -> Iterator[str]:
    """Say how many leads of a load (extract_id, cycle) go before a person speaks, by table."""
    for name, n in n_going.items():
        n_first = setup.config.tables[name].sample_first
        if n_first is None:
            continue
        sample = Sample("", 0, n_first)
        if ledger is not None:
            sample = find_sample(ledger, load, name, n_first)
        if sample.n_left is not None and sample.n_left < n:
            yield (
                f"{name}: of {count(n, 'lead')} {sample.n_left:,} go first; the rest waits until a "
                "person has looked at them (`clayload approve RUN`)"
            )
