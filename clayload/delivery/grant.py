"""May these leads be sent, when, and through which slot?

In:    a snapshot of the workspace, the table and its slots, as read inside one transaction.
Out:   a decision: moments and a slot, or how long to wait, or which limit is reached.
Never: a read or a write; the ledger runs this arithmetic inside its transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from clayload.delivery.pace import PaceState, Rate, take_moments
from clayload.delivery.verdict import Verdict


class SlotState(StrEnum):
    """Whether a slot may be used: `benched` means Clay refuses it for now."""

    ACTIVE = "active"
    USED_UP = "used_up"
    BENCHED = "benched"


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
    """

    rows_used: int
    row_limit: int
    slots: Sequence[SlotSnapshot]
    auto_delete: bool = False


@dataclass(frozen=True, slots=True)
class GrantedLead:
    """One lead that may be sent `delay_s` seconds after the grant was given.

    Negative when giving the grant took longer than that.
    """

    submission_id: int
    lead_key: str
    delay_s: float


@dataclass(frozen=True, slots=True)
class Grant:
    """Permission to send these leads, at these moments, through one slot."""

    grant_id: str
    slot: str
    leads: tuple[GrantedLead, ...]
    lateness_s: float


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
    SLOTS_REJECTED = "slots rejected"
    TABLE_FULL = "table full"


@dataclass(frozen=True, slots=True)
class Exhausted:
    """The table can take no more; its leads stay pending. `detail` has the figures, by slot."""

    limit: Limit
    detail: str


GrantAnswer = Grant | Wait | Finished | Exhausted
Verdicts = Sequence[tuple[GrantedLead, Verdict]]


@dataclass(frozen=True, slots=True)
class Room:
    """A slot, and how many of the wanted leads fit both it and the table."""

    slot: str
    n: int


@dataclass(frozen=True, slots=True)
class Reservation:
    """What a grant takes: `delays_s` through `slot`, and the workspace's new pacing state."""

    slot: str
    delays_s: tuple[float, ...]
    pace: PaceState


def reserve(
    table: TableSnapshot, pace: PaceState, rate: Rate, now: float, n: int
) -> Reservation | Wait | Exhausted:
    """Decide for up to `n` leads of one table; `now` is the ledger's clock in epoch seconds."""
    room = find_room(table, n)
    if isinstance(room, Exhausted):
        return room
    moments = take_moments(pace, rate, now, room.n)
    if not moments.delays_s:
        return Wait(moments.wait_s)
    return Reservation(room.slot, moments.delays_s, moments.state)


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
    benched = any(slot.state is SlotState.BENCHED for slot in slots)
    return Limit.SLOTS_REJECTED if benched else Limit.SLOTS_USED_UP


def _describe(slots: Sequence[SlotSnapshot]) -> str:
    return "; ".join(
        f"{slot.name} {slot.used:,} of {slot.safe_limit:,}"
        + (f" ({slot.reason})" if slot.reason else "")
        for slot in slots
    )
