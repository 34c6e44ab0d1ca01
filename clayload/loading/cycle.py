"""What is an extract for, and was it loaded for that before?

In:    a load request, the extract's identity, the ledger if there is one.
Out:   the cycle: a month such as `2026-11`, or an event's name.
Never: another cycle for an extract that had one, unless a person names it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from clayload.errors import Code, StopExtractError
from clayload.extracts.find import find_for_cycle
from clayload.ledger.books import Books
from clayload.ledger.store import Ledger
from clayload.loading.request import LoadRequest
from clayload.report.account import Reading
from clayload.tables.models import Workspace


def choose_cycle(
    request: LoadRequest, extract_id: str, ledger: Ledger | None, workspace: Workspace
) -> str:
    """Choose what the extract is for: as asked, as before, or the current month.

    An extract that was loaded before keeps its cycle: a resume after midnight on the last of the
    month must not send every lead again.
    """
    if request.cycle is not None:
        return request.cycle
    before = None if ledger is None else Books(ledger).cycle_of_extract(extract_id)
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


def check_first(extract_id: str, cycle: str, ledger: Ledger) -> None:
    """Check that no run has loaded all of this extract for this cycle, and left nothing owed.

    Raises:
        StopExtractError: EXTRACT_LOADED_BEFORE, with the run.
    """
    for done in Books(ledger).list_settled(extract_id, cycle):
        if Reading.model_validate_json(done.preparation).n_left_out:
            continue
        raise StopExtractError(
            Code.EXTRACT_LOADED_BEFORE,
            f"run {done.run_id} has loaded this extract for {cycle} already",
            hint=f"nothing is owed: see `clayload status {done.run_id}`; a file added to the "
            "others makes an extract of its own, and only what it adds is sent",
            run_id=done.run_id,
        )
