"""What would this load send, where, when, and what would it cost?

In:    a load request; the ledger, opened read-only if there is one; Clay's own word, if asked for.
Out:   the load plan; for a dry run also the bodies, in files to be looked at.
Never: a submission, a ledger row, or any other trace of a run.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from clayload.account.extract_summary import ExtractSummary
from clayload.capacity.load_plan import LoadPlan
from clayload.capacity.outlook import Owed, TableFacts, look_ahead, plan_funds, plan_tables
from clayload.capacity.timeline import PlannedChunk, SendRate
from clayload.clay.command import ClayCommand
from clayload.delivery.pace import Rate, grant_size
from clayload.folder import writing_to
from clayload.frames.chunk import read_bodies
from clayload.loading.intake.cycle import choose_cycle
from clayload.loading.intake.ledger_view import LedgerView
from clayload.loading.intake.read_extract import prepare_frames, put_in_turn
from clayload.loading.intake.request import LoadRequest
from clayload.loading.planning.clay_counts import UNASKED, ClayCounts, read_clay_counts
from clayload.loading.planning.dry_run import write_bodies
from clayload.loading.planning.keep_to_plan import apply_plan, cut_to_plan
from clayload.model import ChunkRef
from clayload.monitoring.budgets import read_budgets
from clayload.monitoring.samples import describe_first
from clayload.setup import Setup
from clayload.tables.costs import LEVEL_OF, cost_of_lead


def plan_load(
    request: LoadRequest,
    setup: Setup,
    bodies_folder: Path | None = None,
    *,
    asks_clay: bool = True,
) -> LoadPlan:
    """Plan a load; with `bodies_folder`, write what would be sent there, a file per table.

    Raises:
        StopExtractError: the extract cannot be read.
        ConfigError: an unknown table.
        PlanError: the request names a plan that the load would not keep to.
        RunError: a folder cannot be written.
    """
    request, ledger_view = apply_plan(request, setup), LedgerView.open(setup)
    with _temporary_folder() as folder:
        is_rehearsal = bodies_folder is not None
        frames = prepare_frames(request, setup, "plan", folder, to_be_sent=is_rehearsal)
        cycle = choose_cycle(request, frames.extract_id, ledger_view.ledger, setup.config.workspace)
        frames = cut_to_plan(request, frames, cycle, ledger_view, setup)
        keys_of = {
            chunk: ledger_view.owed_keys(chunk, setup.config.tables[chunk.table], cycle)
            for chunk in frames.chunks
        }
        if bodies_folder is not None:
            _write_all(bodies_folder, setup.config.tables, keys_of)
        extract = frames.describe(str(folder))
    found = _Found(request, frames.extract_id, extract, cycle, keys_of)
    return _plan(found, ledger_view, setup, asks_clay=asks_clay)


@dataclass(frozen=True, slots=True)
class _Found:
    """What the extract holds, and which leads of it are owed."""

    request: LoadRequest
    extract_id: str
    extract: ExtractSummary
    cycle: str
    keys_of: Mapping[ChunkRef, frozenset[str]]

    def list_chunks(self) -> list[PlannedChunk]:
        """List what goes of each chunk, in turn."""
        owed = [chunk for chunk, keys in self.keys_of.items() if keys]
        return [
            PlannedChunk(chunk.table, chunk.priority, len(self.keys_of[chunk]))
            for chunk in put_in_turn(owed)
        ]

    def count_accepted(self, table: str) -> int:
        """Count the leads that the table takes, sent before or not."""
        return sum(chunk.n_leads for chunk in self.keys_of if chunk.table == table)


def _plan(found: _Found, ledger_view: LedgerView, setup: Setup, *, asks_clay: bool) -> LoadPlan:
    pieces = found.list_chunks()
    clay_counts = _ask_clay(setup, pieces) if asks_clay else UNASKED
    owed, notes = _draft(found, pieces, ledger_view, setup, clay_counts)
    budgets = [use.fund for use in read_budgets(replace(setup, read_only=True))]
    balances = clay_counts.funds
    counted = LEVEL_OF[setup.config.budgets.workspace.count]
    outlook = look_ahead(owed, budgets, balances, counted)
    send_rate, starts_at = _send_rate_of(setup), _now(setup)
    tables = plan_tables(outlook, send_rate, starts_at)
    ends_at = max((one.last_at for one in tables.values() if one.last_at), default=starts_at)
    load = (found.extract_id, found.cycle)
    firsts = describe_first(outlook.n_going, load, ledger_view.ledger, setup)
    return LoadPlan(
        cycle=found.cycle,
        extract_id=found.extract_id,
        extract=found.extract,
        table=found.request.table,
        limit=found.request.limit,
        tables=tables,
        rate_per_s=send_rate.rate.per_s,
        sending_time_s=(ends_at - starts_at) / timedelta(seconds=1),
        time_zone=setup.config.workspace.time_zone,
        starts_at=starts_at,
        ends_at=ends_at,
        funds=tuple(plan_funds(outlook, budgets, balances)),
        notes=(*firsts, *notes, *(clay_counts.describe_unknown() if asks_clay else ())),
    )


def _draft(
    found: _Found,
    pieces: Sequence[PlannedChunk],
    ledger_view: LedgerView,
    setup: Setup,
    clay_counts: ClayCounts,
) -> tuple[Owed, list[str]]:
    tables_facts, notes = {}, []
    for name, table in setup.config.tables.items():
        snapshot, said = clay_counts.apply(name, ledger_view.read_table(name, table))
        cost = cost_of_lead(table, setup.config.workspace, setup.catalogue)
        tables_facts[name] = TableFacts(snapshot, cost, found.count_accepted(name))
        notes += said
    return Owed(tables_facts, pieces), notes


def _ask_clay(setup: Setup, pieces: Sequence[PlannedChunk]) -> ClayCounts:
    """Ask only for tables that are to get something."""
    names = {piece.table for piece in pieces}
    tables = {name: table for name, table in setup.config.tables.items() if name in names}
    return read_clay_counts(ClayCommand(setup.environ_of_others), tables)


def _send_rate_of(setup: Setup) -> SendRate:
    workspace = setup.config.workspace
    return SendRate(
        rate=Rate(workspace.rate_per_s, workspace.burst),
        weights=workspace.priority_weights.by_priority(),
        n_at_once=setup.settings.chunks_at_once,
        grant_size=grant_size(workspace.rate_per_s),
    )


def _now(setup: Setup) -> datetime:
    return datetime.now(UTC).astimezone(ZoneInfo(setup.config.workspace.time_zone))


@contextmanager
def _temporary_folder() -> Iterator[Path]:
    hint = "free some space, or point TMPDIR to a folder that can be written"
    with writing_to(Path(tempfile.gettempdir()), hint=hint):
        folder = tempfile.TemporaryDirectory(prefix="clayload-plan-")
    with folder as path:
        yield Path(path)


def _write_all(
    folder: Path, tables: Mapping[str, object], keys_of: Mapping[ChunkRef, frozenset[str]]
) -> None:
    """Write a file per table, and leave none of an earlier dry run beside them."""
    with writing_to(folder):
        for old in folder.glob("*.ndjson"):
            old.unlink()
        for name in tables:
            of_table = {chunk: keys for chunk, keys in keys_of.items() if chunk.table == name}
            write_bodies(folder / f"{name}.ndjson", _list_bodies(of_table))


def _list_bodies(keys_of: Mapping[ChunkRef, frozenset[str]]) -> Iterator[bytes]:
    """Give what would be put on the wire, in order."""
    for chunk, keys in keys_of.items():
        for lead_key, body in read_bodies(chunk).items():
            if lead_key in keys:
                yield body
