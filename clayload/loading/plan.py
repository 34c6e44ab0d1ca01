"""What would this load send, where, and how long would it take?

In:    a load request; the ledger, opened read-only if there is one.
Out:   the load plan; for a dry run also the bodies, in files to be looked at.
Never: a submission, a ledger row, or any other trace of a run.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict

from clayload.capacity.plan import plan_table, sending_time_s
from clayload.delivery.grant import TableSnapshot
from clayload.delivery.pace import Rate
from clayload.destinations.jsonl_file import write_bodies
from clayload.folder import writing_to
from clayload.ledger.books import Books
from clayload.ledger.engine import is_new
from clayload.ledger.left import find_left
from clayload.ledger.snapshot import unbenched, unused_table
from clayload.ledger.store import Ledger
from clayload.loading.cycle import choose_cycle
from clayload.loading.deliver import read_bodies
from clayload.loading.reading import prepare_frames, read_leads
from clayload.loading.request import LoadRequest
from clayload.loading.setup import Setup
from clayload.loading.spending import count_over_budget
from clayload.model import ChunkRef
from clayload.report.account import Reading
from clayload.tables.models import Table


class _Plan(BaseModel):
    model_config = ConfigDict(frozen=True)


class TableLoadPlan(_Plan):
    """One table's part of a load: `by_slot` says which slots take how many of `n_to_send`.

    `n_over_budget` of those that find room would be deferred, as budgets stand now.
    """

    n_accepted: int
    n_already_settled: int
    n_to_send: int
    n_chunks: int
    by_slot: dict[str, int]
    left_in_slots: dict[str, int]
    n_unplaced: int
    n_over_budget: int = 0


class LoadPlan(_Plan):
    """What a load would do; `sending_time_s` at the workspace's rate, from silence."""

    cycle: str
    extract_id: str
    reading: Reading
    tables: dict[str, TableLoadPlan]
    rate_per_s: float
    sending_time_s: float

    @property
    def n_to_send(self) -> int:
        """Leads the load would send, over all tables, room or no room."""
        return sum(table.n_to_send for table in self.tables.values())

    @property
    def is_fitting(self) -> bool:
        """Whether every lead finds room in its table and slots."""
        return all(table.n_unplaced == 0 for table in self.tables.values())

    @property
    def n_over_budget(self) -> int:
        """Leads that find room, and no budget."""
        return sum(table.n_over_budget for table in self.tables.values())

    def to_json(self) -> str:
        """Give the plan for machines, without the folder it was made in, which is gone by now."""
        plan = self.model_dump(mode="json", exclude={"reading": {"folder"}})
        return json.dumps(plan | {"n_to_send": self.n_to_send, "is_fitting": self.is_fitting})


@dataclass(frozen=True, slots=True)
class _History:
    """What the ledger knows, or that there is none yet."""

    books: Books | None

    @classmethod
    def open(cls, setup: Setup) -> Self:
        """Open the ledger, read-only."""
        url = setup.settings.ledger_url
        if is_new(url):
            return cls(None)
        ledger = Ledger.open(url, read_only=True)
        return cls(Books(ledger, find_left(ledger, setup.departures_folder)))

    @property
    def ledger(self) -> Ledger | None:
        """The ledger, if there is one."""
        return None if self.books is None else self.books.ledger

    def owed_keys(self, chunk: ChunkRef, table: Table, cycle: str) -> frozenset[str]:
        """Name the leads of a chunk that a load would send."""
        leads = read_leads(chunk, table)
        if self.books is None:
            return frozenset(lead.lead_key for lead in leads)
        return self.books.owed_keys(chunk.table, table, cycle, leads)

    def read_table(self, name: str, table: Table) -> TableSnapshot:
        """Tell how a table and its slots stand."""
        if self.books is None:
            return unused_table(table)
        # As a load begins, it gives benched slots a new chance.
        return unbenched(self.books.read_table(name, table))


def plan_load(request: LoadRequest, setup: Setup, bodies_folder: Path | None = None) -> LoadPlan:
    """Plan a load; with `bodies_folder`, write what would be sent there, a file per table.

    Raises:
        StopExtractError: the extract cannot be read.
        ConfigError: an unknown table.
        RunError: a folder cannot be written.
    """
    history = _History.open(setup)
    with _temporary_folder() as folder:
        prepared = prepare_frames(request, setup, "plan", folder)
        cycle = choose_cycle(request, prepared.extract_id, history.ledger, setup.config.workspace)
        owed_of = {
            name: _Owed(
                {
                    chunk: history.owed_keys(chunk, table, cycle)
                    for chunk in prepared.chunks
                    if chunk.table == name
                }
            )
            for name, table in setup.config.tables.items()
        }
        tables = _within_budgets(
            {
                name: _plan_table(owed, history.read_table(name, setup.config.tables[name]))
                for name, owed in owed_of.items()
            },
            setup,
            history.ledger,
        )
        if bodies_folder is not None:
            _write_all(bodies_folder, owed_of)
        rate = Rate(setup.config.workspace.rate_per_s, setup.config.workspace.burst)
        return LoadPlan(
            cycle=cycle,
            extract_id=prepared.extract_id,
            reading=prepared.reading,
            tables=tables,
            rate_per_s=rate.per_s,
            sending_time_s=sending_time_s(rate, sum(plan.n_to_send for plan in tables.values())),
        )


def _within_budgets(
    tables: dict[str, TableLoadPlan], setup: Setup, ledger: Ledger | None
) -> dict[str, TableLoadPlan]:
    n_placed = {name: plan.n_to_send - plan.n_unplaced for name, plan in tables.items()}
    over = count_over_budget(setup, ledger, n_placed)
    return {
        name: plan.model_copy(update={"n_over_budget": over[name]}) for name, plan in tables.items()
    }


@contextmanager
def _temporary_folder() -> Iterator[Path]:
    hint = "free some space, or point TMPDIR to a folder that can be written"
    with writing_to(Path(tempfile.gettempdir()), hint=hint):
        folder = tempfile.TemporaryDirectory(prefix="clayload-plan-")
    with folder as path:
        yield Path(path)


@dataclass(frozen=True, slots=True)
class _Owed:
    """The chunks of one table, and which of their leads would be sent."""

    keys_of: Mapping[ChunkRef, frozenset[str]]

    def bodies(self) -> Iterator[bytes]:
        """Give what would be put on the wire, in order."""
        for chunk, keys in self.keys_of.items():
            for lead_key, body in read_bodies(chunk).items():
                if lead_key in keys:
                    yield body


def _write_all(folder: Path, owed_of: Mapping[str, _Owed]) -> None:
    """Write a file per table, and leave none of an earlier dry run beside them."""
    with writing_to(folder):
        for old in folder.glob("*.ndjson"):
            old.unlink()
        for name, owed in owed_of.items():
            write_bodies(folder / f"{name}.ndjson", owed.bodies())


def _plan_table(owed: _Owed, snapshot: TableSnapshot) -> TableLoadPlan:
    n_owed_of = [len(keys) for keys in owed.keys_of.values()]
    n_accepted = sum(chunk.n_leads for chunk in owed.keys_of)
    plan = plan_table(snapshot, sum(n_owed_of))
    return TableLoadPlan(
        n_accepted=n_accepted,
        n_already_settled=n_accepted - sum(n_owed_of),
        n_to_send=plan.n_to_send,
        n_chunks=sum(n_owed > 0 for n_owed in n_owed_of),
        by_slot=dict(plan.by_slot),
        left_in_slots={slot.name: slot.n_left for slot in snapshot.slots},
        n_unplaced=plan.n_unplaced,
    )
