"""How is a replay made of its plan?

In:    the plan.
Out:   a run of its own, with its own folder, books and report.
Never: a lead sent that the plan did not name, or that has moved since the plan was made.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import polars as pl

from clayload.account.extract_summary import ExtractSummary
from clayload.folder import writing_to
from clayload.frames.chunk import choose_chunk_size
from clayload.ledger.granting.reopen import Replayable, start_replay
from clayload.ledger.store import RunStart
from clayload.loading.followups.replay_plan import ReplayPlan, find_parent_folder
from clayload.loading.intake.read_extract import put_in_turn
from clayload.loading.prepare import PreparedLoad, log_start
from clayload.model import ChunkRef
from clayload.runs.run_folder import RunFolder, folder_gone, new_run_folder
from clayload.setup import Setup


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
    parent_folder = find_parent_folder(plan, setup)
    parent = plan.parent
    with new_run_folder(setup) as made:
        chunks = dict(_write_chunks(plan, parent_folder, made, setup))
        made.keep(chunk.path for chunk in chunks)
        extract = _describe(plan, made)
        run = RunStart(
            made.run_id,
            parent.extract_id,
            parent.cycle,
            extract.model_dump_json(),
            plan.kind,
            parent.run_id,
            parent.own_priority,
        )
        n_owed = start_replay(setup.ledger, run, setup.config, chunks)
    prepared = PreparedLoad(
        run_id=made.run_id,
        cycle=parent.cycle,
        extract=extract,
        chunks=tuple(put_in_turn(chunks)),
        n_owed=n_owed,
        n_accepted=len(plan.leads),
    )
    log_start(prepared, plan.kind)
    return prepared


def _describe(plan: ReplayPlan, made: RunFolder) -> ExtractSummary:
    """Account for the leads that were chosen: nothing was read anew, nothing set aside."""
    return ExtractSummary(
        files=ExtractSummary.model_validate_json(plan.parent.extract_summary).files,
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
