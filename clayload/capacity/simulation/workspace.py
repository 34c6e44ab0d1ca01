"""What does one workspace do at one moment of a simulated month?

In:    the line whose turn it is.
Out:   what the grant's own `reserve` decides, and what Clay answers, written into lines and sums.
Never: a formula of its own for what may be sent when.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from clayload.capacity.simulation.expenses import Expenses
from clayload.capacity.simulation.incidents import Clay, ClayAnswer
from clayload.capacity.simulation.lanes import Lane
from clayload.capacity.simulation.scenario import HOUR_S, Scenario
from clayload.capacity.simulation.tally import SimulatedMonth, begin_month
from clayload.delivery.budget import OverBudget
from clayload.delivery.fair_share import FairShare, FairShares
from clayload.delivery.grant import Reservation, Wait, WorkspaceSnapshot, reserve
from clayload.delivery.pace import PaceState, slow_down, throttle
from clayload.delivery.verdict import DEFAULT_RETRY_AFTER_S

ANSWER_S = 0.1
"""How long Clay takes to answer."""

Watcher = Callable[[float], None]


@dataclass(slots=True)
class Sending:
    """One workspace on its way through the month; `now` is in seconds since it began.

    `n_turns` counts what changed its course: leads that came, a limit, something that went wrong.
    """

    scenario: Scenario
    watch: Watcher | None = None
    now: float = 0.0
    n_turns: int = 0
    pace: PaceState = field(default_factory=PaceState)
    shares: FairShares = field(init=False)
    clay: Clay = field(init=False)
    lanes: dict[str, Lane] = field(init=False)
    month: SimulatedMonth = field(init=False)
    expenses: Expenses = field(init=False)

    def __post_init__(self) -> None:
        scenario = self.scenario
        shares = {priority: FairShare() for priority in scenario.weights}
        self.shares = FairShares(shares, scenario.weights, scenario.rate.per_s)
        self.clay = Clay(scenario.rate)
        self.lanes = {table.name: Lane.begin(table) for table in scenario.tables}
        self.month = begin_month(scenario)
        self.expenses = Expenses(scenario, self.month.lines)

    def ask(self, lane: Lane) -> None:
        """Ask for a line's next grant, and send it."""
        self.month.work.n_asked += 1
        n = 1 if lane.n_failed else min(self.scenario.ask_size, lane.queue.n)
        at = WorkspaceSnapshot(self.now, self.now, self.scenario.rate, self.pace, self.shares)
        bill = self.expenses.read_bill(lane.name)
        answer = reserve(at, lane.table, lane.priority, n, bill)
        if isinstance(answer, Reservation):
            self._send(lane, answer)
        elif isinstance(answer, Wait):
            self.month.work.n_waits += 1
            lane.next_ask_s = self.now + answer.wait_s
            self._keep(lane, self.shares.waiting(lane.priority, self.now, answer.wait_s))
        elif isinstance(answer, OverBudget):
            lane.defer(answer)
            self.count_deferred(lane)
            self._leave(lane)
        elif lane.is_benched:
            lane.next_ask_s = math.inf
            self._leave(lane)
        else:
            lane.make_pair()
            self.n_turns += 1

    def count_sent(self, lane: Lane, n: int) -> None:
        """Count leads in the hour that it is now."""
        hours = self.month.sent[lane.name]
        hours[min(int(self.now // HOUR_S), len(hours) - 1)] += n

    def count_deferred(self, lane: Lane) -> None:
        """Count the leads of a line that wait for a budget, each once."""
        if lane.deferred_by is not None:
            self.month.lines[lane.deferred_by].n_deferred += lane.count_newly_deferred()

    def _send(self, lane: Lane, reservation: Reservation) -> None:
        self.pace = reservation.pace
        self._keep(lane, reservation.share)
        n_charged, last_s = 0, self.now
        for delay_s in reservation.delays_s:
            last_s = self.now + delay_s
            if self.clay.troubles and not self._is_taken(lane, last_s):
                break
            n_charged += 1
            if self.watch:
                self.watch(last_s)
        # One that backs off asks later than it would.
        lane.next_ask_s = max(lane.next_ask_s, last_s + ANSWER_S)
        if n_charged:
            lane.n_failed = 0
            lane.charge(reservation.slot, n_charged, self.now, last_s)
            self.expenses.charge(lane.name, n_charged)
            self.count_sent(lane, n_charged)
        if not lane.queue.n:
            self._leave(lane)

    def _is_taken(self, lane: Lane, at_s: float) -> bool:
        """Whether Clay takes a lead, or may have; if not, the rest of the grant is not sent."""
        work = self.month.work
        match self.clay.answer(at_s):
            case ClayAnswer.OVER_THE_RATE:
                work.n_rate_limited += 1
                slower = slow_down(self.pace, at_s, self.now)
                self.pace = throttle(slower, self.scenario.rate, at_s, DEFAULT_RETRY_AFTER_S)
                return False
            case ClayAnswer.NO_CONNECTION:
                work.n_not_connected += 1
                work.n_times_given_up += lane.back_off(at_s)
                return False
            case ClayAnswer.IN_DOUBT:
                lane.n_in_doubt += 1
                return True
            case ClayAnswer.TAKEN:
                return True

    def _keep(self, lane: Lane, share: FairShare) -> None:
        self.shares = replace(self.shares, of={**self.shares.of, lane.priority: share})

    def _leave(self, lane: Lane) -> None:
        """Let the others see that nobody of this priority wants anything for now."""
        self.n_turns += 1
        asking = (one.priority for one in self.lanes.values() if one.is_asking)
        if lane.priority not in asking:
            self._keep(lane, self.shares.gone(lane.priority))
