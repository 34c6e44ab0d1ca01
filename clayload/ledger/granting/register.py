"""Which leads are owed, and by which chunks?

In:    a chunk of a run that was started, and its leads.
Out:   durable rows; each lead of a (table, cycle) is owed exactly once, whoever registers it.
Never: a lead owed that an earlier delivery stands for (`owing`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

from sqlalchemy import Connection

from clayload.ledger.database import schema
from clayload.ledger.database.retry import retry_on_conflict
from clayload.ledger.rules import statements
from clayload.ledger.rules.owing import Known, Lead, edition_of, find_standing, read_known
from clayload.ledger.rules.states import SubmissionState
from clayload.ledger.store import Ledger, find_chunk
from clayload.model import ChunkRef
from clayload.tables.table import OnInDoubt, Resend, Table


@dataclass(frozen=True, slots=True)
class Owing:
    """What a chunk's leads are owed for; the table's `resend` says what is owed again."""

    cycle: str
    table: Table


@retry_on_conflict
def register_chunk(ledger: Ledger, chunk: ChunkRef, owing: Owing, leads: Sequence[Lead]) -> int:
    """Write down that the chunk's leads are owed, where no earlier delivery stands for them.

    Doing it again changes nothing. Returns how many of them are still to be sent.

    Raises:
        LedgerError: the ledger cannot be written.
    """
    with ledger.transaction() as tx:
        if owing.table.resend is Resend.WHEN_CHANGED:
            # Whether a lead is being sent as it was decides how it is owed as it is now.
            ledger.lock_workspaces(tx)
        chunk_no = tx.execute(find_chunk(chunk.run_id, chunk.chunk_id)).scalar()
        if chunk_no is None:
            chunk_no = _write_chunk(ledger, tx, chunk)
            standing = _stand_for(ledger, tx, chunk.table, owing, leads)
            _take_up_changes(tx, standing, leads)
            _write_leads(ledger, tx, chunk_no, standing, leads)
        resends = owing.table.on_in_doubt is OnInDoubt.RESEND
        asked = {"chunk_no": chunk_no, "resends": resends}
        return int(tx.execute(statements.COUNT_OWED, asked).scalar_one())


def _write_chunk(ledger: Ledger, tx: Connection, chunk: ChunkRef) -> int:
    tx.execute(
        ledger.insert_new(schema.chunks, "run_id", "chunk_id"),
        {"run_id": chunk.run_id, "chunk_id": chunk.chunk_id, "table_name": chunk.table},
    )
    return int(tx.execute(find_chunk(chunk.run_id, chunk.chunk_id)).scalar_one())


def _stand_for(
    ledger: Ledger, tx: Connection, table: str, owing: Owing, leads: Sequence[Lead]
) -> Mapping[str, Known]:
    """Find the submission that stands for each lead; what is newly owed is written first."""
    resend, cycle = owing.table.resend, owing.cycle
    while True:
        known = read_known(tx, table, (lead.lead_key for lead in leads))
        standing = {
            lead.lead_key: found
            for lead in leads
            if (found := find_standing(resend, cycle, lead, known.get(lead.lead_key, ())))
        }
        owed = [lead for lead in leads if lead.lead_key not in standing]
        if not owed:
            return standing
        # What another load has written meanwhile stays as it is, and is looked at in its turn.
        of_all = {"table_name": table, "cycle": cycle, "updated_at": ledger.read_clock(tx)}
        rows = [_describe(lead, cycle, known) | of_all for lead in owed]
        # In one order for all: two loads that write the same leads must not block each other.
        rows.sort(key=itemgetter("lead_key"))
        key = ("lead_key", "table_name", "cycle", "edition")
        tx.execute(ledger.insert_new(schema.submissions, *key), rows)


def _describe(lead: Lead, cycle: str, known: Mapping[str, Sequence[Known]]) -> dict[str, object]:
    return {
        "lead_key": lead.lead_key,
        "edition": edition_of(lead, cycle, known.get(lead.lead_key, ())),
        "payload_hash": lead.payload_hash,
        "state": SubmissionState.PENDING,
        "n_attempts": 0,
    }


def _take_up_changes(tx: Connection, standing: Mapping[str, Known], leads: Sequence[Lead]) -> None:
    """What was not sent yet goes out as it is now, from the chunk that has it so."""
    changed = [
        {"id": stands.submission_id, "to_hash": lead.payload_hash}
        for lead in leads
        if (stands := standing[lead.lead_key]).payload_hash != lead.payload_hash
        and stands.state == SubmissionState.PENDING
    ]
    if changed:
        tx.execute(statements.SET_PAYLOAD_HASH, sorted(changed, key=itemgetter("id")))


def _write_leads(
    ledger: Ledger,
    tx: Connection,
    chunk_no: int,
    standing: Mapping[str, Known],
    leads: Sequence[Lead],
) -> None:
    tx.execute(
        ledger.insert_new(schema.chunk_leads, "chunk_no", "row_number"),
        [
            {
                "chunk_no": chunk_no,
                "row_number": lead.row_number,
                "submission_id": standing[lead.lead_key].submission_id,
                "payload_hash": lead.payload_hash,
            }
            for lead in leads
        ],
    )
