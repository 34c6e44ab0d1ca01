"""Does the sending go round in circles, so that whole rounds can be leapt over?

In:    a workspace's sending, each time a line is about to ask for a grant.
Out:   the same sending, as many rounds later as nothing comes in between.
Never: a guess: what the grant's arithmetic did once from a state, it does again from it.

Far from any event the arithmetic knows only differences of times, so equal states have equal
futures. States are told apart to a microsecond; at 10,000 a second a lead has a hundred.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from clayload.capacity.simulation.lanes import Lane
from clayload.capacity.simulation.workspace import Sending
from clayload.delivery.fair_share import FairShare

_DIGITS = 6
_MOST_STATES = 2_000
_N_WORK = 2

State: TypeAlias = tuple[object, ...]
Counts: TypeAlias = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Round:
    """What happens between two moments of equal state: `counts` are the differences."""

    lasts_s: float
    counts: Counts


@dataclass(slots=True)
class FastForward:
    """The states of a sending that were seen, each with its moment and the counts until then."""

    sending: Sending
    _seen: dict[State, tuple[float, Counts]] = field(default_factory=dict)

    def skip_ahead(self, lane: Lane, end_s: float) -> None:
        """Repeat the round that ends with this line's turn, if one does, before `end_s`."""
        sending = self.sending
        if sending.watch or sending.clay.troubles or sending.pace.part_at(sending.now) < 1:
            return
        state = self._see(lane)
        found = self._find_round(state)
        if found is not None and (n_rounds := self._count_rounds(found, end_s)) > 0:
            self._repeat(found, n_rounds)
        if len(self._seen) >= _MOST_STATES:
            self._seen.clear()
        self._seen[state] = (sending.now, self._count())

    def _see(self, lane: Lane) -> State:
        """See all that the next grants depend on, as differences from now."""
        now, pace, shares = self.sending.now, self.sending.pace, self.sending.shares
        present = [(p, share) for p, share in shares.of.items() if share.present_until > now]
        least = min((share.served for _, share in present), default=0.0)
        return (
            self.sending.n_turns,
            lane.name,
            round(max(pace.tat - now, 0.0), _DIGITS),
            *(
                round(one.next_ask_s - now, _DIGITS)
                for one in self.sending.lanes.values()
                if one.is_asking
            ),
            *(
                (p, round(share.served - least, _DIGITS), round(share.present_until - now, _DIGITS))
                for p, share in present
            ),
        )

    def _find_round(self, state: State) -> Round | None:
        if state not in self._seen:
            return None
        began_s, then = self._seen[state]
        counts = tuple(a - b for a, b in zip(self._count(), then, strict=True))
        return Round(self.sending.now - began_s, counts)

    def _count(self) -> Counts:
        """Count what a round adds to: work, leads by line, and what each priority was granted."""
        work, shares = self.sending.month.work, self.sending.shares.of.values()
        sent = (lane.n_sent for lane in self.sending.lanes.values())
        return (work.n_asked, work.n_waits, *sent, *(share.served for share in shares))

    def _count_rounds(self, found: Round, end_s: float) -> int:
        """Count the rounds before the next event, and before a line, slot or budget ends."""
        lanes, ask_size = self.sending.lanes.values(), self.sending.scenario.ask_size
        bounds = [math.ceil((end_s - self.sending.now) / found.lasts_s) - 1]
        counts = zip(lanes, found.counts[_N_WORK:], strict=False)
        n_of = {lane.name: int(n) for lane, n in counts if n}
        for name, n in n_of.items():
            lane = self.sending.lanes[name]
            n_sure = min(lane.queue.n, lane.n_until_limit) - ask_size
            bounds.append(math.floor(n_sure / n))
        return min([*bounds, *self.sending.expenses.bound_rounds(n_of, ask_size)])

    def _repeat(self, found: Round, n_rounds: int) -> None:
        sending, begin_s = self.sending, self.sending.now
        leapt_s = n_rounds * found.lasts_s
        n_asked, n_waits, *others = (n_rounds * count for count in found.counts)
        sending.month.work.n_asked += int(n_asked)
        sending.month.work.n_waits += int(n_waits)
        sending.now += leapt_s
        sending.pace = replace(sending.pace, tat=max(sending.pace.tat, begin_s) + leapt_s)
        for lane, n in zip(sending.lanes.values(), others, strict=False):
            lane.next_ask_s += leapt_s
            if n:
                lane.charge_in_rounds(int(n), begin_s, sending.now)
                sending.count_sent(lane, int(n))
                sending.expenses.charge(lane.name, int(n))
                sending.month.work.n_leapt += int(n)
        self._serve(others[len(sending.lanes) :], begin_s, leapt_s)

    def _serve(self, served: list[float], begin_s: float, leapt_s: float) -> None:
        """Give those that are waiting what the rounds granted to them."""
        shares = self.sending.shares
        of = {
            priority: FairShare(share.served + more, share.present_until + leapt_s)
            if share.present_until > begin_s
            else share
            for (priority, share), more in zip(shares.of.items(), served, strict=True)
        }
        self.sending.shares = replace(shares, of=of)
