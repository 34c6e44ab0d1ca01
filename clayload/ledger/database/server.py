"""How does a database server keep the ledger of several machines?

In:    a SQLAlchemy URL, without a password.
Out:   an engine that outlives a restart of the server.
Never: a password in an error: what the driver's own errors carry is cut off.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import URL, Connection, Engine, create_engine, extract, func, select, text
from sqlalchemy.exc import DBAPIError, OperationalError

from clayload.ledger.database.retry import retry

SERVER_CLOCK = select(extract("epoch", func.clock_timestamp()))
"""The server's clock, in epoch seconds: one for all hosts."""

_TIMEOUT_S, _JITTER_S = 60.0, (0.1, 0.5)
# Connection exceptions, and a server that shuts down, crashed or starts up.
_AWAY = ("08", "57P")
# Deadlock detected, and serialization failure.
_CONFLICTS = ("40P01", "40001")
_MAKING_THE_LEDGER = 2_026_112_4
_READ_ONLY = "-c default_transaction_read_only=on"


def server_engine(url: URL, *, read_only: bool) -> Engine:
    """Make the engine.

    Raises:
        ImportError: the database's driver is not installed.
        ArgumentError: no such database is known.
    """
    arguments = {"options": _READ_ONLY} if read_only else {}
    # pre_ping: a connection from before the server's restart is replaced, not tripped over.
    return create_engine(url, hide_parameters=True, pool_pre_ping=True, connect_args=arguments)


def make_alone(connection: Connection) -> None:
    """Let one process at a time make the ledger; SQLite's write lock does it there."""
    if connection.dialect.name == "postgresql":
        lock = text("SELECT pg_advisory_xact_lock(:number)")
        connection.execute(lock, {"number": _MAKING_THE_LEDGER})


def shut_out_loads(connection: Connection) -> None:
    """Let no load ask or answer until the transaction ends; SQLite's write lock does it there."""
    if connection.dialect.name == "postgresql":
        # As grants do: the workspaces first, so that nobody waits for each other in a circle.
        connection.exec_driver_sql("LOCK TABLE workspaces, submissions IN ACCESS EXCLUSIVE MODE")


@contextmanager
def connect(engine: Engine) -> Iterator[Connection]:
    """Connect; to a server that is away for a moment, such as for a restart, again and again."""
    connection = retry(engine.connect, on=is_lost, timeout_s=_TIMEOUT_S, jitter_s=_JITTER_S)
    try:
        yield connection
    finally:
        connection.close()


def is_lost(error: Exception) -> bool:
    """Whether the server went away, or is not back yet; SQLite has no server to lose."""
    if not isinstance(error, OperationalError):
        return False
    state = getattr(error.orig, "sqlstate", "")
    return state is None or (state != "" and state.startswith(_AWAY))


def is_conflict(error: DBAPIError) -> bool:
    """Whether the server gave this transaction up so that another could go on."""
    return getattr(error.orig, "sqlstate", None) in _CONFLICTS


def forget_password(error: DBAPIError) -> None:
    """Cut off the driver's connection, which knows the password, from its error."""
    kept = vars(error.orig) if error.orig is not None else {}
    if "_pgconn" in kept:
        kept["_pgconn"] = None
