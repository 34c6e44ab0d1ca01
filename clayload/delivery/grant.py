"""May these leads be sent, when, and through which slot?

In:    a snapshot of the workspace, the table and its slots, as read inside one transaction.
Out:   a decision: moments and a slot, or how long to wait, or which limit is reached.
Never: a read or a write; the ledger runs this arithmetic inside its transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from clayload.delivery.budget import FREE, Bill, OverBudget, count_affordable
from clayload.delivery.fair_share import WAIT_FOR_TURN_S, FairShare, FairShares
from clayload.delivery.pace import PaceState, Rate, count_unused, take_moments
from clayload.delivery.sample import ApprovalRequired, Sample, count_allowed
from clayload.delivery.verdict import Verdict
from clayload.model import Priority
from clayload.tables.budgets import Budgets

HELD_WAIT_S = 1.0
"""How often a chunk looks whether a pause by a person is over."""


class SlotState(StrEnum):
    """Whether a slot may be used: Clay refuses a suspended one, a person retired another."""

    ACTIVE = "active"
    USED_UP = "used_up"
    SUSPENDED = "suspended"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class SlotSnapshot:
    """One slot of the table: how much of its life is spent, and where we stop."""

    name: str
    used: int
    safe_limit: int
    state: SlotState = SlotState.ACTIVE
    reason: str = ""

    @property
    def n_left(self) -> int:
        """Submissions that may still be reserved through this slot."""
        return max(self.safe_limit - self.used, 0) if self.state is SlotState.ACTIVE else 0


@dataclass(frozen=True, slots=True)
class TableSnapshot:
    """The table: rows it holds as far as we know, its limit, and its slots in their order.

    An auto-delete table has neither the slot's nor the table's limit (clay-facts.md §4).
    `sample` is that of the load that asks, if the table has one.
    """

    rows_used: int
    row_limit: int
    slots: Sequence[SlotSnapshot]
    auto_delete: bool = False
    sample: Sample | None = None


@dataclass(frozen=True, slots=True)
class WorkspaceSnapshot:
    """The workspace at `now` (the ledger's clock, epoch seconds): its pace, and who wants it.

    `read_at` is the same moment by the sending loop's own clock (monotonic seconds). `budgets` are
    those of the configuration that was taken up last; None before any was.
    """

    now: float
    read_at: float
    rate: Rate
    pace: PaceState
    shares: FairShares
    is_paused: bool = False
    budgets: Budgets | None = None


@dataclass(frozen=True, slots=True)
class GrantedLead:
    """One lead that may be sent `delay_s` seconds after the grant was given."""

    submission_id: int
    lead_key: str
    delay_s: float


@dataclass(frozen=True, slots=True)
class Grant:
    """Permission to send these leads, at these moments, through one slot.

    The delays count from `given_at`, the sending loop's own clock (monotonic seconds) as it stood
    when the moments were chosen: what came after, a slow disk say, has used them up.
    """

    grant_id: str
    slot: str
    leads: tuple[GrantedLead, ...]
    lateness_s: float
    given_at: float


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing may be sent now; ask again after `wait_s` seconds."""

    wait_s: float


@dataclass(frozen=True, slots=True)
class Finished:
    """Nothing more of this chunk is to be sent: nothing is owed, or the run was halted."""


class Limit(StrEnum):
    """Which limit of a table is reached."""

    SLOTS_USED_UP = "slots used up"
    SLOTS_SUSPENDED = "slots suspended"
    SLOTS_RETIRED = "slots retired"
    TABLE_FULL = "table full"


@dataclass(frozen=True, slots=True)
class Exhausted:
    """The table can take no more; its leads stay pending. `detail` has the figures, by slot."""

    limit: Limit
    detail: str


Stopped = Exhausted | OverBudget | ApprovalRequired
"""Why the table is sent nothing more for now."""

GrantAnswer = Grant | Wait | Finished | Stopped
Verdicts = Sequence[tuple[GrantedLead, Verdict]]


@dataclass(frozen=True, slots=True)
class Room:
    """A slot, and how many of the wanted leads fit both it and the table."""

    slot: str
    n: int


@dataclass(frozen=True, slots=True)
class Reservation:
    """What a grant takes, and what is left for the next to ask.

    `delays_s` through `slot`; each lead costs what the `bill` says.
    """

    slot: str
    delays_s: tuple[float, ...]
    pace: PaceState
    share: FairShare
    bill: Bill


def reserve(
    workspace: WorkspaceSnapshot,
    table: TableSnapshot,
    priority: Priority,
    n: int,
    bill: Bill = FREE,
) -> Reservation | Wait | Stopped:
    """Decide for up to `n` leads of one table that are sent with this priority, and cost this."""
    fitting = find_fitting(table, n, bill)
    if not isinstance(fitting, Room):
        return fitting
    if workspace.is_paused:
        return Wait(HELD_WAIT_S)
    now, rate, shares = workspace.now, workspace.rate, workspace.shares
    n_unused = count_unused(workspace.pace, rate, now)
    n_allowed = max(shares.allow(priority, now, fitting.n), min(n_unused, fitting.n))
    if n_allowed == 0:
        return Wait(WAIT_FOR_TURN_S)
    moments = take_moments(workspace.pace, rate, now, n_allowed)
    if not moments.delays_s:
        return Wait(moments.wait_s)
    share = shares.after(priority, now, len(moments.delays_s), moments.delays_s[-1])
    return Reservation(fitting.slot, moments.delays_s, moments.state, share, bill)


def find_fitting(table: TableSnapshot, n: int, bill: Bill) -> Room | Stopped:
    """Find how many of `n` leads, at this cost, find room, and are within sample and budget."""
    room = find_room(table, n)
    if isinstance(room, Exhausted):
        return room
    n_allowed = count_allowed(table.sample, room.n)
    if isinstance(n_allowed, ApprovalRequired):
        return n_allowed
    n_affordable = count_affordable(bill, n_allowed)
    if isinstance(n_affordable, OverBudget):
        return n_affordable
    return Room(room.slot, n_affordable)


def find_room(table: TableSnapshot, n: int) -> Room | Exhausted:
    """Find the first slot with life left, and how much of `n` fits it and the table's rows."""
    usable = [slot for slot in table.slots if slot.state is SlotState.ACTIVE]
    if table.auto_delete and usable:
        return Room(usable[0].name, n)
    n_rows_left = max(table.row_limit - table.rows_used, 0)
    if n_rows_left == 0 and not table.auto_delete:
        detail = f"{table.rows_used:,} of {table.row_limit:,} rows"
        return Exhausted(Limit.TABLE_FULL, detail)
    for slot in usable:
        if slot.n_left:
            return Room(slot.name, min(n, slot.n_left, n_rows_left))
    return Exhausted(_slots_limit(table.slots), _describe(table.slots))


def _slots_limit(slots: Sequence[SlotSnapshot]) -> Limit:
    if any(slot.state is SlotState.SUSPENDED for slot in slots):
        return Limit.SLOTS_SUSPENDED
    is_retired = any(
        slot.state is SlotState.RETIRED and slot.used < slot.safe_limit for slot in slots
    )
    return Limit.SLOTS_RETIRED if is_retired else Limit.SLOTS_USED_UP


def _describe(slots: Sequence[SlotSnapshot]) -> str:
    return "; ".join(
        f"{slot.name} {slot.used:,} of {slot.safe_limit:,}" + (f" ({why})" if why else "")
        for slot, why in ((slot, _describe_state(slot)) for slot in slots)
    )


def _describe_state(slot: SlotSnapshot) -> str:
    """Say why a slot is not used; what a person decided is no word of Clay's."""
    if slot.state is SlotState.RETIRED:
        return f"retired: {slot.reason}" if slot.reason else "retired"
    return slot.reason
