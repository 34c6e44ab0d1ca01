"""How would a month go: when is what sent, how long does it wait, which slots does it take?

In:    scenarios, one for each workspace.
Out:   what came of the month.
Never: a sleep, or a byte sent: the clock is set forward from one grant to the next.

Each table asks as its chunks would: for some leads; again once the last of them is answered, or the
wait is over. Where nothing happens from outside, the same round of grants comes again and again;
`clayload.capacity.simulation.fast_forward` repeats it by counting.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from operator import attrgetter

from clayload.capacity.simulation.fast_forward import FastForward
from clayload.capacity.simulation.incidents import Incident, IncidentKind
from clayload.capacity.simulation.scenario import HOUR_S, Arrival, Scenario
from clayload.capacity.simulation.tally import SimulatedMonth
from clayload.capacity.simulation.workspace import Sending, Watcher

_Event = tuple[float, Callable[[], None]]


def simulate_month(scenarios: Iterable[Scenario], watch: Watcher | None = None) -> SimulatedMonth:
    """Simulate each workspace by itself, and add them up.

    Args:
        scenarios: at least one, all of the same tables and length.
        watch: told the moment of every lead that goes on the wire; then no round is leapt over.
    """
    months = (_simulate_workspace(scenario, watch) for scenario in scenarios)
    month = next(months)
    for other in months:
        month.merge(other)
    return month


def _simulate_workspace(scenario: Scenario, watch: Watcher | None) -> SimulatedMonth:
    sending = Sending(scenario, watch)
    course = _Course(sending, FastForward(sending))
    for at_s, happen in course.list_events():
        course.send_until(at_s)
        sending.now = at_s
        happen()
    for name, line in sending.lanes.items():
        line.queue.close(scenario.length_s)
        line.fill_tally(sending.month.tables[name])
    sending.expenses.close()
    return sending.month


@dataclass(slots=True)
class _Course:
    """What happens to one workspace from outside, and what it sends in between."""

    sending: Sending
    fast_forward: FastForward

    def list_events(self) -> list[_Event]:
        """List what happens from outside, in order; the last is the end of the month."""
        scenario = self.sending.scenario
        # An hour ends before what comes at its end, so it stands first: the order is stable.
        events: list[_Event] = [
            (float(HOUR_S * (hour + 1)), partial(self._end_hour, hour))
            for hour in range(round(scenario.length_s) // HOUR_S)
        ]
        # What was deferred is taken up again before anything new comes.
        events += [(at_s, self._renew) for at_s in self.sending.expenses.list_renewals()]
        events += [(one.at_s, partial(self._arrive, one)) for one in scenario.arrivals]
        events += [(one.begin_s, partial(self._go_wrong, one)) for one in scenario.incidents]
        events += [(one.end_s, partial(self._fix, one)) for one in scenario.incidents]
        in_time = [event for event in events if event[0] <= scenario.length_s]
        return sorted(in_time, key=lambda event: event[0])

    def send_until(self, end_s: float) -> None:
        """Grant and send until the next event; what is granted just before it is sent after."""
        lines = self.sending.lanes.values()
        while owing := [line for line in lines if line.queue.n]:
            line = min(owing, key=attrgetter("next_ask_s"))
            if line.next_ask_s >= end_s:
                return
            self.sending.now = line.next_ask_s
            self.fast_forward.skip_ahead(line, end_s)
            self.sending.ask(line)

    def _arrive(self, arrival: Arrival) -> None:
        sending = self.sending
        line = sending.lanes[arrival.table]
        if not line.queue.n:
            line.next_ask_s = max(line.next_ask_s, sending.now)
        line.queue.add(sending.now, arrival.n)
        sending.month.tables[arrival.table].n_leads += arrival.n
        sending.count_deferred(line)
        sending.n_turns += 1

    def _end_hour(self, hour: int) -> None:
        month = self.sending.month
        for name, line in self.sending.lanes.items():
            if line.deferred_by is None:
                month.owed[name][hour] = line.queue.n
            else:
                month.deferred[line.deferred_by][hour] += line.queue.n

    def _renew(self) -> None:
        sending = self.sending
        sending.expenses.renew(sending.now)
        for line in sending.lanes.values():
            line.take_up(sending.now)
        sending.n_turns += 1

    def _go_wrong(self, incident: Incident) -> None:
        sending = self.sending
        if incident.kind is IncidentKind.SUSPENDED:
            sending.lanes[incident.table].suspend()
        else:
            sending.clay.begin(incident.kind, sending.now, sending.pace.tat)
        sending.n_turns += 1

    def _fix(self, incident: Incident) -> None:
        sending = self.sending
        if incident.kind is IncidentKind.SUSPENDED:
            sending.lanes[incident.table].fix(sending.now)
        else:
            sending.clay.end(incident.kind, sending.now)
        sending.n_turns += 1
