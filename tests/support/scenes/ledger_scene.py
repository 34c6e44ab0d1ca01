"""How is a small real ledger set up for a test, and what does it hold?

In:    a place for the ledger, limits, lead keys, and a clock that a test turns by hand.
Out:   ledgers at one place, chunks to grant from, and the rows as they stand.
Never: a read through the code under test: rows are read with plain SQL.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clayload.delivery.grant import Grant, GrantedLead, Verdicts
from clayload.delivery.verdict import Verdict
from clayload.ledger.database.engine import open_engine
from clayload.ledger.granting.grants import ChunkGrants, GrantTerms
from clayload.ledger.granting.register import Owing, register_chunk
from clayload.ledger.granting.reopen import Replayable, start_replay
from clayload.ledger.rules.owing import Lead
from clayload.ledger.store import Ledger, RunStart
from clayload.model import ChunkRef, RunKind
from clayload.tables.catalogue import BUILT_IN, read_catalogue
from clayload.tables.costs import costs_of
from clayload.tables.tables_file import TablesConfig
from support.scenes.ledger_places import Place

CYCLE = "2026-11"
TABLE = "outbound-leads-tech"
TIMEOUT_S = 30.0
NOVEMBER = 1_793_500_000.0
CHARGED = ("delivered", "in_doubt", "sending")


def make_config(
    *slots: dict[str, Any],
    table: str = TABLE,
    workspace: dict[str, Any] | None = None,
    **more: object,
) -> TablesConfig:
    """One table with these slots (one of Clay's usual size unless given)."""
    named = slots or ({"name": "tech-1"},)
    return TablesConfig.model_validate(
        {
            "workspace": {"name": "main", "plan": "enterprise", **(workspace or {})},
            "tables": {
                table: {
                    "filter": "email IS NOT NULL",
                    "volume_per_month": 1,
                    "fields": ["email"],
                    "slots": [{"url": f"env:URL_{i}", **slot} for i, slot in enumerate(named)],
                    **more,
                }
            },
        }
    )


@dataclass
class HandClock:
    """Epoch seconds that move only when told."""

    at: float = NOVEMBER

    def __call__(self) -> float:
        return self.at


@dataclass
class LedgerScene:
    """One ledger, its configuration and its clocks: `steady` is the one that nobody steps."""

    place: Place
    config: TablesConfig = field(default_factory=make_config)
    clock: HandClock = field(default_factory=HandClock)
    steady: HandClock | None = None
    opened: list[Ledger] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.place.url

    def open(self) -> Ledger:
        ledger = Ledger(open_engine(self.url), now=self.clock, steady=self.steady)
        self.opened.append(ledger)
        return ledger

    def close(self) -> None:
        for ledger in self.opened:
            ledger.close()
        self.place.close()

    def start_run(self, ledger: Ledger, run_id: str) -> None:
        ledger.start_run(RunStart(run_id, "extract-1", CYCLE, "{}"), self.config)

    def replay(self, ledger: Ledger, chunk: ChunkRef, leads: Sequence[Replayable]) -> int:
        """Begin a run that owes these leads again; gives how many are owed in it."""
        run = RunStart(chunk.run_id, "extract-1", CYCLE, "{}", RunKind.REPLAY)
        return start_replay(ledger, run, self.config, {chunk: leads})

    def register(
        self,
        ledger: Ledger,
        run_id: str,
        chunk_id: str,
        keys: Sequence[str],
        content: str | None = None,
    ) -> int:
        """Owe these leads, all with the same content, if the table looks at it."""
        leads = [Lead(row_number, key, content) for row_number, key in enumerate(keys)]
        table = next(iter(self.config.tables.values()))
        return register_chunk(ledger, self.chunk(run_id, chunk_id), Owing(CYCLE, table), leads)

    def chunk(self, run_id: str, chunk_id: str) -> ChunkRef:
        table = next(iter(self.config.tables))
        return ChunkRef(run_id, chunk_id, table, 0, Path(chunk_id))

    def grants(self, ledger: Ledger, run_id: str, chunk_id: str) -> ChunkGrants:
        chunk = self.chunk(run_id, chunk_id)
        costs = costs_of(self.config, read_catalogue(BUILT_IN))
        return ChunkGrants(ledger, chunk, GrantTerms(self.config, TIMEOUT_S, costs=costs))

    def load(self, keys: Sequence[str]) -> ChunkGrants:
        """A fresh ledger, run and chunk, ready to grant."""
        ledger = self.open()
        self.start_run(ledger, "run-1")
        self.register(ledger, "run-1", "chunk-1", keys)
        return self.grants(ledger, "run-1", "chunk-1")

    def query(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        return self.place.query(sql, *values)

    @property
    def states(self) -> dict[str, str]:
        return dict(self.query("SELECT lead_key, state FROM submissions ORDER BY lead_key"))

    @property
    def used(self) -> dict[str, int]:
        return dict(self.query("SELECT slot, used FROM slots WHERE used > 0 ORDER BY slot"))

    @property
    def rows_used(self) -> int:
        return int(self.query("SELECT SUM(rows_used) FROM clay_tables")[0][0])

    @property
    def spent(self) -> dict[str, tuple[int, int]]:
        """Thousandths of credits and Actions by day."""
        found = self.query("SELECT day, credits_milli, actions_milli FROM spending ORDER BY day")
        return {day: (credits_milli, actions_milli) for day, credits_milli, actions_milli in found}

    @property
    def charged(self) -> Counter[str]:
        """Submissions that count against each slot, from their own rows."""
        found = self.query("SELECT slot, state FROM submissions")
        return Counter(slot for slot, state in found if state in CHARGED)


def take_grant(grants: ChunkGrants, n: int, verdicts: Verdicts = ()) -> Grant:
    """Ask, and insist on a grant."""
    answer = grants.grant(n, verdicts)
    assert isinstance(answer, Grant), answer
    return answer


def each(leads: Sequence[GrantedLead], verdict: Verdict) -> Verdicts:
    """The same verdict for all."""
    return [(lead, verdict) for lead in leads]
