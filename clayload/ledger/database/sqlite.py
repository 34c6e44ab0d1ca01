"""How does SQLite keep a ledger that several processes write at once?

In:    the path of a file.
Out:   an engine whose commits are durable and whose write transactions begin at once.
Never: a trace left by one who only reads.
"""

from __future__ import annotations

import sqlite3
from functools import partial
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, NullPool, QueuePool, create_engine, event
from sqlalchemy.exc import OperationalError

from clayload.ledger.database.retry import retry

READ_ONLY = {"read_only": True}
"""Execution options of a connection that only reads: on SQLite it then takes no write lock."""
BUSY_TIMEOUT_S = 30.0

_BUSY_JITTER_S = (0.002, 0.02)
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_WRITE_FAILED = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)
_CLOSED_TO_US = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM)


def sqlite_engine(path: Path, *, read_only: bool, checks_keys: bool = True) -> Engine:
    """Make the engine; `checks_keys` is off only while a migration makes tables anew."""
    connect = _connect_to_read if read_only else partial(_connect_to_write, checks_keys=checks_keys)
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        creator=partial(connect, path),
        # A reader looks anew, each time, whether someone is writing.
        poolclass=NullPool if read_only else QueuePool,
        hide_parameters=True,
    )

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        is_reading = read_only or connection.get_execution_options().get("read_only", False)
        _begin_in_turn(connection, "BEGIN" if is_reading else "BEGIN IMMEDIATE")

    return engine


def is_busy(error: BaseException | None) -> bool:
    """Whether another process was writing all the while."""
    return isinstance(error, sqlite3.Error) and _primary_code(error) in _BUSY


def has_write_failed(error: BaseException | None) -> bool:
    """Whether the disk is full or broken."""
    return isinstance(error, sqlite3.Error) and _primary_code(error) in _WRITE_FAILED


def is_closed_to_us(error: BaseException | None) -> bool:
    """Whether this user may not open or write the file, or make one in its folder."""
    return isinstance(error, sqlite3.Error) and _primary_code(error) in _CLOSED_TO_US


def _primary_code(error: sqlite3.Error) -> int:
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _connect_to_write(path: Path, *, checks_keys: bool) -> sqlite3.Connection:
    connection = _connect(path, "mode=rwc")
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        # On macOS a sync alone leaves the drive's own cache to a power cut, and with it grants.
        connection.execute("PRAGMA fullfsync=ON")
        connection.execute(f"PRAGMA foreign_keys={'ON' if checks_keys else 'OFF'}")
        # From here on the wait for another writer is ours (`_begin_in_turn`): SQLite's own
        # starves a writer for seconds.
        connection.execute("PRAGMA busy_timeout=0")
    except BaseException:
        connection.close()
        raise
    return connection


def _connect_to_read(path: Path) -> sqlite3.Connection:
    """Connect so that each transaction sees one moment, and no trace is left.

    A WAL that a load has filled is left as it is. Where there is none SQLite makes one, if only to
    read; whoever may write takes it away again.
    """
    if _has_wal(path):
        return _connect(path, "mode=ro")
    connection = _connect(path, "mode=rw")
    try:
        connection.execute("PRAGMA query_only=ON")
        connection.execute("SELECT 1 FROM sqlite_schema").close()
    except sqlite3.Error as error:
        connection.close()
        if is_busy(error) or not isinstance(error, sqlite3.OperationalError):
            raise
        # The folder may not be written, or the disk is full: all that is left is to read the file
        # as if nobody wrote it.
        return _connect(path, "mode=ro&immutable=1")
    return connection


def _has_wal(path: Path) -> bool:
    try:
        return path.with_name(f"{path.name}-wal").stat().st_size > 0
    except OSError:
        return False


def _connect(path: Path, query: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"file:{quote(str(path))}?{query}",
        uri=True,
        timeout=BUSY_TIMEOUT_S,
        isolation_level=None,
        check_same_thread=False,
    )


def _begin_in_turn(connection: Connection, statement: str) -> None:
    """Begin; where another writer is at work, try again often and at random, so all get a turn."""
    begin = partial(connection.exec_driver_sql, statement)
    retry(begin, on=_is_held, timeout_s=BUSY_TIMEOUT_S, jitter_s=_BUSY_JITTER_S)


def _is_held(error: Exception) -> bool:
    return isinstance(error, OperationalError) and is_busy(error.orig)
