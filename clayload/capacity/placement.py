"""What will this load take, and does it fit?

In:    leads to send by table, the slots as they stand, the workspace's rate.
Out:   the plan: which slots take how many, what does not fit, and the time.
Never: a guess from anything but the figures the grant itself will use.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from clayload.delivery.grant import Exhausted, Room, SlotSnapshot, TableSnapshot, find_room
from clayload.delivery.pace import Rate


@dataclass(frozen=True, slots=True)
class TablePlan:
    """How a table's leads spread over its slots; `n_unplaced` find no room."""

    n_to_send: int
    by_slot: Mapping[str, int]
    n_unplaced: int


def plan_table(table: TableSnapshot, n_to_send: int) -> TablePlan:
    """Place `n_to_send` leads by the same arithmetic the grant uses."""
    by_slot: dict[str, int] = {}
    n_left = n_to_send
    while n_left:
        room = find_room(table, n_left)
        if isinstance(room, Exhausted):
            break
        by_slot[room.slot] = room.n
        n_left -= room.n
        table = _after(table, room)
    return TablePlan(n_to_send, by_slot, n_left)


def _after(table: TableSnapshot, room: Room) -> TableSnapshot:
    slots = [_charged(slot, room) for slot in table.slots]
    return TableSnapshot(
        table.rows_used + room.n, table.row_limit, slots, auto_delete=table.auto_delete
    )


def _charged(slot: SlotSnapshot, room: Room) -> SlotSnapshot:
    used = slot.used + (room.n if slot.name == room.slot else 0)
    return SlotSnapshot(slot.name, used, slot.safe_limit, slot.state, slot.reason)


def sending_time_s(rate: Rate, n_leads: int) -> float:
    """Tell how long the workspace's rate needs for `n_leads`, starting after silence."""
    n_at_once = rate.burst - rate.margin
    return max(0.0, (n_leads - n_at_once) / rate.per_s)
