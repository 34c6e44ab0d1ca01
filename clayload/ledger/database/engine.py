"""How is a ledger opened?

In:    a SQLAlchemy URL (SQLite file by default).
Out:   an engine whose transactions are durable and whose write transactions begin at once.
Never: an exception of the database's own: every failure is a LedgerError with the next step.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, ProgrammingError

from clayload.errors import Code, LedgerConflictError, LedgerError, LedgerLostError
from clayload.ledger.database.network_disk import ListMounts, list_mounts, refuse_network_disk
from clayload.ledger.database.schema import LEDGER_VERSION
from clayload.ledger.database.server import (
    forget_password,
    is_conflict,
    is_lost,
    make_alone,
    server_engine,
)
from clayload.ledger.database.sqlite import (
    BUSY_TIMEOUT_S,
    has_write_failed,
    is_busy,
    is_closed_to_us,
    sqlite_engine,
)

_FIX_RIGHTS = "make its file and folder writable, or name another one in CLAYLOAD_LEDGER_URL"
_FIX_SERVER = "see that the server runs and lets this user in, or fix CLAYLOAD_LEDGER_URL"
_FIX_URL = (
    "write CLAYLOAD_LEDGER_URL as in postgresql+psycopg://user@host/database, or unset it: then "
    "the ledger is a file in CLAYLOAD_HOME"
)
_MAKE_IT = "load an extract first, or name the ledger you mean in CLAYLOAD_LEDGER_URL"
_NAME_ANOTHER = (
    "name the ledger you mean in CLAYLOAD_LEDGER_URL; if it is this one, restore it from a backup"
)
_SERVERS = ("postgresql", "postgresql+psycopg")
_OUR_VERSION = re.compile("[0-9]{4}")


def open_engine(url: str, *, read_only: bool = False, mounts: ListMounts = list_mounts) -> Engine:
    """Open the ledger at `url`; create or check its schema.

    With `read_only` nothing is created or written, not even by SQLite itself. `mounts` lists what
    is mounted, so that SQLite on a network disk can be refused.

    Raises:
        LedgerError: it cannot be opened or written, or is of another version.
    """
    engine = _make_engine(_parse(url), read_only=read_only, mounts=mounts)
    with opening(engine):
        if not read_only:
            _create_if_new(engine)
        _check_version(engine)
    return engine


def open_to_migrate(url: str) -> Engine:
    """Give the engine of a ledger of any version; SQLite checks no foreign keys meanwhile."""
    return _make_engine(_parse(url), checks_keys=False)


@contextmanager
def opening(engine: Engine) -> Iterator[None]:
    """Leave no connection behind if the ledger cannot be opened in the block."""
    try:
        yield
    except BaseException as error:
        engine.dispose()
        if isinstance(error, DBAPIError):
            # Nothing was under way yet: whatever is wrong, a person must fix it.
            raise _translate(name_of(engine), error, is_opening=True) from error
        raise


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
    except (ArgumentError, ValueError):
        # The URL may hold a password, so it is not repeated; a port that is none is a ValueError.
        raise _unusable("CLAYLOAD_LEDGER_URL", "it is not a SQLAlchemy URL", _FIX_URL) from None


def _make_engine(
    url: URL,
    *,
    read_only: bool = False,
    checks_keys: bool = True,
    mounts: ListMounts = list_mounts,
) -> Engine:
    if url.get_backend_name() != "sqlite":
        return _make_server_engine(url, read_only=read_only)
    path = Path(url.database or "")
    if os.path.isdir(path):  # noqa: PTH112 - pathlib raises where a parent may not be entered
        raise _unusable(path, "it is a folder", _NAME_ANOTHER)
    refuse_network_disk(path, mounts)
    if not read_only:
        _make_folder(path)
    return sqlite_engine(path, read_only=read_only, checks_keys=checks_keys)


def _make_server_engine(url: URL, *, read_only: bool) -> Engine:
    what = f"no driver for {url.drivername}"
    # Another driver of Postgres tells of lost connections and conflicts in other ways.
    if url.drivername not in _SERVERS:
        raise _unusable(_show(url), what, _FIX_URL)
    try:
        return server_engine(url, read_only=read_only)
    except (ArgumentError, ImportError) as error:
        raise _unusable(_show(url), what, _FIX_URL) from error


def _make_folder(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unusable(path.parent, error.strerror or str(error), _FIX_RIGHTS) from error


def _create_if_new(engine: Engine) -> None:
    with engine.begin() as connection:
        make_alone(connection)
        if not inspect(connection).has_table("alembic_version"):
            upgrade(connection)


def upgrade(connection: Connection) -> None:
    """Bring a ledger to the newest version, inside the connection's transaction."""
    # Imported here: a ledger is made once, and every command would pay for it.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", "clayload.ledger:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def read_version(engine: Engine) -> str:
    """Read of which version the ledger is.

    Raises:
        LedgerError: there is none, or a newer clayload or another program wrote it.
    """
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            raise _unusable(name_of(engine), "it holds no ledger yet", _MAKE_IT)
        versions = connection.execute(text("SELECT version_num FROM alembic_version")).scalars()
        found = ", ".join(map(str, versions))
    if not _OUR_VERSION.fullmatch(found):
        what = f"alembic_version names none of clayload's versions, but '{found}'"
        raise _unusable(name_of(engine), what, _NAME_ANOTHER)
    if found > LEDGER_VERSION:
        raise _other_version(engine, found, "use a newer clayload: this one is too old for it")
    return found


