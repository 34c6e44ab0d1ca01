"""Where does a scenario happen: on which ledger, in which folder?

In:    the kind of ledger, a folder, and for Postgres a running server.
Out:   `Place`: workbenches, each with a new ledger, and stand-ins of their own.
Never: two workbenches on one stand-in: each resets it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from support.scenes.load_kit import Workbench
from support.scenes.load_tables import BenchOptions
from support.servers.postgres_server import PostgresServer, start_postgres
from support.servers.standin_process import StandIn

SQLITE, POSTGRES = "SQLite", "Postgres"


@dataclass(slots=True)
class Place:
    """A folder with workbenches in it, all on one kind of ledger.

    `tell` takes a line of progress; `is_small` asks for the short version of a scenario, which
    judges nothing that a machine with other work would make longer.
    """

    folder: Path
    server: PostgresServer | None = None
    on_message: Callable[[str], None] = print
    is_small: bool = False
    _n_made: int = field(default=0, init=False)

    @property
    def ledger(self) -> str:
        """The kind of ledger, as the table names it."""
        return SQLITE if self.server is None else POSTGRES

    def make_bench(self, standin: StandIn, options: BenchOptions) -> Workbench:
        """Set the stand-in up anew, and an empty folder and ledger beside it."""
        self._n_made += 1
        folder = self.folder / f"bench-{self._n_made}"
        folder.mkdir(parents=True)
        # What the table says of times holds for a command as people start it.
        ledger_url, is_warm = self._make_ledger(), self.is_small
        return Workbench(standin, folder, options, ledger_url=ledger_url, is_warm=is_warm)

    def _make_ledger(self) -> str:
        if self.server is None:
            return ""
        database = f"{self.folder.name}_{self._n_made}".replace("-", "_").lower()
        self.server.make_database(database)
        return self.server.url(database)


@contextmanager
def open_place(ledger: str, folder: Path) -> Iterator[Place]:
    """Give a place on a kind of ledger; for Postgres on a server of its own."""
    if ledger == SQLITE:
        yield Place(folder)
        return
    server_folder = folder / "server"
    server_folder.mkdir()
    with start_postgres(server_folder) as server:
        yield Place(folder, server)
