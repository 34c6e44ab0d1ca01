"""What would a replay send again, and how is it done?

In:    a run, and which of its settled leads a person wants sent again.
Out:   the plan, made read-only; then a run of its own, with its own folder, books and report.
Never: a lead sent that the plan did not name, or that has moved since the plan was made.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from pydantic import BaseModel, ConfigDict

from clayload.capacity.plan import plan_table, sending_time_s
from clayload.delivery.pace import Rate
from clayload.folder import writing_to
from clayload.frames.chunk import choose_chunk_size
from clayload.ledger.books import Books
from clayload.ledger.left import find_left
from clayload.ledger.recovery import recover
from clayload.ledger.reopen import Replayable, find_replayable, start_replay
from clayload.ledger.runs import RunRow, find_run
from clayload.ledger.snapshot import unbenched
from clayload.ledger.states import SubmissionState
from clayload.ledger.store import RunStart
from clayload.loading.prepare import PreparedLoad, put_in_turn
from clayload.loading.run_folder import RunFolder, find_run_folder, folder_gone, new_run_folder
from clayload.loading.setup import Setup
from clayload.loading.suppression import are_listed
from clayload.model import ChunkRef
from clayload.report.reading import Reading
from clayload.tables.problems import check_name

REPLAY = "replay"


@dataclass(frozen=True, slots=True)
class ReplayRequest:
    """Which leads of which run: in these states, of one table or of all."""

    run_id: str
    states: frozenset[SubmissionState]
    table: str | None = None


class ReplayCount(BaseModel):
    """How many leads of a table stand alike: in one state, for one reason."""

    model_config = ConfigDict(frozen=True)

    table: str
    state: SubmissionState
    reason: str
    n_leads: int


@dataclass(frozen=True, slots=True)
class ReplayPlan:
    """What a replay would send: `by_slot` submissions by table and slot, `n_unplaced` nowhere.

    `kind` is what the run that sends it is called. `n_suppressed` more are on a suppression list by
    now, and left out.
    """

    parent: RunRow
    leads: tuple[Replayable, ...]
    by_slot: Mapping[str, Mapping[str, int]]
    n_unplaced: int
    rate_per_s: float
    sending_time_s: float
    kind: str = REPLAY
    n_suppressed: int = 0

    @property
    def counts(self) -> list[ReplayCount]:
        """Count the leads by table, state and reason, the most first."""
        counted = Counter((lead.table, lead.state, lead.reason) for lead in self.leads)
        return [
            ReplayCount(table=table, state=state, reason=reason, n_leads=n)
            for (table, state, reason), n in counted.most_common()
        ]

    @property
    def n_in_doubt(self) -> int:
        """Leads that Clay may have already."""
        return sum(map(_may_be_there, self.leads))

    def to_json(self) -> str:
        """Give the plan for machines."""
        return json.dumps(
            {
                "run_id": self.parent.run_id,
                "cycle": self.parent.cycle,
                "n_to_send": len(self.leads),
                "counts": [count.model_dump(mode="json") for count in self.counts],
                "by_slot": self.by_slot,
                "n_unplaced": self.n_unplaced,
                "n_suppressed": self.n_suppressed,
                "rate_per_s": self.rate_per_s,
                "sending_time_s": self.sending_time_s,
            }
        )


def _may_be_there(lead: Replayable) -> bool:
    if lead.state is SubmissionState.PENDING:
        return lead.was_in_doubt
    return lead.state is SubmissionState.IN_DOUBT


def plan_replay(request: ReplayRequest, setup: Setup) -> ReplayPlan:
    """Plan a replay; reads only.

    Raises:
        RunError: there is no such run, or RUN_FOLDER_GONE: its leads cannot be read any more.
        ConfigError: an unknown table, or a suppression list that cannot be used.
    """
    parent = find_run(setup.ledger, request.run_id)
    if request.table is not None:
        check_name(request.table, setup.config.tables)
    left = find_left(setup.ledger, setup.departures_folder)
    found = find_replayable(setup.ledger, parent.run_id, request.states, left)
    leads = tuple(lead for lead in found if request.table in (None, lead.table))
    plan = plan_leads(parent, leads, setup)
    if plan.leads:
        _find_parent_folder(plan, setup)
    return plan


def plan_leads(
    parent: RunRow, found: tuple[Replayable, ...], setup: Setup, kind: str = REPLAY
) -> ReplayPlan:
    """Plan how leads of a run are sent, but for those on a suppression list; reads only.

    Raises:
        ConfigError: a table of theirs is not configured any more, or a suppression list cannot be
            used.
    """
    books, tables = Books(setup.ledger), setup.config.tables
    listed = are_listed([(lead.table, lead.lead_key) for lead in found], setup)
    leads = tuple(lead for lead, is_listed in zip(found, listed, strict=True) if not is_listed)
    n_of = Counter(lead.table for lead in leads)
    for name in n_of:
        check_name(name, tables)
    # As the replay begins, it gives benched slots a new chance.
    plans = {
        name: plan_table(unbenched(books.read_table(name, tables[name])), n)
        for name, n in n_of.items()
    }
    rate = Rate(setup.config.workspace.rate_per_s, setup.config.workspace.burst)
    return ReplayPlan(
        parent=parent,
        leads=leads,
        by_slot={name: dict(plan.by_slot) for name, plan in plans.items()},
        n_unplaced=sum(plan.n_unplaced for plan in plans.values()),
        rate_per_s=rate.per_s,
        sending_time_s=sending_time_s(rate, len(leads)),
        kind=kind,
        n_suppressed=sum(listed),
    )


def settle_ended(setup: Setup) -> None:
    """Settle what ended processes left behind, so that a plan sees all of it."""
    recover(setup.ledger, setup.departures_folder)
    setup.ledger.give_up_overdue()


def prepare_replay(plan: ReplayPlan, setup: Setup) -> PreparedLoad:
    """Write the plan's leads to chunks of a new run, and owe them again.

    Raises:
        ConfigError: a secret is missing; nothing has changed.
        RunError: RUN_FOLDER_GONE, RESUMED_ALREADY, or the new folder cannot be written; nothing has
            changed.
        LedgerError: the ledger cannot be written.
    """
    for name in plan.by_slot:
        setup.secrets(name)
    parent_folder = _find_parent_folder(plan, setup)
    parent = plan.parent
    with new_run_folder(setup) as made:
        chunks = dict(_write_chunks(plan, parent_folder, made, setup))
        made.keep(chunk.path for chunk in chunks)
        reading = _describe(plan, made)
        run = RunStart(
            made.run_id,
            parent.extract_id,
            parent.cycle,
            reading.model_dump_json(),
            plan.kind,
            parent.run_id,
            parent.own_priority,
        )
        n_owed = start_replay(setup.ledger, run, setup.config, chunks)
    return PreparedLoad(
        run_id=made.run_id,
        cycle=parent.cycle,
        reading=reading,
        chunks=tuple(put_in_turn(chunks)),
        n_owed=n_owed,
        n_accepted=len(plan.leads),
    )


def _find_parent_folder(plan: ReplayPlan, setup: Setup) -> Path:
    """Find the folder of the run whose leads are sent, with the chunk files they lie in.

    Raises:
        RunError: RUN_FOLDER_GONE.
    """
    names = sorted({f"{lead.table}/{lead.chunk_id}.parquet" for lead in plan.leads})
    folder = find_run_folder(plan.parent, setup, *names)
    for name in names:
        if not (folder / name).exists():
            raise folder_gone(plan.parent, folder / name)
    return folder


def _describe(plan: ReplayPlan, made: RunFolder) -> Reading:
    """Account for the leads that were chosen: nothing was read anew, nothing set aside."""
    return Reading(
        files=Reading.model_validate_json(plan.parent.preparation).files,
        folder=made.place,
        n_rows=len(plan.leads),
        n_quarantined=0,
        quarantine_reasons={},
        n_duplicates=0,
        n_unrouted=0,
        n_multi_match=0,
        n_left_out=0,
        unmapped=(),
        merged={},
        conflicts={},
        unread=(),
    )


def _write_chunks(
    plan: ReplayPlan, parent_folder: Path, made: RunFolder, setup: Setup
) -> Iterable[tuple[ChunkRef, Sequence[Replayable]]]:
    """Write chunk files by table, the leads in the order in which they stood in the extract."""
    of_table = {name: [ld for ld in plan.leads if ld.table == name] for name in plan.by_slot}
    settings = setup.settings
    sizes = [len(leads) for leads in of_table.values()]
    size = choose_chunk_size(sizes, settings.chunk_rows, settings.max_chunks)
    for name, leads in of_table.items():
        frame = _read_leads(plan, parent_folder / name, leads)
        leads.sort(key=lambda lead: lead.row_number)
        with writing_to(made.path):
            (made.path / name).mkdir()
        for n, start in enumerate(range(0, len(leads), size), start=1):
            part = frame.slice(start, size)
            ref = ChunkRef(
                run_id=made.run_id,
                chunk_id=f"{name}-{n:04d}",
                table=name,
                n_leads=part.height,
                path=made.path / name / f"{name}-{n:04d}.parquet",
                priority=plan.parent.own_priority or setup.config.tables[name].priority,
            )
            with writing_to(made.path), ref.path.open("wb") as file:
                part.write_parquet(file)
            yield ref, leads[start : start + size]


def _read_leads(plan: ReplayPlan, folder: Path, leads: Sequence[Replayable]) -> pl.DataFrame:
    """Read what is sent of these leads from the parent's chunk files, in the extract's order."""
    paths = sorted({folder / f"{lead.chunk_id}.parquet" for lead in leads})
    wanted = pl.LazyFrame({"lead_key": [lead.lead_key for lead in leads]})
    try:
        frame: pl.DataFrame = (
            pl.scan_parquet(paths)
            .join(wanted, on="lead_key", how="semi")
            .sort("row_number")
            .collect(engine="streaming")
        )
    except (OSError, pl.exceptions.PolarsError) as error:
        raise folder_gone(plan.parent, folder) from error
    if frame.height != len(leads):
        raise folder_gone(plan.parent, folder)
    return frame
