"""What is an extract for, and was it loaded for that before?

In:    a load request, the extract's identity, the ledger if there is one.
Out:   the cycle: a month such as `2026-11`, or an event's name.
Never: another cycle for an extract that had one, unless a person names it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from clayload.account.extract_summary import ExtractSummary
from clayload.errors import Code, StopExtractError
from clayload.extracts.find import find_for_cycle
from clayload.ledger.books.run_books import Books
from clayload.ledger.books.runs import find_cycle, list_finished
from clayload.ledger.moment import Readable
from clayload.loading.intake.read_extract import PreparedFrames, read_leads
from clayload.loading.intake.request import LoadRequest
from clayload.model import ChunkRef
from clayload.setup import Setup
from clayload.tables.workspace import Workspace


def choose_cycle(
    request: LoadRequest, extract_id: str, ledger: Readable | None, workspace: Workspace
) -> str:
    """Choose what the extract is for: as asked, as before, or the current month.

    An extract that was loaded before keeps its cycle: a resume after midnight on the last of the
    month must not send every lead again.
    """
    if request.cycle is not None:
        return request.cycle
    before = None if ledger is None else find_cycle(ledger, extract_id)
    return before or month_of(datetime.now(UTC), workspace)


def month_of(moment: datetime, workspace: Workspace) -> str:
    """Name the month of a moment, as `2026-11`, where the workspace's people live."""
    return f"{moment.astimezone(ZoneInfo(workspace.time_zone)):%Y-%m}"


def request_month(pattern: str, cycle: str) -> LoadRequest:
    """Ask for the first load of a month's extracts; `pattern` holds `{cycle}` for the month.

    Raises:
        UnreadableExtractError: EXTRACT_NONE_FOR_CYCLE.
    """
    files = find_for_cycle(pattern, cycle)
    return LoadRequest(files, cycle, is_first=True)


def check_first(frames: PreparedFrames, cycle: str, setup: Setup) -> None:
    """Check that not all of this extract was loaded for this cycle before, by one run or by many.

    Raises:
        StopExtractError: EXTRACT_LOADED_BEFORE.
    """
    for done in list_finished(setup.ledger, frames.extract_id, cycle):
        if ExtractSummary.model_validate_json(done.extract_summary).n_left_out == 0:
            what = f"run {done.run_id} has loaded this extract for {cycle} already"
            raise _refuse(what, f"clayload status {done.run_id}")
    if _is_finished(frames.chunks, cycle, setup):
        n_leads = sum(chunk.n_leads for chunk in frames.chunks)
        what = f"all {n_leads:,} leads accepted of this extract were loaded for {cycle} already"
        n_rows = frames.preparation.n_rows
        raise _refuse(f"{what}, of {n_rows:,} rows", f"clayload plan … --cycle {cycle}")


def _is_finished(chunks: Sequence[ChunkRef], cycle: str, setup: Setup) -> bool:
    """Whether there are leads, and each was loaded for this cycle and is owed no more."""
    books, tables = Books(setup.ledger), setup.config.tables
    return bool(chunks) and all(
        books.are_finished(
            chunk.table, tables[chunk.table], cycle, read_leads(chunk, tables[chunk.table])
        )
        for chunk in chunks
    )


def _refuse(what: str, command: str) -> StopExtractError:
    return StopExtractError(
        Code.EXTRACT_LOADED_BEFORE,
        what,
        hint=f"nothing is owed: see `{command}`; a file added to the others makes an extract of "
        "its own, and only what it adds is sent",
    )
