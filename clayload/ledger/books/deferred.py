"""Which runs left leads deferred that are owed still, and who goes on with them?

In:    the ledger.
Out:   those runs, the newest first; the run that resumes another now, if one does.
Never: two runs at once that resume the same one.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Select, select

from clayload.errors import Code, RunError
from clayload.ledger.books.run_books import LEADS_OF_RUN
from clayload.ledger.books.runs import RunRow, list_runs
from clayload.ledger.database import schema
from clayload.ledger.moment import Readable
from clayload.ledger.rules.states import SubmissionState
from clayload.ledger.store import RunStart
from clayload.model import Outcome, RunKind

_r, _c, _s = schema.runs.c, schema.chunks.c, schema.submissions.c
# From what is owed, which is little as a rule, and not from the leads of every run there ever was.
_OWING = (
    select(_c.run_id)
    .select_from(LEADS_OF_RUN)
    .where(_s.state == SubmissionState.PENDING)
    .distinct()
)


def find_deferred_runs(ledger: Readable) -> list[RunRow]:
    """List the runs that ended deferred and have leads that are owed still, the newest first."""
    found = (
        select(schema.runs)
        .where(_r.outcome == Outcome.DEFERRED, _r.finished_at.is_not(None), _r.run_id.in_(_OWING))
        .order_by(_r.started_at.desc())
    )
    return list_runs(ledger, found)


def find_resuming(ledger: Readable, run_id: str) -> RunRow | None:
    """Find the run that resumes another one, and was not closed."""
    runs = list_runs(ledger, _open_resumes_of(run_id).limit(1))
    return runs[0] if runs else None


def check_alone(tx: Connection, run: RunStart) -> None:
    """See, in the transaction that begins it, that nobody else resumes the same run.

    Raises:
        RunError: RESUMED_ALREADY.
    """
    if run.kind is not RunKind.RESUME or run.parent_run_id is None:
        return
    other = tx.execute(_open_resumes_of(run.parent_run_id).limit(1)).one_or_none()
    if other is not None:
        raise refuse_second(run.parent_run_id, other.run_id)


def refuse_second(run_id: str, resumed_by: str) -> RunError:
    """Say that somebody goes on with a run already."""
    return RunError(
        Code.RESUMED_ALREADY,
        f"run {run_id} is being resumed already, by run {resumed_by}",
        hint=f"leave it to that one; `clayload status {resumed_by}` shows how far it is",
        run_id=run_id,
    )


def _open_resumes_of(run_id: str) -> Select[*tuple[Any, ...]]:
    return select(schema.runs).where(
        _r.parent_run_id == run_id, _r.kind == RunKind.RESUME, _r.finished_at.is_(None)
    )
