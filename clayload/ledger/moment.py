"""How do several questions get their answers as of one moment?

In:    a ledger.
Out:   `LedgerMoment`: it is asked as the ledger is, and answers in one transaction, at one time.
Never: a write; nor a moment kept for longer than its reads take: while it lasts, a server clears
       away no old rows, and SQLite's log grows.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Connection

from clayload.ledger.store import Ledger


class Readable(Protocol):
    """What can be asked: a `Ledger`, each question in its own transaction, or one moment of it."""

    def read_only(self) -> AbstractContextManager[Connection]:
        """Read without holding up those who write."""

    def read_clock(self, connection: Connection, /) -> float:
        """Read the ledger's clock in epoch seconds."""

    def now(self) -> float:
        """Read the ledger's clock on its own."""


@dataclass(frozen=True, slots=True)
class LedgerMoment:
    """The ledger as it was at `at` (its own clock, epoch seconds): one connection, one moment."""

    connection: Connection
    at: float

    def read_only(self) -> AbstractContextManager[Connection]:
        """Give the connection; what it reads is of this moment."""
        return nullcontext(self.connection)

    def read_clock(self, _connection: Connection, /) -> float:
        """Give the moment: for all that is read in it, time does not pass."""
        return self.at

    def now(self) -> float:
        """Give the moment."""
        return self.at


@contextmanager
def consistent_read(ledger: Ledger) -> Iterator[LedgerMoment]:
    """Begin a moment; SQLite's transactions are of one anyway, a server is asked for it."""
    with ledger.read_only() as connection:
        is_sqlite = connection.dialect.name == "sqlite"
        options = {} if is_sqlite else {"isolation_level": "REPEATABLE READ"}
        connection.execution_options(**options)
        yield LedgerMoment(connection, ledger.read_clock(connection))
