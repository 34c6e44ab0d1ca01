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


@dataclass
class PostgresPlace:
    """A database of a server; asked over one connection, made when it is first needed."""

    url: str
    _connection: psycopg.Connection[tuple[Any, ...]] | None = None

    def query(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        if self._connection is None:
            plain = make_url(self.url).set(drivername="postgresql")
            dsn = plain.render_as_string(hide_password=False)
            self._connection = psycopg.connect(dsn, autocommit=True)
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


@dataclass
class PostgresPlaces:
    """Gives new databases of one server."""

    server: PostgresServer
    numbers: Iterator[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        Ledger.open(self.server.make_database("pristine")).close()

    @contextmanager
    def new(self) -> Iterator[PostgresPlace]:
        """A database with a new ledger: a copy of the first, for that is faster."""
        with self._like("pristine") as place:
            yield place

    @contextmanager
    def empty(self) -> Iterator[PostgresPlace]:
        """A database in which no ledger was ever opened."""
        with self._like("template1") as place:
            yield place

    @contextmanager
    def _like(self, template: str) -> Iterator[PostgresPlace]:
        name = f"ledger_{next(self.numbers)}"
        place = PostgresPlace(self.server.make_database(name, template))
        try:
            yield place
        finally:
            place.close()
            self.server.drop_database(name)
