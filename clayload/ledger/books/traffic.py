"""How fast are the slots used up, and how fast does a workspace go just now?

In:    the counts of answers by slot and time (`traffic`), and the workspaces' pace.
Out:   submissions by slot over the last week and month; what each workspace may, does and met.
Never: a write, and never a forecast: that is `capacity.slots`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, FromClause, Row, Select, and_, case, func, select

from clayload.delivery.pace import PaceState
from clayload.ledger.database import schema
from clayload.ledger.moment import Readable
from clayload.ledger.rules import statements

WEEK_DAYS, MONTH_DAYS = 7, 30
LAST_S = 60
"""Over how many seconds the achieved rate is measured, and up to a bucket more."""

_DAY_S = 86_400
_t = schema.traffic.c


@dataclass(frozen=True, slots=True)
class SlotTraffic:
    """What went through a slot and counts against it, and when the first of it did (epoch s)."""

    n_in_week: int
    n_in_month: int
    first_at: float


@dataclass(frozen=True, slots=True)
class WorkspaceUse:
    """How a workspace stands; rates in submissions a second, moments in epoch seconds.

    `part` of `rate_per_s` is allowed now. `n_rate_limited` and `achieved_per_s` are of the last
    minute. `slowed_at` is 0 if no 429 ever slowed it, `throttled_until` in the past if it may go.
    """

    workspace: str
    now: float
    rate_per_s: float
    burst: int
    part: float
    achieved_per_s: float
    n_rate_limited: int
    n_rate_limited_ever: int
    slowed_at: float
    slowed_to: float
    throttled_until: float
    paused_at: float | None
    paused_because: str | None

    @property
    def allowed_per_s(self) -> float:
        """What it may send a second now: nothing during a pause."""
        if self.paused_at is not None or self.throttled_until > self.now:
            return 0.0
        return self.rate_per_s * self.part


def read_slot_traffic(ledger: Readable) -> dict[str, SlotTraffic]:
    """Count what was charged to each slot; those without traffic in a month are left out.

    Answers in doubt count, since Clay may have taken them; what was given back does not.
    """
    with ledger.read_only() as connection:
        now = ledger.read_clock(connection)
        return {
            row.slot: SlotTraffic(row.n_in_week, row.n_in_month, row.first_at)
            for row in connection.execute(_count_charged(now))
        }


def _count_charged(now: float) -> Select[Any]:
    charged = _t.n_accepted + _t.n_in_doubt
    in_last = {
        days: func.sum(case((_t.bucket_at > now - days * _DAY_S, charged), else_=0))
        for days in (WEEK_DAYS, MONTH_DAYS)
    }
    first = schema.traffic.alias()
    first_at = select(func.min(first.c.bucket_at)).where(first.c.slot == schema.slots.c.slot)
    return (
        select(
            schema.slots.c.slot,
            in_last[WEEK_DAYS].label("n_in_week"),
            in_last[MONTH_DAYS].label("n_in_month"),
            first_at.scalar_subquery().label("first_at"),
        )
        .select_from(_traffic_since(now - MONTH_DAYS * _DAY_S))
        .group_by(schema.slots.c.slot)
    )


def _traffic_since(moment: float) -> FromClause:
    """Slot by slot, as the primary key goes: the traffic of years is not to be read through."""
    is_recent = and_(_t.slot == schema.slots.c.slot, _t.bucket_at > moment)
    return schema.slots.join(schema.traffic, is_recent)


def read_workspaces(ledger: Readable) -> list[WorkspaceUse]:
    """Tell how every workspace of the ledger stands, by name."""
    with ledger.read_only() as connection:
        now = ledger.read_clock(connection)
        # Whole buckets, so that the count and the time belong together.
        since = (now - LAST_S) // schema.TRAFFIC_BUCKET_S * schema.TRAFFIC_BUCKET_S
        answers = _count_answers(connection, since)
        rows = connection.execute(select(schema.workspaces).order_by(schema.workspaces.c.workspace))
        return [_describe(row, answers.get(row.workspace, (0, 0)), (since, now)) for row in rows]


def _count_answers(connection: Connection, since: float) -> Mapping[str, tuple[int, int]]:
    """Count, by workspace, the answers other than 429, and the 429s."""
    answered = func.sum(_t.n_accepted + _t.n_refused + _t.n_in_doubt)
    found = (
        select(_t.workspace, answered, func.sum(_t.n_rate_limited))
        .select_from(_traffic_since(since - 1))
        .group_by(_t.workspace)
    )
    return {name: (n, n_429) for name, n, n_429 in connection.execute(found)}


def _describe(row: Row[Any], answers: tuple[int, int], window: tuple[float, float]) -> WorkspaceUse:
    figures = row._mapping  # noqa: SLF001 - SQLAlchemy's public accessor
    pace = PaceState(**{name: figures[name] for name in statements.PACE_COLUMNS})
    since, now = window
    return WorkspaceUse(
        workspace=row.workspace,
        now=now,
        rate_per_s=row.rate_per_s,
        burst=row.burst,
        part=pace.part_at(now),
        achieved_per_s=answers[0] / (now - since),
        n_rate_limited=answers[1],
        n_rate_limited_ever=row.n_rate_limited,
        slowed_at=row.slowed_at,
        slowed_to=row.slowed_to,
        throttled_until=row.throttled_until,
        paused_at=row.paused_at,
        paused_because=row.paused_because,
    )
