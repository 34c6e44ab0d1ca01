"""What does the ledger know of one lead, over all runs, tables and cycles?

In:    the keys under which the lead may be known.
Out:   its submissions as they stand, what was known of them before, and the runs that had it.
Never: a write, or a lead's data beyond its key.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import func, literal, select

from clayload.ledger.books.orphans import Orphans
from clayload.ledger.books.runs import RunRow, as_run
from clayload.ledger.database import schema
from clayload.ledger.moment import Readable, consistent_read
from clayload.ledger.rules.newest import IS_NEWEST
from clayload.ledger.store import Ledger

_s, _p, _c, _cl = (
    schema.submissions.c,
    schema.past_verdicts.c,
    schema.chunks.c,
    schema.chunk_leads.c,
)


@dataclass(frozen=True, slots=True)
class SubmissionRow:
    """A submission as it stands; times are epoch seconds, UTC.

    `is_newest`: no other content of the lead was loaded since.
    """

    submission_id: int
    table: str
    cycle: str
    lead_key: str
    state: str
    run_id: str | None
    slot: str | None
    status: int | None
    reason: str | None
    body: str | None
    n_attempts: int
    give_up_at: float | None
    updated_at: float
    is_newest: bool


@dataclass(frozen=True, slots=True)
class Past:
    """What was known of a submission before something overtook it."""

    submission_id: int
    at: float
    what: str
    run_id: str | None
    slot: str | None
    status: int | None
    reason: str | None
    body: str | None


@dataclass(frozen=True, slots=True)
class Registered:
    """That a run had the lead: in which row of its extract, and which submission stands for it."""

    submission_id: int
    run_id: str
    row_number: int


@dataclass(frozen=True, slots=True)
class Story:
    """All of it; `past` and `registered` in the order in which they were written.

    `runs` are those that registered the lead, by their ids.
    """

    submissions: tuple[SubmissionRow, ...]
    past: tuple[Past, ...]
    registered: tuple[Registered, ...]
    runs: Mapping[str, RunRow]


def read_story(ledger: Ledger, lead_keys: Collection[str], orphans: Orphans) -> Story:
    """Read what is known under any of these keys, as of one moment, with what can be settled."""
    submissions = (
        select(
            _s.submission_id,
            _s.table_name.label("table"),
            _s.cycle,
            _s.lead_key,
            orphans.state.label("state"),
            _s.run_id,
            _s.slot,
            _s.status,
            orphans.reason.label("reason"),
            _s.body,
            orphans.n_attempts.label("n_attempts"),
            _s.give_up_at,
            _s.updated_at,
            IS_NEWEST.label("is_newest"),
        )
        .where(_s.lead_key.in_(sorted(lead_keys)))
        .order_by(_s.submission_id)
    )
    with consistent_read(ledger) as moment:
        connection = moment.connection
        rows = connection.execute(submissions)
        found = tuple(SubmissionRow(**row._mapping) for row in rows)  # noqa: SLF001 - SQLAlchemy's public accessor
        ids = [one.submission_id for one in found]
        past = (
            select(
                _p.submission_id, _p.at, _p.what, _p.run_id, _p.slot, _p.status, _p.reason, _p.body
            )
            .where(_p.submission_id.in_(ids))
            .order_by(_p.past_no)
        )
        registered = (
            select(_cl.submission_id, _c.run_id, _cl.row_number)
            .join_from(schema.chunk_leads, schema.chunks)
            .where(_cl.submission_id.in_(ids))
            .order_by(_c.chunk_no)
        )
        had = tuple(Registered(*row) for row in connection.execute(registered))
        run_ids = {one.run_id for one in had}
        runs = select(schema.runs).where(schema.runs.c.run_id.in_(run_ids))
        return Story(
            found,
            tuple(Past(*row) for row in connection.execute(past)),
            had,
            {run.run_id: run for run in map(as_run, connection.execute(runs))},
        )


def count_submissions(ledger: Readable) -> int:
    """Count the submissions of the whole ledger."""
    counted = select(func.count(literal(1))).select_from(schema.submissions)
    with ledger.read_only() as connection:
        return int(connection.execute(counted).scalar_one())
