"""How does a ledger of an older version come to this one?

In:    the ledger's URL.
Out:   the same ledger with every row it had, and on SQLite a copy of it as it was, beside it.
Never: a half-made change: all of it is one transaction.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, Float, column, inspect, select, table, text

from clayload.errors import Code, LedgerError
from clayload.ledger.database.engine import name_of, open_to_migrate, opening, read_version, upgrade
from clayload.ledger.database.schema import LEDGER_VERSION
from clayload.ledger.database.server import SERVER_CLOCK, make_alone, shut_out_loads

_log = logging.getLogger(__name__)

_IN_FLIGHT = text("SELECT COUNT(*) FROM submissions WHERE state = 'sending' AND give_up_at >= :now")


@dataclass(frozen=True, slots=True)
class Migrated:
    """From which version the ledger came to which; `backup` is the copy made before, if any."""

    before: str
    after: str
    backup: Path | None


def migrate(url: str) -> Migrated:
    """Bring the ledger at `url` to this clayload's version; one that is there already stays as is.

    Raises:
        LedgerError: it cannot be opened or written, is of a newer version, is in use by a load,
            or has rows that point nowhere.
    """
    engine = open_to_migrate(url)
    with opening(engine):
        before = read_version(engine)
        backup = None if before == LEDGER_VERSION else _upgrade(engine, before)
    engine.dispose()
    versions = {"before": before, "after": LEDGER_VERSION}
    _log.info("ledger migrated: from version %(before)s to %(after)s", versions)
    return Migrated(before, LEDGER_VERSION, backup)


def _upgrade(engine: Engine, before: str) -> Path | None:
    """Check, back up and change it with every load shut out; gives the backup."""
    with engine.begin() as connection:
        make_alone(connection)
        shut_out_loads(connection)
        _refuse_in_use(connection)
        backup = _back_up(engine, before)
        upgrade(connection)
        if engine.dialect.name == "sqlite":
            _check_keys(connection)
    return backup


def _check_keys(connection: Connection) -> None:
    """Check what SQLite did not while tables were made anew."""
    if broken := connection.exec_driver_sql("PRAGMA foreign_key_check").all():
        raise LedgerError(
            Code.LEDGER_DAMAGED,
            f"{len(broken):,} rows of the ledger point at rows that are not there; it was left as "
            "it is",
            hint="restore the ledger from a backup, or report this with what "
            "`clayload --version` says",
        )


def _refuse_in_use(connection: Connection) -> None:
    """A load of the older version could not go on with the newer ledger."""
    now = _read_clock(connection)
    if n := connection.execute(_IN_FLIGHT, {"now": now}).scalar_one():
        use = f"{n:,} leads are under way"
    # A load that is held or paused has nothing under way, and goes on asking.
    elif (ahead_s := _read_present_until(connection) - now) > 0:
        use = f"a load waits to send, and is expected to ask within {ahead_s:.0f} s"
    else:
        return
    raise LedgerError(
        Code.LEDGER_UNUSABLE,
        f"the ledger {name_of(connection.engine)} is in use: {use}",
        hint="let the running loads end, or stop them (Ctrl-C), and try again in some minutes",
    )


def _read_clock(connection: Connection) -> float:
    """Read the clock that the loads went by: on a server the server's, one for all hosts."""
    if connection.dialect.name == "sqlite":
        return time.time()
    return float(connection.execute(SERVER_CLOCK).scalar_one())


def _read_present_until(connection: Connection) -> float:
    """Read until when a load counts as waiting; the first version did not write it down."""
    names = [found["name"] for found in inspect(connection).get_columns("workspaces")]
    present = [column(name, Float()) for name in names if name.startswith("present_until_")]
    rows = connection.execute(select(*present).select_from(table("workspaces"))) if present else ()
    return max((until for row in rows for until in row), default=0.0)


def _back_up(engine: Engine, version: str) -> Path | None:
    """Copy a SQLite ledger whole, beside it; what backs a server up is the server's.

    It reads over a connection of its own, beside the one that keeps others from writing.
    """
    if engine.dialect.name != "sqlite":
        return None
    path = Path(engine.url.database or "")
    copy = next(name for name in _backup_names(path, version) if not name.exists())
    with engine.connect() as connection:
        # On the driver's connection: SQLite makes no copy within a transaction.
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - the dialect says so
        try:
            with closing(driver.cursor()) as cursor:
                cursor.execute("VACUUM INTO ?", (str(copy),))
        except sqlite3.Error as error:
            copy.unlink(missing_ok=True)
            raise LedgerError(
                Code.LEDGER_WRITE_FAILED,
                f"no backup could be written to {copy}: {error}; the ledger was left as it is",
                hint="free some disk space, or make the folder writable, and try again",
            ) from error
    return copy


def _backup_names(path: Path, version: str) -> list[Path]:
    first = path.with_name(f"{path.name}.bak-{version}")
    return [first, *(first.with_name(f"{first.name}-{n}") for n in range(2, 100))]
