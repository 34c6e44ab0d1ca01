"""How long do urgent leads take to get past a great backlog, and what does the backlog keep?

In:    a place; a low-priority load of 100,000 leads, and small high-priority loads beside it.
Out:   one row: p50 and p99 from the start of an urgent load's command to each lead's acceptance.
Never: a backlog that stands still.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Self

from support.scenes.load_kit import CYCLE, Workbench, end
from support.scenes.load_tables import FINANCE, TECH, BenchOptions, make_leads
from support.servers.standin_process import start_standin

from chaos.arrivals import Arrival, count_within, read_arrivals
from chaos.paces import END_WITHIN_S, TERMINATED
from chaos.place import Place
from chaos.row import Row
from chaos.truth import Truth, read_truth

RATE_PER_S, BURST = 10, 20
N_BACKLOG, N_URGENT, EVERY_S = 100_000, 50, 10
_N_LOADS = 18
_PREPARED_WITHIN_S = 120
_P99_AT_MOST_S = 5 + N_URGENT / RATE_PER_S
_LEAST_USED = 0.98
_OPTIONS = BenchOptions(
    (replace(TECH, priority="high"), replace(FINANCE, priority="low")), RATE_PER_S, BURST
)


@dataclass(frozen=True, slots=True)
class Urgent:
    """The small loads: when each command was started and its run begun, its end, its leads.

    Times are epoch seconds.
    """

    started_at: tuple[float, ...]
    begun_at: tuple[float, ...]
    exits: tuple[int, ...]
    emails: tuple[tuple[str, ...], ...]

    @property
    def span_s(self) -> float:
        """Measure the time from the first start to the last."""
        return self.started_at[-1] - self.started_at[0]

    @property
    def begins_after_s(self) -> float:
        """Measure how long a command takes until its run begins: the median."""
        pairs = zip(self.started_at, self.begun_at, strict=True)
        return statistics.median(begun_at - started_at for started_at, begun_at in pairs)

    def waits_s(self, arrivals: Sequence[Arrival]) -> list[float]:
        """Measure each lead's time from the start of its command to its acceptance."""
        arrived_at = {arrival.lead_key: arrival.at for arrival in arrivals}
        return [
            arrived_at[email] - started_at
            for started_at, emails in zip(self.started_at, self.emails, strict=True)
            for email in emails
            if email in arrived_at
        ]


def run_priorities(place: Place) -> Row:
    """Let small urgent loads pass a backlog that is being sent."""
    with start_standin() as standin, ExitStack() as stack:
        bench = place.make_bench(standin, _OPTIONS)
        backlog = make_leads("Banking", N_BACKLOG)
        extract = bench.write_csv(backlog, "backlog.csv")
        process = stack.enter_context(bench.start("load", extract, "--cycle", CYCLE))
        # The burst is spent first, so that the rate alone is shared.
        bench.wait_for_rows(2 * BURST, _PREPARED_WITHIN_S)
        urgent = _load_urgent(bench, stack)
        process.terminate()
        exit_code = end(process, END_WITHIN_S).exit_code
        emails = [lead["email"] for lead in backlog]
        truth = read_truth(bench, [*emails, *(key for keys in urgent.emails for key in keys)])
        waits = Waits.measure(urgent, read_arrivals(bench))
        return _describe(place, urgent, waits, truth, exit_code)


def _load_urgent(bench: Workbench, stack: ExitStack) -> Urgent:
    first, started, started_at = time.monotonic(), [], []
    parts = [make_leads("Software", N_URGENT, first=i * N_URGENT) for i in range(_N_LOADS)]
    for number, part in enumerate(parts):
        extract = bench.write_csv(part, f"urgent-{number}.csv")
        time.sleep(max(0.0, first + number * EVERY_S - time.monotonic()))
        started_at.append(time.time())
        started.append(stack.enter_context(bench.start("load", extract, "--cycle", CYCLE)))
    exits = tuple(end(process).exit_code for process in started)
    emails = tuple(tuple(lead["email"] for lead in part) for part in parts)
    _, *begun_at = sorted(at for (at,) in bench.query("SELECT started_at FROM runs"))
    return Urgent(tuple(started_at), tuple(begun_at), exits, emails)


@dataclass(frozen=True, slots=True)
class Waits:
    """How long urgent leads took, and how the rate was used meanwhile, as parts of it."""

    n_sent: int
    p50_s: float
    p99_s: float
    used: float
    kept: float

    @classmethod
    def measure(cls, urgent: Urgent, arrivals: Sequence[Arrival]) -> Self:
        """Measure from the first urgent load's start to the last's."""
        waits_s = urgent.waits_s(arrivals)
        p50_s, p99_s = (statistics.quantiles(waits_s, n=100)[at - 1] for at in (50, 99))
        first_at, span_s = urgent.started_at[0], urgent.span_s
        of_backlog = [each for each in arrivals if "@banking" in each.lead_key]
        used, kept = (
            count_within(which, first_at, span_s) / (RATE_PER_S * span_s)
            for which in (arrivals, of_backlog)
        )
        return cls(len(waits_s), p50_s, p99_s, used, kept)

    def broken_laws(self) -> Iterator[str]:
        """Say which laws do not hold."""
        if self.n_sent < _N_LOADS * N_URGENT:
            yield f"{self.n_sent} urgent leads sent of {_N_LOADS * N_URGENT}"
        if self.p99_s > _P99_AT_MOST_S:
            yield f"p99 is {self.p99_s:.1f} s, {_P99_AT_MOST_S:g} s at most"
        if self.used < _LEAST_USED:
            yield f"{self.used:.1%} of the rate used"

    def __str__(self) -> str:
        return (
            f"p50 {self.p50_s:.1f} s, p99 {self.p99_s:.1f} s (at most {_P99_AT_MOST_S:g} s); the "
            f"backlog keeps {self.kept:.0%} of the rate, {self.used:.1%} is used"
        )


def _describe(place: Place, urgent: Urgent, waits: Waits, truth: Truth, exit_code: int) -> Row:
    broken = [*truth.broken_laws(in_doubt_at_most=0, may_owe=True), *waits.broken_laws()]
    if set(urgent.exits) != {0} or exit_code != TERMINATED:
        broken.append(f"exit codes {set(urgent.exits)}, and {exit_code} after SIGTERM")
    row = Row(
        what=f"{N_URGENT} high-priority leads every {EVERY_S} s past {N_BACKLOG:,} low ones at "
        f"{RATE_PER_S}/s",
        ledger=place.ledger,
        how_often=f"{_N_LOADS} loads in {urgent.span_s + EVERY_S:.0f} s",
        n_lost=len(truth.lost),
        n_doubled=truth.n_doubled,
        in_doubt=f"{len(truth.in_doubt)} (0)",
        is_listed=not truth.n_not_listed,
        measured=f"from the command's start ({urgent.begins_after_s:.1f} s until its run begins) "
        f"to acceptance {waits}",
        seen=f"exit 0; the backlog exit {exit_code} after SIGTERM",
        broken=tuple(broken),
    )
    place.on_message(f"priorities on {place.ledger}: {row.measured}; {row.cells[-1]}")
    return row
