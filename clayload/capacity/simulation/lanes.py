"""How does one table stand in a simulated month: what it owes, its slots, when it asks next?

In:    what becomes owed, what is sent, what fails.
Out:   the table as the grant's arithmetic wants to see it, and its sums at the end.
Never: a decision on what may be sent.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Self

from clayload.capacity.simulation.scenario import BEGINS_AT, ScenarioTable
from clayload.capacity.simulation.tally import Queue, TableTally
from clayload.delivery.budget import OverBudget
from clayload.delivery.grant import Exhausted, SlotSnapshot, SlotState, TableSnapshot, find_room
from clayload.delivery.send import FIRST_BACKOFF_S, MAX_ATTEMPTS
from clayload.ledger.rules.snapshot import without_suspensions
from clayload.model import Priority

STARTED_AGAIN_S = 300.0
"""How long after a load gave up it is started again."""


@dataclass(slots=True)
class Lane:
    """One table's leads, standing in line for the workspace's rate.

    While they are deferred by the budget line of that key, it asks for nothing until it renews.
    """

    name: str
    priority: Priority
    table: TableSnapshot
    safe_limit: int
    queue: Queue = field(default_factory=Queue)
    next_ask_s: float = 0.0
    n_failed: int = 0
    n_sent: int = 0
    n_in_doubt: int = 0
    n_made: int = 0
    last_sent_s: float = 0.0
    deferred_by: str | None = None
    renews_s: float = 0.0
    _n_deferred_to: int = 0
    _slots: set[str] = field(default_factory=set)

    @classmethod
    def begin(cls, table: ScenarioTable) -> Self:
        """Give a table's line at the beginning of the month."""
        return cls(table.name, table.priority, table.begins_as, table.safe_limit)

    @property
    def is_asking(self) -> bool:
        """Whether it wants grants just now."""
        return self.queue.n > 0 and self.next_ask_s < math.inf

    @property
    def is_benched(self) -> bool:
        """Whether Clay refuses one of its slots."""
        return any(slot.state is SlotState.SUSPENDED for slot in self.table.slots)

    @property
    def n_until_limit(self) -> float:
        """How many leads the slot in use takes, before it or the table is at its limit."""
        if self.table.auto_delete:
            return math.inf
        n_left = next((slot.n_left for slot in self.table.slots if slot.n_left), 0)
        return min(n_left, self.table.row_limit - self.table.rows_used)

    def charge(self, slot_name: str, n: int, begin_s: float, end_s: float) -> None:
        """Take note that Clay has the next `n` leads, or may have."""
        slots = [
            replace(slot, used=slot.used + n) if slot.name == slot_name else slot
            for slot in self.table.slots
        ]
        self.table = replace(self.table, rows_used=self.table.rows_used + n, slots=slots)
        self.queue.take(n, begin_s, end_s)
        self.n_sent += n
        self.last_sent_s = end_s
        self._slots.add(slot_name)

    def charge_in_rounds(self, n: int, begin_s: float, end_s: float) -> None:
        """Take note of the leads of many grants, all through the slot in use."""
        room = find_room(self.table, n) if n else None
        if room is not None and not isinstance(room, Exhausted):
            self.charge(room.slot, n, begin_s, end_s)

    def make_pair(self) -> None:
        """Go on with a new Clay table and its webhook, as the one in use is at its limit."""
        self.n_made += 1
        slot = SlotSnapshot(f"{self.name}, made {self.n_made}", 0, self.safe_limit)
        self.table = replace(self.table, rows_used=0, slots=[slot])

    def suspend(self) -> None:
        """Let Clay refuse the slot in use."""
        room = find_room(self.table, 1)
        if not isinstance(room, Exhausted):
            slots = [
                replace(slot, state=SlotState.SUSPENDED) if slot.name == room.slot else slot
                for slot in self.table.slots
            ]
            self.table = replace(self.table, slots=slots)

    def fix(self, now_s: float) -> None:
        """Let a person fix what Clay refused, and start the load again."""
        self.table = without_suspensions(self.table)
        if self.next_ask_s == math.inf and self.deferred_by is None:
            self.next_ask_s = now_s

    def defer(self, over: OverBudget) -> None:
        """Let its leads wait until the budget line renews, if that helps at all."""
        self.deferred_by = over.line.key
        self.renews_s = math.inf if over.until is None else over.until.ends_at - BEGINS_AT
        self.next_ask_s = math.inf

    def take_up(self, now_s: float) -> None:
        """Go on with what was deferred, once its budget line has renewed."""
        if self.deferred_by is not None and self.renews_s <= now_s:
            self.deferred_by, self.next_ask_s = None, now_s

    def count_newly_deferred(self) -> int:
        """Count those of its leads that wait for a budget and never did before."""
        n_came = self.n_sent + self.queue.n
        n_known = max(self._n_deferred_to, self.n_sent)
        self._n_deferred_to = n_came
        return n_came - n_known

    def back_off(self, now_s: float) -> bool:
        """Rest after no connection, as the sending loop does; tells whether it gave up by that."""
        has_given_up = self.n_failed % MAX_ATTEMPTS == MAX_ATTEMPTS - 1
        rest_s = FIRST_BACKOFF_S * 2 ** (self.n_failed % MAX_ATTEMPTS)
        self.next_ask_s = now_s + (STARTED_AGAIN_S if has_given_up else rest_s)
        self.n_failed += 1
        return has_given_up

    def fill_tally(self, tally: TableTally) -> None:
        """Write the sums of the month."""
        tally.n_delivered = self.n_sent - self.n_in_doubt
        tally.n_in_doubt = self.n_in_doubt
        tally.n_deferred = 0 if self.deferred_by is None else self.queue.n
        tally.n_owed = self.queue.n - tally.n_deferred
        tally.n_slots = len(self._slots)
        tally.n_made = self.n_made
        tally.longest_wait_s = self.queue.longest_wait_s
        tally.last_sent_s = self.last_sent_s
