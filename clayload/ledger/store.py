"""What is owed, by which run, in which chunks?

In:    the configuration's slots and tables, runs, and the lead keys of prepared chunks.
Out:   durable rows; each lead of a (table, cycle) is owed exactly once, whoever registers it.
Never: a state change outside `states.TRANSITIONS`; sending is `grants.py`, reading `books.py`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, Insert, Select, insert, select, update
from sqlalchemy import Table as SqlTable
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from clayload.delivery.grant import SlotState
from clayload.ledger import schema, statements
from clayload.ledger.engine import READING, guarded, open_engine
from clayload.ledger.states import SubmissionState
from clayload.model import ChunkRef
from clayload.tables.models import TablesConfig


@dataclass(frozen=True, slots=True)
class RunStart:
    """A run as it is first written: `preparation` is JSON with the counts of the frames."""

    run_id: str
    extract_id: str
    cycle: str
    preparation: str


class Ledger:
    """The ledger at one URL; safe to use from several threads and processes at once."""

    def __init__(self, engine: Engine, now: Callable[[], float] = time.time) -> None:
        self.engine = engine
        self.now = now

    @classmethod
    def open(cls, url: str, *, read_only: bool = False) -> Ledger:
        """Open the ledger at `url`, creating it if it is new; see `engine.open_engine`."""
        return cls(open_engine(url, read_only=read_only))

    def close(self) -> None:
        """Give back the connections."""
        self.engine.dispose()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One transaction; the database's failures come out as LedgerErrors."""
        with guarded(self.engine), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Read without holding up those who write."""
        with guarded(self.engine), self.engine.connect() as connection:
            yield connection.execution_options(**READING)

    def insert_new(self, table: SqlTable, *key: str) -> Insert:
        """Build an INSERT that leaves a row that is already there as it is."""
        on_sqlite = self.engine.dialect.name == "sqlite"
        statement = sqlite_insert(table) if on_sqlite else postgresql_insert(table)
        return statement.on_conflict_do_nothing(index_elements=list(key))

    def start_run(self, run: RunStart, config: TablesConfig) -> None:
        """Write the run, make the configured slots known, and give benched slots a new chance."""
        with self.transaction() as tx:
            self._introduce(tx, config)
            # A person started this run: what Clay refused earlier may have been mended since.
            tx.execute(
                update(schema.slots)
                .where(schema.slots.c.state == SlotState.BENCHED)
                .values(state=SlotState.ACTIVE, reason="")
            )
            tx.execute(statements.GIVE_UP_OVERDUE, {"now": self.now()})
            tx.execute(
                insert(schema.runs).values(
                    run_id=run.run_id,
                    extract_id=run.extract_id,
                    cycle=run.cycle,
                    preparation=run.preparation,
                    started_at=self.now(),
                )
            )

    def introduce(self, config: TablesConfig) -> None:
        """Make the configured workspace, tables and slots known, so that they can be charged."""
        with self.transaction() as tx:
            self._introduce(tx, config)

    def _introduce(self, tx: Connection, config: TablesConfig) -> None:
        workspace = {"tat": 0.0, "paused_until": 0.0, "n_rate_limited": 0}
        tx.execute(
            self.insert_new(schema.workspaces, "workspace"),
            {"workspace": config.workspace.name, **workspace},
        )
        for name, table in config.tables.items():
            tx.execute(
                self.insert_new(schema.clay_tables, "table_name"),
                {"table_name": name, "rows_used": 0},
            )
            for slot in table.slots:
                tx.execute(
                    self.insert_new(schema.slots, "slot"),
                    {
                        "slot": slot.name,
                        "table_name": name,
                        "used": 0,
                        "state": SlotState.ACTIVE,
                        "reason": "",
                    },
                )

    def register_chunk(self, chunk: ChunkRef, cycle: str, rows: Sequence[tuple[int, str]]) -> int:
        """Write down that the chunk's leads are owed, where they are not known already.

        Doing it again changes nothing.

        Args:
            chunk: the chunk, of a run that was started.
            cycle: what the extract is for.
            rows: (row_number, lead_key) of every lead of the chunk.

        Returns:
            How many of them are still owed (pending).
        """
        keys = {"table": chunk.table, "for_cycle": cycle}
        with self.transaction() as tx:
            tx.execute(
                self.insert_new(schema.submissions, "table_name", "cycle", "lead_key"),
                [self._owed(chunk.table, cycle, lead_key) for _, lead_key in rows],
            )
            tx.execute(
                self.insert_new(schema.chunks, "run_id", "chunk_id"),
                {"run_id": chunk.run_id, "chunk_id": chunk.chunk_id, "table_name": chunk.table},
            )
            chunk_no = tx.execute(_find_chunk(chunk.run_id, chunk.chunk_id)).scalar_one()
            tx.execute(
                self.insert_new(schema.chunk_leads, "chunk_no", "row_number").from_select(
                    statements.LINK_COLUMNS, statements.LEAD_TO_LINK
                ),
                [{"to_chunk_no": chunk_no, "row": row, "key": key, **keys} for row, key in rows],
            )
            return int(tx.execute(statements.COUNT_OWED, {"chunk_no": chunk_no}).scalar_one())

    def _owed(self, table: str, cycle: str, lead_key: str) -> dict[str, object]:
        return {
            "table_name": table,
            "cycle": cycle,
            "lead_key": lead_key,
            "state": SubmissionState.PENDING,
            "n_attempts": 0,
            "updated_at": self.now(),
        }

    def chunk_no(self, run_id: str, chunk_id: str) -> int:
        """Find the ledger's own number of a registered chunk."""
        with self.reading() as connection:
            return int(connection.execute(_find_chunk(run_id, chunk_id)).scalar_one())

    def give_up_overdue(self) -> int:
        """Put in doubt what was granted to a process that never told; return how many."""
        with self.transaction() as tx:
            return tx.execute(statements.GIVE_UP_OVERDUE, {"now": self.now()}).rowcount

    def finish_run(self, run_id: str, outcome: str, problems: str) -> None:
        """Write how the run ended; `problems` is JSON, what stopped on the way."""
        with self.transaction() as tx:
            tx.execute(
                update(schema.runs)
                .where(schema.runs.c.run_id == run_id)
                .values(finished_at=self.now(), outcome=outcome, problems=problems)
            )

    def halt_run(self, run_id: str, code: str) -> None:
        """Give the run no further grant; `code` says what stopped it. What is in flight goes on."""
        with self.transaction() as tx:
            tx.execute(
                update(schema.runs).where(schema.runs.c.run_id == run_id).values(halted_by=code)
            )


def _find_chunk(run_id: str, chunk_id: str) -> Select[int]:
    return select(schema.chunks.c.chunk_no).where(
        schema.chunks.c.run_id == run_id, schema.chunks.c.chunk_id == chunk_id
    )
