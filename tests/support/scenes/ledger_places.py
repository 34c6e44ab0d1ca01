"""Where is a test's ledger kept, and how are its rows read?

In:    a folder, a Postgres of the test's own, or the URL of a ledger.
Out:   the ledger's URL, and what plain SQL finds there.
Never: a read through the code under test.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Protocol

import psycopg
from sqlalchemy import make_url

from clayload.ledger.database.schema import metadata
from clayload.ledger.store import Ledger
from support.servers.postgres_server import PostgresServer


class Place(Protocol):
    """Where a ledger is kept."""

    @property
    def url(self) -> str: ...

    def query(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Run one statement, `?` standing for each value, and commit."""

    def close(self) -> None: ...


@dataclass(frozen=True)
class SqlitePlace:
    """A file."""

    path: Path

    @property
    def url(self) -> str:
        return f"sqlite:///{self.path}"

    def query(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.path)) as connection, connection:
            return connection.execute(sql, values).fetchall()

    def close(self) -> None:
        pass


def connect(url: str) -> psycopg.Connection[tuple[Any, ...]]:
    """Connect to the database of a ledger; each statement is committed at once."""
    plain = make_url(url).set(drivername="postgresql")
    return psycopg.connect(plain.render_as_string(hide_password=False), autocommit=True)


@dataclass
class PostgresPlace:
    """A database of a server; asked over one connection, made when it is first needed."""

    url: str
    _connection: psycopg.Connection[tuple[Any, ...]] | None = None

    def query(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        if self._connection is None:
            self._connection = connect(self.url)
        with self._connection.cursor() as cursor:
            cursor.execute(sql.replace("?", "%s").encode(), values)
            return [] if cursor.description is None else cursor.fetchall()

    def close(self) -> None:
        """Hang up; the next query calls again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def place_at(url: str) -> Place:
    """The place of a ledger of either kind."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return SqlitePlace(Path(parsed.database or ""))
    return PostgresPlace(url)


@dataclass
class SqlitePlaces:
    """Gives new files, of one folder or wherever they are wanted."""

    folder: Path
    numbers: Iterator[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        Ledger.open(SqlitePlace(self._pristine).url).close()

    @contextmanager
    def new(self) -> Iterator[SqlitePlace]:
        """A file with a new ledger, which is taken away at the end."""
        place = self.make(self.folder / f"ledger-{next(self.numbers)}.db")
        try:
            yield place
        finally:
            place.path.unlink()

    def make(self, path: Path) -> SqlitePlace:
        """Make a file with a new ledger: a copy of the first, for that is faster."""
        shutil.copy(self._pristine, path)
        return SqlitePlace(path)

    @property
    def _pristine(self) -> Path:
        return self.folder / "pristine.db"


_SHAPE = """
SELECT md5(string_agg(line, ',' ORDER BY line)) FROM (
    SELECT concat_ws(' ', relname, attname, atttypid, attnotnull) AS line
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    WHERE relnamespace = 'public'::regnamespace AND attnum > 0
    UNION ALL SELECT tgname FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT version_num FROM alembic_version
) AS lines
"""
_CLEAR = "; ".join(
    [
        *(f"DELETE FROM {table.name}" for table in reversed(metadata.sorted_tables)),  # noqa: S608 - names of ours
        "SELECT setval(oid, 1, false) FROM pg_class WHERE relkind = 'S'",
    ]
)
_HANG_UP = (
    "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


@dataclass
class PostgresPlaces:
    """Gives new databases of one server; one that is given back is emptied and given again."""

    server: PostgresServer
    numbers: Iterator[int] = field(default_factory=count)
    _empty: list[str] = field(default_factory=list)
    _shape: str = ""

    def __post_init__(self) -> None:
        url = self.server.make_database("pristine")
        Ledger.open(url).close()
        with connect(url) as connection:
            self._shape = _read_shape(connection)

    @contextmanager
    def new(self) -> Iterator[PostgresPlace]:
        """A database with a new ledger: an emptied one or a copy of the first, which is faster."""
        name = self._empty.pop() if self._empty else self._make("pristine")
        place = PostgresPlace(self.server.url(name))
        try:
            yield place
        finally:
            place.close()
            if self._clear(place.url):
                self._empty.append(name)
            else:
                self.server.drop_database(name)

    @contextmanager
    def empty(self) -> Iterator[PostgresPlace]:
        """A database in which no ledger was ever opened."""
        name = self._make("template1")
        place = PostgresPlace(self.server.url(name))
        try:
            yield place
        finally:
            place.close()
            self.server.drop_database(name)

    def _make(self, template: str) -> str:
        name = f"ledger_{next(self.numbers)}"
        self.server.make_database(name, template)
        return name

    def _clear(self, url: str) -> bool:
        """Empty a ledger, unless somebody changed what its tables look like."""
        with connect(url) as connection:
            connection.execute(_HANG_UP)
            if _read_shape(connection) != self._shape:
                return False
            connection.execute(_CLEAR.encode())
        return True


def _read_shape(connection: psycopg.Connection[tuple[Any, ...]]) -> str:
    """Sum up the tables, indexes, triggers and functions, and the version of the ledger."""
    (shape,) = connection.execute(_SHAPE).fetchone() or ("",)
    return str(shape)
