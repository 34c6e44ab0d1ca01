"""What does the ledger know of runs, workspaces, tables and slots?

In:    the configuration, runs as they start and end, what a person says of a slot or workspace.
Out:   durable rows, and the transactions and the clock that the rest of the room uses.
Never: a lead; registering is `register.py`, sending `grants.py`, reading `books.py`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, Insert, Select, insert, select, update
from sqlalchemy import Table as SqlTable
from sqlalchemy.dialects import sqlite

from clayload.delivery.grant import SlotState
from clayload.ledger.database import schema
from clayload.ledger.database.engine import guarded, open_engine
from clayload.ledger.database.retry import retry_on_conflict
from clayload.ledger.database.server import SERVER_CLOCK, connect
from clayload.ledger.database.sqlite import READ_ONLY
from clayload.ledger.rules import statements, unanswered
from clayload.ledger.terms import set_terms
from clayload.model import Outcome, Priority, RunKind
from clayload.tables.tables_file import TablesConfig

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql


@dataclass(frozen=True, slots=True)
class RunStart:
    """A run as it is first written: `extract_summary` is JSON with the counts of the frames.

    All kinds but a load belong to a `parent_run_id`.
    `priority`: what its leads have in place of their tables'.
    """

    run_id: str
    extract_id: str
    cycle: str
    extract_summary: str
    kind: RunKind = RunKind.LOAD
    parent_run_id: str | None = None
    priority: Priority | None = None


class Ledger:
    """The ledger at one URL; safe to use from several threads and processes at once."""

    def __init__(
        self,
        engine: Engine,
        now: Callable[[], float] | None = None,
        steady: Callable[[], float] | None = None,
    ) -> None:
        self.engine = engine
        self._is_sqlite = engine.dialect.name == "sqlite"
        # Waiting for each other inside a process, threads need not ask SQLite again and again.
        self._turn = threading.Lock() if self._is_sqlite else nullcontext()
        if now is None and self._is_sqlite:
            # On one machine, all processes see the same of both.
            now, steady = time.time, time.monotonic
        self._own_clock, self._steady_clock = now, steady

        # Built once: they go into every grant.
        self.add_traffic = self.add_up(
            schema.traffic, ("slot", "bucket_at"), schema.TRAFFIC_COUNTS, "rate_per_s"
        )
        self.add_spending = self.add_up(
            schema.spending, ("day", "table_name"), schema.SPENDING_FIGURES, "workspace"
        )

    @classmethod
    def open(cls, url: str, *, read_only: bool = False) -> Ledger:
        """Open the ledger at `url`, creating it if it is new; see `engine.open_engine`."""
        return cls(open_engine(url, read_only=read_only))

    def read_clock(self, connection: Connection) -> float:
        """Read the ledger's clock in epoch seconds: on a server the server's, one for all hosts."""
        if self._own_clock is not None:
            return self._own_clock()
        return float(connection.execute(SERVER_CLOCK).scalar_one())

    def read_steady_clock(self) -> float | None:
        """Read the clock that tells when the ledger's was stepped; a server's cannot be told."""
        return None if self._steady_clock is None else self._steady_clock()

    def now(self) -> float:
        """Read the ledger's clock on its own."""
        with self.read_only() as connection:
            return self.read_clock(connection)

    def close(self) -> None:
        """Give back the connections."""
        self.engine.dispose()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One transaction; the database's failures come out as LedgerErrors."""
        with (
            self._turn,
            guarded(self.engine),
            connect(self.engine) as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def read_only(self) -> Iterator[Connection]:
        """Read without holding up those who write."""
        with guarded(self.engine), connect(self.engine) as connection:
            yield connection.execution_options(**READ_ONLY)

    def insert_new(self, table: SqlTable, *key: str) -> Insert:
        """Build an INSERT that leaves a row that is already there as it is."""
        return self._insert(table).on_conflict_do_nothing(index_elements=list(key))

    def add_up(
        self, table: SqlTable, key: Sequence[str], figures: Sequence[str], *others: str
    ) -> Insert:
        """Build an INSERT that adds to the figures of a row that is there, and renews `others`."""
        statement = self._insert(table)
        sums = {name: table.c[name] + statement.excluded[name] for name in figures}
        sums |= {name: statement.excluded[name] for name in others}
        return statement.on_conflict_do_update(index_elements=list(key), set_=sums)

    def _insert(self, table: SqlTable) -> sqlite.Insert | postgresql.Insert:
        if self._is_sqlite:
            return sqlite.insert(table)
        # Imported here: it takes a tenth of a short command's time, and few ledgers need it.
        from sqlalchemy.dialects import postgresql  # noqa: PLC0415

        return postgresql.insert(table)

    def lock_workspaces(self, tx: Connection) -> None:
        """Wait for every workspace's turn: before rows of many chunks or slots are written.

        Grants lock their workspace first, so nobody waits for each other's rows in a circle.
        """
        tx.execute(statements.LOCK_ALL_WORKSPACES).all()

    @retry_on_conflict
    def start_run(self, run: RunStart, config: TablesConfig) -> None:
        """Write the run, make the configured slots known, and give suspended slots a new chance.

        From here on every process paces by this configuration's rate, and spends by its budgets.
        """
        with self.transaction() as tx:
            self.lock_workspaces(tx)
            self.write_run(tx, run, config)

    def write_run(self, tx: Connection, run: RunStart, config: TablesConfig) -> None:
        """Start a run within a transaction that has the workspaces' turn."""
        now = self.read_clock(tx)
        self._introduce(tx, config)
        set_terms(tx, config, now)
        # A person started this run: what Clay refused earlier may have been fixed since.
        tx.execute(
            update(schema.slots)
            .where(schema.slots.c.state == SlotState.SUSPENDED)
            .values(state=SlotState.ACTIVE, reason="")
        )
        tx.execute(unanswered.GIVE_UP_OVERDUE, {"now": now})
        tx.execute(insert(schema.runs).values(**asdict(run), started_at=now))

    @retry_on_conflict
    def introduce(self, config: TablesConfig) -> None:
        """Make the configured workspace, tables and slots known, so that they can be charged."""
        with self.transaction() as tx:
            self._introduce(tx, config)

    @retry_on_conflict
    def follow(self, config: TablesConfig) -> None:
        """Take up a configuration that changed while loads run: rate, budgets and slots."""
        with self.transaction() as tx:
            self.lock_workspaces(tx)
            self._introduce(tx, config)
            set_terms(tx, config, self.read_clock(tx))

    def _introduce(self, tx: Connection, config: TablesConfig) -> None:
        workspace = {"tat": 0.0, "throttled_until": 0.0, "n_rate_limited": 0}
        rate = {"rate_per_s": config.workspace.rate_per_s, "burst": config.workspace.burst}
        tx.execute(
            self.insert_new(schema.workspaces, "workspace"),
            {"workspace": config.workspace.name, **workspace, **rate},
        )
        for name, table in config.tables.items():
            tx.execute(
                self.insert_new(schema.clay_tables, "table_name"),
                {"table_name": name, "rows_used": 0},
            )
            for slot in table.slots:
                unused = {"used": 0, "state": SlotState.ACTIVE, "reason": ""}
                tx.execute(
                    self.insert_new(schema.slots, "slot"),
                    {"slot": slot.name, "table_name": name, **unused},
                )

    def chunk_no(self, run_id: str, chunk_id: str) -> int:
        """Find the ledger's own number of a registered chunk."""
        with self.read_only() as connection:
            return int(connection.execute(find_chunk(run_id, chunk_id)).scalar_one())

    @retry_on_conflict
    def give_up_overdue(self) -> int:
        """Put in doubt what was granted to a process that never told; return how many."""
        with self.transaction() as tx:
            self.lock_workspaces(tx)
            return tx.execute(unanswered.GIVE_UP_OVERDUE, {"now": self.read_clock(tx)}).rowcount

    def finish_run(self, run_id: str, outcome: Outcome, problems: str) -> None:
        """Write how the run ended; `problems` is JSON, what stopped on the way."""
        with self.transaction() as tx:
            ended = {"finished_at": self.read_clock(tx), "outcome": outcome, "problems": problems}
            tx.execute(update(schema.runs).where(schema.runs.c.run_id == run_id).values(ended))

    def halt_run(self, run_id: str, code: str) -> None:
        """Give the run no further grant; `code` says what stopped it. What is in flight goes on."""
        with self.transaction() as tx:
            tx.execute(
                update(schema.runs).where(schema.runs.c.run_id == run_id).values(halted_by=code)
            )

    def pause(self, workspace: str, because: str) -> None:
        """Give nobody a further grant of this workspace until it is released."""
        with self.transaction() as tx:
            held = {"name": workspace, "at": self.read_clock(tx), "why": because}
            tx.execute(statements.SET_PAUSE, held)

    def unpause(self, workspace: str) -> None:
        """Let grants of this workspace go on."""
        with self.transaction() as tx:
            tx.execute(statements.SET_PAUSE, {"name": workspace, "at": None, "why": None})

    def mark_slot(self, slot: str, state: SlotState, reason: str) -> None:
        """Write down what a person says of a slot."""
        with self.transaction() as tx:
            self.lock_workspaces(tx)
            tx.execute(statements.MARK_SLOT, {"name": slot, "to": state, "why": reason})


def find_chunk(run_id: str, chunk_id: str) -> Select[int]:
    """Build the question for the ledger's own number of a chunk."""
    return select(schema.chunks.c.chunk_no).where(
        schema.chunks.c.run_id == run_id, schema.chunks.c.chunk_id == chunk_id
    )
