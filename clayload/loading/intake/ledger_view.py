"""What does the ledger know before a load, if there is a ledger?

In:    the surroundings.
Out:   which leads of a chunk are owed, and how tables and slots stand.
Never: a write, and never a ledger made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from clayload.delivery.grant import TableSnapshot
from clayload.ledger.books.orphans import find_orphans
from clayload.ledger.books.run_books import Books
from clayload.ledger.database.engine import is_new
from clayload.ledger.moment import Readable
from clayload.ledger.rules.snapshot import unused_table, without_suspensions
from clayload.ledger.store import Ledger
from clayload.loading.intake.read_extract import read_leads
from clayload.model import ChunkRef
from clayload.setup import Setup
from clayload.tables.table import Table


@dataclass(frozen=True, slots=True)
class LedgerView:
    """What the ledger knows, or that there is none yet."""

    books: Books | None

    @classmethod
    def open(cls, setup: Setup) -> Self:
        """Open the ledger, read-only."""
        url = setup.settings.ledger_url
        if is_new(url):
            return cls(None)
        ledger = Ledger.open(url, read_only=True)
        return cls(Books(ledger, find_orphans(ledger, setup.departures_folder)))

    @property
    def ledger(self) -> Readable | None:
        """The ledger, if there is one."""
        return None if self.books is None else self.books.ledger

    def owed_keys(self, chunk: ChunkRef, table: Table, cycle: str) -> frozenset[str]:
        """Name the leads of a chunk that a load would send."""
        leads = read_leads(chunk, table)
        if self.books is None:
            return frozenset(lead.lead_key for lead in leads)
        return self.books.owed_keys(chunk.table, table, cycle, leads)

    def read_table(self, name: str, table: Table) -> TableSnapshot:
        """Tell how a table and its slots stand."""
        if self.books is None:
            return unused_table(table)
        # As a load begins, it gives suspended slots a new chance.
        return without_suspensions(self.books.read_table(name, table))
