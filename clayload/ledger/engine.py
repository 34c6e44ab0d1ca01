"""How is a ledger opened?

In:    a SQLAlchemy URL (SQLite file by default).
Out:   an engine whose transactions are durable and whose write transactions begin at once.
Never: an exception of the database's own: every failure is a LedgerError with the next step.
"""

from __future__ import annotations

import os
import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import quote

from alembic import command
from alembic.config import Config
from sqlalchemy import (
    URL,
    Connection,
    Engine,
    NullPool,
    QueuePool,
    create_engine,
    event,
    inspect,
    make_url,
    text,
)
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError

from clayload.errors import Code, LedgerError
from clayload.ledger.schema import LEDGER_VERSION

READING = {"is_reading": True}
"""Execution options of a connection that only reads: on SQLite it then takes no write lock."""

_BUSY_GIVE_UP_S = 30.0
_BUSY_RETRY_S = (0.002, 0.02)
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def open_engine(url: str, *, read_only: bool = False) -> Engine:
    """Open the ledger at `url`; create or check its schema.

    With `read_only` nothing is created or written, not even by SQLite itself.

    Raises:
        LedgerError: it cannot be opened or written, or is of another version.
    """
    parsed = _parse(url)
    if parsed.get_backend_name() == "sqlite":
        engine = _sqlite_engine(Path(parsed.database or ""), read_only=read_only)
    else:
        engine = _server_engine(parsed)
    with guarded(engine):
        if not read_only:
            _create_if_new(engine)
        _check_version(engine)
    return engine


def is_new(url: str) -> bool:
    """Whether nothing was ever written to this ledger: its file does not exist."""
    parsed = _parse(url)
    try:
        return parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").exists()
    except OSError:
        return False  # it may not even be looked at: opening it says why


def _parse(url: str) -> URL:
    try:
        return make_url(url)
    except ArgumentError:
        # The URL may hold a password, so it is not repeated.
        raise _unusable("CLAYLOAD_LEDGER_URL", "it is not a SQLAlchemy URL") from None


def _server_engine(url: URL) -> Engine:
    try:
        return create_engine(url, hide_parameters=True)
    except (ArgumentError, ImportError) as error:
        name = url.render_as_string(hide_password=True)
        raise _unusable(name, f"no driver for {url.drivername}") from error


def _sqlite_engine(path: Path, *, read_only: bool) -> Engine:
    if os.path.isdir(path):  # noqa: PTH112 - pathlib raises where a parent may not be entered
        raise _unusable(path, "it is a folder")
    if not read_only:
        _make_folder(path)
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        creator=partial(_connect_to_read if read_only else _connect_to_write, path),
        # A reader looks anew, each time, whether someone is writing.
        poolclass=NullPool if read_only else QueuePool,
        hide_parameters=True,
    )

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        is_reading = read_only or connection.get_execution_options().get("is_reading", False)
        _begin_sqlite(connection, "BEGIN" if is_reading else "BEGIN IMMEDIATE")

    return engine


def _connect_to_write(path: Path) -> sqlite3.Connection:
    connection = _connect(path, "mode=rwc")
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        # From here on the wait for another writer is ours (`_begin_sqlite`): SQLite's own starves
        # a writer for seconds.
        connection.execute("PRAGMA busy_timeout=0")
    except BaseException:
        connection.close()
        raise
    return connection


def _connect_to_read(path: Path) -> sqlite3.Connection:
    """Connect without leaving a trace: with nobody writing, SQLite would make files for the WAL.

    It keeps no lock then; a writer that starts and checkpoints within this one transaction could
    show it two states, which a plan or a status can bear.
    """
    has_wal = path.with_name(f"{path.name}-wal").exists()
    return _connect(path, "mode=ro" if has_wal else "mode=ro&immutable=1")


def _connect(path: Path, query: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"file:{quote(str(path))}?{query}",
        uri=True,
        timeout=_BUSY_GIVE_UP_S,
        isolation_level=None,
        check_same_thread=False,
    )


def _make_folder(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unusable(path.parent, error.strerror or str(error)) from error


def _begin_sqlite(connection: Connection, statement: str) -> None:
    """Begin; where another writer is at work, try again often and at random, so all get a turn."""
    give_up_at = time.monotonic() + _BUSY_GIVE_UP_S
    while True:
        try:
            connection.exec_driver_sql(statement)
        except OperationalError as error:
            if not _is_busy(error.orig) or time.monotonic() > give_up_at:
                raise
            time.sleep(random.uniform(*_BUSY_RETRY_S))  # noqa: S311 - spreads waits
        else:
            return


def _is_busy(error: BaseException | None) -> bool:
    return isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode & 0xFF in _BUSY


def _create_if_new(engine: Engine) -> None:
    with engine.begin() as connection:
        if inspect(connection).has_table("alembic_version"):
            return
        config = Config()
        config.set_main_option("script_location", "clayload.ledger:migrations")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _check_version(engine: Engine) -> None:
    with engine.connect() as connection:
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if found != LEDGER_VERSION:
        raise LedgerError(
            Code.LEDGER_OTHER_VERSION,
            f"the ledger {_name(engine)} is of version {found}, this clayload needs "
            f"{LEDGER_VERSION}",
            hint="use the clayload version that wrote it, or another ledger (CLAYLOAD_LEDGER_URL)",
        )


@contextmanager
def guarded(engine: Engine) -> Iterator[None]:
    """Turn the database's failures into LedgerErrors that say what to do."""
    try:
        yield
    except DBAPIError as error:
        raise _translate(_name(engine), error) from error


def _translate(name: str, error: DBAPIError) -> LedgerError:
    reason = str(error.orig).splitlines()[0]
    code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
        return LedgerError(
            Code.LEDGER_WRITE_FAILED,
            f"the ledger {name} could not be written: {reason}",
            hint="free some disk space and run the same load again: it resumes",
        )
    if code in _BUSY:
        return LedgerError(
            Code.LEDGER_UNUSABLE,
            f"the ledger {name} was held by another process for {_BUSY_GIVE_UP_S:g} s",
            hint="see which process holds it, then run the same load again: it resumes",
        )
    return _unusable(name, reason)


def _unusable(name: object, reason: str) -> LedgerError:
    return LedgerError(
        Code.LEDGER_UNUSABLE,
        f"the ledger {name} cannot be used: {reason}",
        hint="make its file and folder writable, or name another one in CLAYLOAD_LEDGER_URL",
    )


def _name(engine: Engine) -> str:
    """Name the ledger without its password."""
    if engine.url.get_backend_name() == "sqlite":
        return engine.url.database or ""
    return engine.url.render_as_string(hide_password=True)
