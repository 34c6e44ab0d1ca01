"""How fast did a run go, and what held it up?

In:    a run, and the workspace its leads went through.
Out:   when its leads were settled, and the workspace's answers meanwhile.
Never: a write; and never a moment that the ledger did not record.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import Connection, Row, and_, func, literal, or_, select

from clayload.ledger.books.run_books import LEADS_OF_RUN
from clayload.ledger.books.runs import RunRow
from clayload.ledger.database import schema
from clayload.ledger.rules.states import SubmissionState
from clayload.ledger.rules.unanswered import LOST
from clayload.ledger.store import Ledger

_s, _c, _t, _w = schema.submissions.c, schema.chunks.c, schema.traffic.c, schema.workspaces.c

_Bucket: TypeAlias = Row[*tuple[Any, ...]]
# What is refused or in doubt without an answer was never sent, or nobody heard of it.
_WAS_ANSWERED = or_(
    _s.state == SubmissionState.DELIVERED,
    and_(_s.state == SubmissionState.REFUSED, _s.status.is_not(None)),
    and_(_s.state == SubmissionState.IN_DOUBT, func.coalesce(_s.reason, "") != LOST),
)


@dataclass(frozen=True, slots=True)
class RunTraffic:
    """A run's answers over time; moments are epoch seconds, UTC, in ascending order.

    `answers` are (recorded at, leads that settled): what a grant was answered is recorded at one
    moment. A lead that a later run took up is no longer among them. `rate_limited` are (begin of
    a bucket of `schema.TRAFFIC_BUCKET_S`, answers 429) of the whole workspace, whichever run met
    them. `workspace_per_s` is what all its runs together had answered a second, over the whole
    buckets within the run; None if there is none. `slowed_at` is the workspace's last slow-down,
    if it was within the run, and `slowed_to` the part of the rate it left.
    """

    started_at: float
    ended_at: float
    answers: tuple[tuple[float, int], ...]
    rate_limited: tuple[tuple[int, int], ...] = ()
    workspace_per_s: float | None = None
    slowed_at: float | None = None
    slowed_to: float = 1.0

    @property
    def n_answers(self) -> int:
        """Leads that an answer settled."""
        return sum(n for _, n in self.answers)

    @property
    def n_rate_limited(self) -> int:
        """Answers 429 that the workspace met meanwhile."""
        return sum(n for _, n in self.rate_limited)


def read_run_traffic(ledger: Ledger, run: RunRow, workspace: str) -> RunTraffic:
    """Read how fast a run went; a run that was never closed ends with its last answer."""
    with ledger.read_only() as connection:
        answers = _read_answers(connection, run.run_id)
        ended_at = max([run.finished_at or run.started_at, *(at for at, _ in answers)])
        buckets = _read_buckets(connection, workspace, (run.started_at, ended_at))
        slowed = connection.execute(
            select(_w.slowed_at, _w.slowed_to).where(
                _w.workspace == workspace, _w.slowed_at.between(run.started_at, ended_at)
            )
        ).one_or_none()
    return RunTraffic(
        started_at=run.started_at,
        ended_at=ended_at,
        answers=answers,
        rate_limited=tuple((b.bucket_at, b.n_rate_limited) for b in buckets if b.n_rate_limited),
        workspace_per_s=_rate_of(buckets, answers),
        slowed_at=slowed.slowed_at if slowed else None,
        slowed_to=slowed.slowed_to if slowed else 1.0,
    )


def _read_answers(connection: Connection, run_id: str) -> tuple[tuple[float, int], ...]:
    counted = (
        select(_s.updated_at, func.count(literal(1)))
        .select_from(LEADS_OF_RUN)
        .where(_c.run_id == run_id, _s.run_id == run_id, _WAS_ANSWERED)
        .group_by(_s.updated_at)
        .order_by(_s.updated_at)
    )
    return tuple((at, n) for at, n in connection.execute(counted))


def _read_buckets(
    connection: Connection, workspace: str, window: tuple[float, float]
) -> Sequence[_Bucket]:
    """Count the workspace's answers in every bucket that touches the window, in time order."""
    began, ended = window
    # Slot by slot, as the primary key goes: the traffic of years is not to be read through.
    of_slots = schema.slots.join(
        schema.traffic,
        and_(
            _t.slot == schema.slots.c.slot,
            _t.bucket_at > began - schema.TRAFFIC_BUCKET_S,
            _t.bucket_at <= ended,
        ),
    )
    n_settled = func.sum(_t.n_accepted + _t.n_refused + _t.n_in_doubt).label("n_settled")
    n_rate_limited = func.sum(_t.n_rate_limited).label("n_rate_limited")
    counted = (
        select(_t.bucket_at, n_settled, n_rate_limited)
        .select_from(of_slots)
        .where(_t.workspace == workspace)
        .group_by(_t.bucket_at)
        .order_by(_t.bucket_at)
    )
    return connection.execute(counted).all()


def _rate_of(buckets: Sequence[_Bucket], answers: Sequence[tuple[float, int]]) -> float | None:
    """Reckon the rate over the whole buckets between two answers: silent ones have no row."""
    if not answers:
        return None
    width = schema.TRAFFIC_BUCKET_S
    first = math.ceil(answers[0][0] / width) * width
    last = math.floor(answers[-1][0] / width) * width
    if last <= first:
        return None
    n_settled: int = sum(b.n_settled for b in buckets if first <= b.bucket_at < last)
    return n_settled / (last - first)
