"""How fast did a run go, and what held it up?

In:    a run, and the workspace its leads went through.
Out:   when its leads were sent, what was allowed then, and the workspace's answers meanwhile.
Never: a write; and never a moment that the ledger did not record.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, literal, or_, select

from clayload.ledger.books.run_books import LEADS_OF_RUN
from clayload.ledger.books.runs import RunRow
from clayload.ledger.database import schema
from clayload.ledger.moment import Readable
from clayload.ledger.rules.states import SubmissionState
from clayload.ledger.rules.unanswered import LOST

_s, _c, _t, _w = schema.submissions.c, schema.chunks.c, schema.traffic.c, schema.workspaces.c

_Figures: TypeAlias = Row[*tuple[Any, ...]]
# What is refused or in doubt without an answer was never sent, or nobody heard of it.
_WAS_ANSWERED = or_(
    _s.state == SubmissionState.DELIVERED,
    and_(_s.state == SubmissionState.REFUSED, _s.status.is_not(None)),
    and_(_s.state == SubmissionState.IN_DOUBT, func.coalesce(_s.reason, "") != LOST),
)
_LONG_S = 600.0
"""Sends that lie further apart are told by the second: a long run has very many moments."""


@dataclass(frozen=True, slots=True)
class RunTraffic:
    """What a run sent over time; moments are epoch seconds, UTC, in ascending order.

    `n_answers` leads were settled by an answer; one that a later run took up is no longer among
    them. `sent` are (granted to leave at, how many of them), each by its last sending; empty if
    the run went before the ledger kept that. `allowed` are (from when on, leads a second): the
    workspace's rate. `rate_limited` are (begin of a bucket of `schema.TRAFFIC_BUCKET_S`, answers
    429) of the whole workspace, whichever run met them. `workspace_per_s` is what all its runs
    together had answered a second, over the whole buckets within the run; None if there is none.
    `slowed_at` is the workspace's last slow-down, if it was within the run, and `slowed_to` the
    part of the rate it left.
    """

    started_at: float
    ended_at: float
    n_answers: int
    sent: tuple[tuple[float, int], ...] = ()
    allowed: tuple[tuple[float, float], ...] = ()
    rate_limited: tuple[tuple[int, int], ...] = ()
    workspace_per_s: float | None = None
    slowed_at: float | None = None
    slowed_to: float = 1.0

    @property
    def n_rate_limited(self) -> int:
        """Answers 429 that the workspace met meanwhile."""
        return sum(n for _, n in self.rate_limited)


def read_run_traffic(ledger: Readable, run: RunRow, workspace: str) -> RunTraffic:
    """Read how fast a run went; a run that was never closed ends with its last answer."""
    with ledger.read_only() as connection:
        answers = connection.execute(_of_run(run.run_id, *_ANSWERS)).one()
        ended_at = max(run.finished_at or run.started_at, answers.last_at or 0.0)
        sent = _read_sent(connection, run.run_id, answers)
        buckets = _read_buckets(connection, workspace, (run.started_at, ended_at))
        slowed = connection.execute(
            select(_w.slowed_at, _w.slowed_to).where(
                _w.workspace == workspace, _w.slowed_at.between(run.started_at, ended_at)
            )
        ).one_or_none()
    return RunTraffic(
        started_at=run.started_at,
        ended_at=ended_at,
        n_answers=answers.n,
        sent=sent,
        allowed=tuple(_list_allowed(buckets, run.started_at)),
        rate_limited=tuple((b.bucket_at, b.n_rate_limited) for b in buckets if b.n_rate_limited),
        workspace_per_s=_rate_of(buckets, answers),
        slowed_at=slowed.slowed_at if slowed else None,
        slowed_to=slowed.slowed_to if slowed else 1.0,
    )


_ANSWERS = (
    func.count(literal(1)).label("n"),
    func.count(_s.send_at).label("n_kept"),
    func.min(_s.updated_at).label("first_at"),
    func.max(_s.updated_at).label("last_at"),
    (func.max(_s.send_at) - func.min(_s.send_at)).label("sent_s"),
)


def _of_run(run_id: str, *figures: ColumnElement[Any]) -> Select[*tuple[Any, ...]]:
    of_run = select(*figures).select_from(LEADS_OF_RUN)
    return of_run.where(_c.run_id == run_id, _s.run_id == run_id, _WAS_ANSWERED)


def _read_sent(
    connection: Connection, run_id: str, answers: _Figures
) -> tuple[tuple[float, int], ...]:
    """Count the leads by the moment they might leave at; by the second, if those lie far apart."""
    if answers.n_kept < answers.n:
        # A part of them would be a rate that the run never went at.
        return ()
    moments: Iterable[float] = connection.execute(_of_run(run_id, _s.send_at)).scalars()
    if answers.n and answers.sent_s > _LONG_S:
        moments = map(math.floor, moments)
    return tuple(sorted(Counter(moments).items()))


def _list_allowed(buckets: Sequence[_Figures], began: float) -> Iterator[tuple[float, float]]:
    """List the rates in force; in a bucket in which the rate changed it is the greater one."""
    before: set[float] = set()
    last = None
    for bucket in buckets:
        if bucket.highest is None:
            continue
        rates = {bucket.lowest, bucket.highest}
        # Without a rate in common it changed within this bucket, before an answer was recorded.
        allowed = max(rates) if rates & before else max(rates | before)
        if allowed != last:
            yield began if last is None else bucket.bucket_at, allowed
        before, last = rates, allowed


def _read_buckets(
    connection: Connection, workspace: str, window: tuple[float, float]
) -> Sequence[_Figures]:
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
    n_answered = func.sum(_t.n_accepted + _t.n_refused + _t.n_in_doubt).label("n_answered")
    n_rate_limited = func.sum(_t.n_rate_limited).label("n_rate_limited")
    rates = func.min(_t.rate_per_s).label("lowest"), func.max(_t.rate_per_s).label("highest")
    counted = (
        select(_t.bucket_at, n_answered, n_rate_limited, *rates)
        .select_from(of_slots)
        .where(_t.workspace == workspace)
        .group_by(_t.bucket_at)
        .order_by(_t.bucket_at)
    )
    return connection.execute(counted).all()


def _rate_of(buckets: Sequence[_Figures], answers: _Figures) -> float | None:
    """Reckon the rate over the whole buckets between two answers: silent ones have no row."""
    if not answers.n:
        return None
    width = schema.TRAFFIC_BUCKET_S
    first: int = math.ceil(answers.first_at / width) * width
    last: int = math.floor(answers.last_at / width) * width
    if last <= first:
        return None
    n_answered: int = sum(b.n_answered for b in buckets if first <= b.bucket_at < last)
    return n_answered / (last - first)
