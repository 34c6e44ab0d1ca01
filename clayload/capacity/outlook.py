"""How does a load go, if it begins now?

In:    what is owed of each table, how tables and slots stand, what is left to pay with.
Out:   the plan of each table and of each fund.
Never: a file, a ledger or a clock read: all of it is arithmetic on what others read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from clayload.capacity.credits import spend_for
from clayload.capacity.funds import Demand, Fund, count_paid, draw
from clayload.capacity.load_plan import FundPlan, TableLoadPlan
from clayload.capacity.placement import plan_table
from clayload.capacity.timeline import PlannedChunk, SendRate, TableTimes, limit_chunks, time_tables
from clayload.delivery.grant import TableSnapshot
from clayload.tables.catalogue import Level
from clayload.tables.costs import CostRange


@dataclass(frozen=True, slots=True)
class TableFacts:
    """What is known of a table before it is planned."""

    snapshot: TableSnapshot
    cost: CostRange
    n_accepted: int


@dataclass(frozen=True, slots=True)
class Owed:
    """What a load would send: chunks in their turn, and what is known of each table."""

    tables_facts: Mapping[str, TableFacts]
    chunks: Sequence[PlannedChunk]

    def count(self) -> dict[str, int]:
        """Count the leads of each table, in the order in which tables go out."""
        n_of: dict[str, int] = {}
        for chunk in self.chunks:
            n_of[chunk.table] = n_of.get(chunk.table, 0) + chunk.n
        return n_of | {name: 0 for name in self.tables_facts if name not in n_of}

    def demand(self, n_of: Mapping[str, int], level: Level = Level.LIKELY) -> list[Demand]:
        """Say what so many leads of each table take."""
        return [Demand(name, n, self.tables_facts[name].cost.at(level)) for name, n in n_of.items()]


@dataclass(frozen=True, slots=True)
class Outlook:
    """How many leads of each table are owed, find room, find budget, and are enriched."""

    owed: Owed
    n_to_send: Mapping[str, int]
    n_placed: Mapping[str, int]
    n_going: Mapping[str, int]
    n_paid: Mapping[str, int]


def look_ahead(
    owed: Owed,
    budgets: Sequence[Fund],
    balances: Sequence[Fund],
    counted: Level = Level.LIKELY,
) -> Outlook:
    """See how far room, budgets and balances reach; budgets count what leads cost at a level."""
    n_to_send = owed.count()
    n_placed = {
        name: n - plan_table(owed.tables_facts[name].snapshot, n).n_unplaced
        for name, n in n_to_send.items()
    }
    n_going = count_paid(budgets, owed.demand(n_placed, counted))
    n_paid = count_paid(balances, owed.demand(n_going))
    return Outlook(owed, n_to_send, n_placed, n_going, n_paid)


def plan_tables(
    outlook: Outlook, send_rate: SendRate, starts_at: datetime
) -> dict[str, TableLoadPlan]:
    """Plan each table, in the order in which they go out."""
    times = time_tables(limit_chunks(outlook.owed.chunks, outlook.n_going), send_rate)
    return {
        name: _plan_one(name, outlook, _Clock(times.get(name), starts_at))
        for name in outlook.n_to_send
    }


def plan_funds(
    outlook: Outlook, budgets: Iterable[Fund], balances: Iterable[Fund]
) -> list[FundPlan]:
    """Say what the load takes of budgets, for what finds room, and of balances, for what goes."""
    drawn = [(fund, outlook.n_placed) for fund in budgets]
    drawn += [(fund, outlook.n_going) for fund in balances]
    return [
        FundPlan(
            name=fund.name,
            unit=fund.unit,
            left=fund.left,
            likely=draw(fund, outlook.owed.demand(n_of, Level.LIKELY)),
            high=draw(fund, outlook.owed.demand(n_of, Level.HIGH)),
        )
        for fund, n_of in drawn
    ]


@dataclass(frozen=True, slots=True)
class _Clock:
    """When the leads of one table go, by the wall clock; no times where none go."""

    times: TableTimes | None
    starts_at: datetime

    def moment_of(self, n: int) -> datetime | None:
        if self.times is None:
            return None
        return self.starts_at + timedelta(seconds=self.times.moment_of(n))


def _plan_one(name: str, outlook: Outlook, clock: _Clock) -> TableLoadPlan:
    draft, n_going = outlook.owed.tables_facts[name], outlook.n_going[name]
    snapshot, n_to_send = draft.snapshot, outlook.n_to_send[name]
    by_slot = dict(plan_table(snapshot, n_going).by_slot)
    return TableLoadPlan(
        n_accepted=draft.n_accepted,
        n_already_done=draft.n_accepted - n_to_send,
        n_to_send=n_to_send,
        n_chunks=sum(chunk.table == name for chunk in outlook.owed.chunks),
        by_slot=by_slot,
        left_in_slots={slot.name: slot.n_left for slot in snapshot.slots},
        n_unplaced=n_to_send - outlook.n_placed[name],
        n_over_budget=outlook.n_placed[name] - n_going,
        n_unpaid=n_going - outlook.n_paid[name],
        rows_after=snapshot.rows_used + n_going,
        row_limit=None if snapshot.auto_delete else snapshot.row_limit,
        spend=spend_for(draft.cost, n_going),
        first_at=clock.moment_of(1),
        last_at=clock.moment_of(n_going),
        fills_at=_find_fills(snapshot, by_slot, clock),
    )


def _find_fills(
    snapshot: TableSnapshot, by_slot: Mapping[str, int], clock: _Clock
) -> dict[str, datetime]:
    """Tell when each slot that is full after the load takes its last lead."""
    if snapshot.auto_delete:
        return {}
    left, fills, n_of_table = {slot.name: slot.n_left for slot in snapshot.slots}, {}, 0
    for slot, n in by_slot.items():
        n_of_table += n
        at = clock.moment_of(n_of_table)
        if n == left[slot] and at is not None:
            fills[slot] = at
    return fills
