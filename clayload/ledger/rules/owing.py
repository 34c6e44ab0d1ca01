"""Is a lead owed a delivery, or does an earlier one stand for it?

In:    the table's `resend`, the cycle, the lead, and what the ledger knows of it.
Out:   the submission that stands for the lead, or that a new one is owed.
Never: a permit, a slot or a credit spent on finding out: this is settled before any grant.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import Connection, bindparam, select

from clayload.ledger.database.schema import submissions
from clayload.ledger.rules.states import MAX_ATTEMPTS, SubmissionState
from clayload.tables.table import OnInDoubt, Resend, Table

_KEYS_AT_ONCE = 500
_c = submissions.c


@dataclass(frozen=True, slots=True)
class Lead:
    """A lead of a chunk; `payload_hash` only where the table resends what has changed."""

    row_number: int
    lead_key: str
    payload_hash: str | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """A submission the ledger has for a lead."""

    submission_id: int
    lead_key: str
    cycle: str
    edition: str
    state: str
    payload_hash: str | None
    n_attempts: int


def find_standing(resend: Resend, cycle: str, lead: Lead, known: Sequence[Known]) -> Known | None:
    """Find the submission that stands for a lead, among those known of it, oldest first.

    None says that the lead is owed a new one.
    """
    of_cycle = [one for one in known if one.cycle == cycle]
    if resend is Resend.EACH_CYCLE:
        return of_cycle[-1] if of_cycle else None
    # What Clay refused in an earlier cycle was never delivered: it may be tried again.
    relevant = [one for one in known if one in of_cycle or one.state != SubmissionState.REFUSED]
    if not relevant:
        return None
    last = relevant[-1]
    if resend is Resend.NEVER or _is_unchanged(lead, last):
        return last
    # Not sent yet: it goes out as it is now. An older submission that was like the lead does not
    # stand for it: Clay has had another content since.
    return last if last.state == SubmissionState.PENDING else None


def _is_unchanged(lead: Lead, last: Known) -> bool:
    """Without a hash from back then nothing proves a change, and an unproven one costs money."""
    return last.payload_hash is None or last.payload_hash == lead.payload_hash


def is_owed(standing: Known | None, table: Table) -> bool:
    """Whether a load would send the lead."""
    if standing is None or standing.state in (SubmissionState.PENDING, SubmissionState.SENDING):
        return True
    may_be_resent = standing.state == SubmissionState.IN_DOUBT and (
        standing.n_attempts < MAX_ATTEMPTS
    )
    return may_be_resent and table.on_in_doubt is OnInDoubt.RESEND


def edition_of(lead: Lead, cycle: str, known: Sequence[Known]) -> str:
    """Name the submission that is newly owed: within a cycle, a second one by what changed."""
    taken = {one.edition for one in known if one.cycle == cycle}
    if not taken:
        return ""
    name = lead.payload_hash or ""
    # The name is taken where the lead changed back, or had changed again before it was sent.
    return f"{name}.{len(taken)}" if name in taken else name


def read_known(
    connection: Connection, table: str, lead_keys: Iterable[str]
) -> Mapping[str, list[Known]]:
    """Read all submissions of these leads in a table, over all cycles, oldest first."""
    known: dict[str, list[Known]] = {}
    for keys in _batches(lead_keys):
        rows = connection.execute(_FIND_KNOWN, {"table": table, "keys": keys})
        for row in rows:
            known.setdefault(row.lead_key, []).append(Known(*row))
    return known


_FIND_KNOWN = (
    select(
        _c.submission_id,
        _c.lead_key,
        _c.cycle,
        _c.edition,
        _c.state,
        _c.payload_hash,
        _c.n_attempts,
    )
    .where(_c.table_name == bindparam("table"), _c.lead_key.in_(bindparam("keys", expanding=True)))
    .order_by(_c.submission_id)
)


def _batches(keys: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(keys)
    while batch := list(islice(rest, _KEYS_AT_ONCE)):
        yield batch
