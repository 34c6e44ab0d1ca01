"""How is the whole ledger read as it stood at one moment, while loads write on?

In:    a ledger.
Out:   a connection of which every question is answered from the same moment.
Never: a lock that a load would wait for.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from clayload.ledger.store import Ledger


@contextmanager
def at_one_moment(ledger: Ledger) -> Iterator[Connection]:
    """Read; SQLite's transactions are of one moment anyway, a server is asked for it."""
    with ledger.reading() as connection:
        is_sqlite = connection.dialect.name == "sqlite"
        options = {} if is_sqlite else {"isolation_level": "REPEATABLE READ"}
        yield connection.execution_options(**options)