def _check_version(engine: Engine) -> None:
    found = read_version(engine)
    if found != LEDGER_VERSION:
        hint = "bring it to this version, with no load running: `clayload ledger migrate`"
        raise _other_version(engine, found, hint)


def _other_version(engine: Engine, found: str, hint: str) -> LedgerError:
    return LedgerError(
        Code.LEDGER_OTHER_VERSION,
        f"the ledger {name_of(engine)} is of version {found}, this clayload needs {LEDGER_VERSION}",
        hint=hint,
    )


@contextmanager
def guarded(engine: Engine) -> Iterator[None]:
    """Turn the database's failures into LedgerErrors that say what to do."""
    try:
        yield
    except DBAPIError as error:
        raise _translate(name_of(engine), error) from error


def _translate(name: str, error: DBAPIError, *, is_opening: bool = False) -> LedgerError:
    forget_password(error)
    reason = str(error.orig).splitlines()[0]
    if is_lost(error) and not is_opening:
        return LedgerLostError(
            Code.LEDGER_LOST,
            f"the connection to the ledger {name} was lost: {reason}",
            hint="see that the database server runs, then run the same load again: it resumes",
        )
    if is_conflict(error):
        return LedgerConflictError(
            Code.LEDGER_UNUSABLE,
            f"the ledger {name} put other processes first, again and again: {reason}",
            hint="let the other loads get ahead, then run the same load again: it resumes",
        )
    if has_write_failed(error.orig):
        return LedgerError(
            Code.LEDGER_WRITE_FAILED,
            f"the ledger {name} could not be written: {reason}",
            hint="free some disk space and run the same load again: it resumes",
        )
    if is_busy(error.orig):
        return LedgerError(
            Code.LEDGER_UNUSABLE,
            f"the ledger {name} was held by another process for {BUSY_TIMEOUT_S:g} s",
            hint="see which process holds it, then run the same load again: it resumes",
        )
    return _unusable(name, reason, _find_hint(error))


def _find_hint(error: DBAPIError) -> str:
    if is_closed_to_us(error.orig):
        return _FIX_RIGHTS
    if isinstance(error.orig, sqlite3.Error):
        return _NAME_ANOTHER
    # No server said this: the driver did not understand the URL.
    if isinstance(error, ProgrammingError) and getattr(error.orig, "sqlstate", None) is None:
        return _FIX_URL
    return _FIX_SERVER


def _unusable(name: object, reason: str, hint: str) -> LedgerError:
    return LedgerError(
        Code.LEDGER_UNUSABLE, f"the ledger {name} cannot be used: {reason}", hint=hint
    )


def name_of(engine: Engine) -> str:
    """Name the ledger without its password."""
    if engine.url.get_backend_name() == "sqlite":
        return engine.url.database or ""
    return _show(engine.url)


def _show(url: URL) -> str:
    # Of the connection options nobody knows which are secret.
    return url.set(query={}).render_as_string(hide_password=True)
