"""How is a settled submission owed again, because a person says so?

In:    a run's refused leads and leads in doubt, and the chunks of the run that replays them.
Out:   these submissions pending, in one transaction; what was known of them is remembered.
Never: a submission owed again that has moved since the person looked: another replay has it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from clayload.ledger.books.deferred import check_alone
from clayload.ledger.books.orphans import NO_ORPHANS, Orphans
from clayload.ledger.database import schema
from clayload.ledger.database.retry import retry_on_conflict
from clayload.ledger.rules import statements
from clayload.ledger.rules.newest import IS_NEWEST, IS_OWN_CONTENT, MAY_BE_OWN_CONTENT
from clayload.ledger.rules.states import REPLAYABLE, SubmissionState
from clayload.ledger.store import Ledger, RunStart, find_chunk
from clayload.model import ChunkRef
from clayload.tables.tables_file import TablesConfig

REPLAYED = "replayed"
_IDS_AT_ONCE = 500
_s, _p = schema.submissions.c, schema.past_verdicts.c
_c, _cl = schema.chunks.c, schema.chunk_leads.c


@dataclass(frozen=True, slots=True)
class Replayable:
    """A lead of a run that a person may have sent again; `grant_id` is that of its verdict.

    `payload_hash` is that of what the run's chunk holds. One that is pending was replayed before,
    by a replay that has not got to its end; `was_in_doubt` as it was chosen for that one.
    """

    chunk_id: str
    row_number: int
    submission_id: int
    table: str
    lead_key: str
    state: SubmissionState
    grant_id: str | None
    reason: str
    payload_hash: str | None
    was_in_doubt: bool = False


_again = schema.past_verdicts.alias("again")
_LAST_REPLAYED = (
    select(func.max(_again.c.past_no))
    .where(_again.c.submission_id == _s.submission_id, _again.c.what == REPLAYED)
    .correlate(schema.submissions)
    .scalar_subquery()
)
# Its verdict is remembered just before it is replayed.
_WAS_IN_DOUBT = (
    select(_p.what)
    .where(_p.submission_id == _s.submission_id, _p.past_no < _LAST_REPLAYED)
    .order_by(_p.past_no.desc())
    .limit(1)
    .correlate(schema.submissions)
    .scalar_subquery()
) == SubmissionState.IN_DOUBT

_WAS_REPLAYED = exists().where(_p.submission_id == _s.submission_id, _p.what == REPLAYED)

# One whose content is an older one by now has moved, too.
_AS_SEEN = select(_s.submission_id, _s.state, _s.grant_id, _s.payload_hash).where(
    _s.submission_id.in_(bindparam("ids", expanding=True)), IS_NEWEST
)

# Without its grant, a verdict that comes late can no longer land.
_OWE_AGAIN = (
    update(schema.submissions)
    .where(
        _s.submission_id == bindparam("id"),
        or_(*(_s.state == state for state in REPLAYABLE)),
    )
    .values(
        state=SubmissionState.PENDING,
        payload_hash=bindparam("to_hash"),
        grant_id=None,
        sender=None,
        give_up_at=None,
        status=None,
        body=None,
        reason=bindparam("why"),
        updated_at=bindparam("at"),
    )
)


def find_replayable(
    ledger: Ledger,
    run_id: str,
    states: Collection[SubmissionState],
    orphans: Orphans = NO_ORPHANS,
) -> list[Replayable]:
    """List the run's leads that stand in one of these states, in file order.

    Those that an interrupted replay left pending belong to any: somebody wanted them sent.
    """
    with ledger.read_only() as connection:
        rows = connection.execute(_find(run_id, states, orphans)).all()
    return [
        Replayable(
            row.chunk_id,
            row.row_number,
            row.submission_id,
            row.table_name,
            row.lead_key,
            SubmissionState(row.stands),
            row.grant_id,
            row.why or "",
            row.payload_hash,
            bool(row.was_in_doubt),
        )
        for row in rows
    ]


def _find(
    run_id: str, states: Collection[SubmissionState], orphans: Orphans
) -> Select[*tuple[Any, ...]]:
    return (
        select(
            _c.chunk_id,
            _cl.row_number,
            _s.submission_id,
            _c.table_name,
            _s.lead_key,
            orphans.state.label("stands"),
            _s.grant_id,
            orphans.reason.label("why"),
            _cl.payload_hash,
            _WAS_IN_DOUBT.label("was_in_doubt"),
        )
        .select_from(schema.chunks.join(schema.chunk_leads).join(schema.submissions))
        .where(
            _c.run_id == run_id,
            IS_NEWEST,
            or_(
                and_(orphans.state.in_(states), MAY_BE_OWN_CONTENT),
                and_(orphans.state == SubmissionState.PENDING, _WAS_REPLAYED, IS_OWN_CONTENT),
            ),
        )
        .order_by(_c.chunk_no, _cl.row_number)
    )


@retry_on_conflict
def start_replay(
    ledger: Ledger,
    run: RunStart,
    config: TablesConfig,
    chunks: Mapping[ChunkRef, Sequence[Replayable]],
) -> int:
    """Start a run that owes the leads of these chunks again; return how many are owed here.

    All of it or none: a replay that is killed has taken up its leads, or was never there. A lead
    that has moved since it was read stands as it is: it is sent by whoever moved it, and is
    registered here all the same, so that the books of both runs balance.

    Raises:
        RunError: RESUMED_ALREADY; nothing has changed.
        LedgerError: the ledger cannot be written; nothing has changed.
    """
    with ledger.transaction() as tx:
        # From here on no grant, verdict or other replay moves a submission.
        ledger.lock_workspaces(tx)
        check_alone(tx, run)
        ledger.write_run(tx, run, config)
        now = ledger.read_clock(tx)
        return sum(_reopen_chunk(ledger, tx, chunk, leads, now) for chunk, leads in chunks.items())


def _reopen_chunk(
    ledger: Ledger, tx: Connection, chunk: ChunkRef, leads: Sequence[Replayable], now: float
) -> int:
    _register(ledger, tx, chunk, leads)
    unmoved = list(_find_unmoved(tx, leads))
    finished = [lead for lead in unmoved if lead.state in REPLAYABLE]
    if finished:
        _owe_again(tx, chunk.run_id, finished, now)
    return len(unmoved)


def _owe_again(tx: Connection, run_id: str, leads: Sequence[Replayable], now: float) -> None:
    tx.execute(statements.ARCHIVE_VERDICT, [{"id": lead.submission_id} for lead in leads])
    because = f"replayed by run {run_id}"
    of_all = {"at": now, "what": REPLAYED, "run_id": run_id, "reason": because}
    tx.execute(
        statements.ADD_PAST_VERDICT,
        [{"submission_id": lead.submission_id} | of_all for lead in leads],
    )
    again = {"why": because, "at": now}
    tx.execute(
        _OWE_AGAIN,
        [{"id": lead.submission_id, "to_hash": lead.payload_hash} | again for lead in leads],
    )


def _register(ledger: Ledger, tx: Connection, chunk: ChunkRef, leads: Sequence[Replayable]) -> None:
    tx.execute(
        insert(schema.chunks),
        {"run_id": chunk.run_id, "chunk_id": chunk.chunk_id, "table_name": chunk.table},
    )
    chunk_no = tx.execute(find_chunk(chunk.run_id, chunk.chunk_id)).scalar_one()
    tx.execute(
        ledger.insert_new(schema.chunk_leads, "chunk_no", "row_number"),
        [
            {
                "chunk_no": chunk_no,
                "row_number": lead.row_number,
                "submission_id": lead.submission_id,
                "payload_hash": lead.payload_hash,
            }
            for lead in leads
        ],
    )


def _find_unmoved(tx: Connection, leads: Sequence[Replayable]) -> Iterator[Replayable]:
    for start in range(0, len(leads), _IDS_AT_ONCE):
        some = leads[start : start + _IDS_AT_ONCE]
        ids = [lead.submission_id for lead in some]
        now = {row.submission_id: row for row in tx.execute(_AS_SEEN, {"ids": ids})}
        yield from (lead for lead in some if _is_unmoved(lead, now.get(lead.submission_id)))


def _is_unmoved(lead: Replayable, now: Row[*tuple[Any, ...]] | None) -> bool:
    if now is None or (now.state, now.grant_id) != (lead.state, lead.grant_id):
        return False
    # What is owed already may have been taken up by a load that has it otherwise.
    return lead.state in REPLAYABLE or now.payload_hash == lead.payload_hash
