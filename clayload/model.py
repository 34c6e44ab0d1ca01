"""Which values cross the borders between rooms?

In:    nothing; this module imports no other room.
Out:   the lead's fields, the ten ends of a row, priorities, the kinds and outcomes of runs, and the
       reference to a chunk.
Never: a frame, a secret, or a lead's personal data.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

LEAD_FIELDS = (
    "lead_id",
    "email",
    "first_name",
    "last_name",
    "full_name",
    "title",
    "company",
    "domain",
    "website",
    "linkedin_url",
    "phone",
    "industry",
    "employee_count",
    "country",
    "city",
    "state",
    "source",
    "form_id",
    "event_name",
    "created_at",
    "notes",
)
"""Every field of a lead that a filter, a key or an allow-list may name; its type is in
`lead_schema`, as frames take long to import."""


class RowEnd(StrEnum):
    """How a row of an extract can end; every row read ends as exactly one of these."""

    QUARANTINED = "quarantined"
    DUPLICATE = "duplicate"
    SUPPRESSED = "suppressed"
    UNROUTED = "unrouted"
    ALREADY_DELIVERED = "already delivered"
    DEFERRED = "deferred"
    DELIVERED = "delivered"
    REFUSED = "refused"
    IN_DOUBT = "in doubt"
    PENDING = "pending"


class Priority(StrEnum):
    """Who goes first when leads share the workspace's rate."""

    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


class RunKind(StrEnum):
    """What a run does: read an extract, or take up leads of an earlier run, its parent."""

    LOAD = "load"
    REPLAY = "replay"
    RESUBMIT = "resubmit"
    RESUME = "resume"


class Outcome(StrEnum):
    """How a run ended, worst first."""

    UNBALANCED = "unbalanced"
    PENDING = "pending"
    DEFERRED = "deferred"
    ATTENTION = "attention"
    COMPLETE = "complete"

    @property
    def is_owing(self) -> bool:
        """Whether leads of such a run may be owed still; the others only wait for a person."""
        return self not in (Outcome.ATTENTION, Outcome.COMPLETE)


@dataclass(frozen=True, slots=True)
class ChunkRef:
    """Where one chunk lies: consecutive accepted leads of one table, the unit of resume.

    `path` is a Parquet file with the columns `row_number` (UInt32), `lead_key` (String) and the
    table's allow-listed lead fields; `n_leads` rows, in the order they are to be sent.
    """

    run_id: str
    chunk_id: str
    table: str
    n_leads: int
    path: Path
    priority: Priority = Priority.NORMAL
