"""Do four processes keep to one limit, and do they get all of it?

In:    a place; with an outsider, somebody else who takes half the rate for a while.
Out:   one row: overshoot by the stand-in's clock, share of what is allowed, answers 429.
Never: the loaders' own figures.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

import httpx
from support.scenes.load_kit import CYCLE, WORKSPACE, Process, Workbench, end
from support.scenes.load_tables import TECH, BenchOptions, make_leads
from support.servers.standin_process import Document, start_standin

from chaos.arrivals import Arrival, count_within, read_arrivals
from chaos.bounds import broken_by_rate, overshoot
from chaos.place import Place
from chaos.row import Row
from chaos.truth import Truth, read_truth

RATE_PER_S, BURST = 10, 20
N_PROCESSES = 4
TERMINATED, END_WITHIN_S = 143, 10
LEAST_SHARE, LEAST_SHARE_AFTER = 0.98, 0.95
_ALONE_S, _ALONE_S_SMALL = 60, 4
_BEFORE_S, _OUTSIDER_S, _OUTSIDER_PER_S, _AFTER_S = 10, 20, 5, 45
N_PROCESSES_SMALL = 2
_BURST_SMALL = 100
"""A machine with other work may bring leads a second late: that is what a tenth of it bears."""
_INSIST_EVERY_S = 0.02
_BACK_WITHIN_S, _WINDOW_S = 30, 10
_OPTIONS = BenchOptions((TECH,), RATE_PER_S, BURST)
_OUTSIDER = "outsider"


@dataclass(frozen=True, slots=True)
class Outsider:
    """Somebody else who sent: when they left (epoch seconds), and how many answers 429 they got."""

    left_at: float = 0.0
    n_refused: int = 0


@dataclass(frozen=True, slots=True)
class Measured:
    """What the stand-in saw of the four: arrivals, traffic, and how they ended when asked to."""

    arrivals: Sequence[Arrival]
    traffic: Document
    truth: Truth
    exits: tuple[int, ...]
    ended_within_s: float
    outsider: Outsider

    @property
    def n_rate_limited(self) -> int:
        """Answers 429 to the four."""
        return int(self.traffic["answers"].get("429", 0)) - self.outsider.n_refused

    def broken_laws(self) -> Iterator[str]:
        """Say which laws do not hold that hold with or without an outsider."""
        yield from self.truth.broken_laws(in_doubt_at_most=0, may_owe=True)
        if set(self.exits) != {TERMINATED}:
            yield f"exit codes {self.exits} after SIGTERM"

    def describe(self, what: str, place: Place, measured: str, broken: Sequence[str]) -> Row:
        """Give the row."""
        if self.ended_within_s > END_WITHIN_S and not place.is_small:
            broken = (*broken, f"{self.ended_within_s:.1f} s from SIGTERM to the end")
        row = Row(
            what=what,
            ledger=place.ledger,
            how_often=f"{len(self.arrivals):,} leads",
            n_lost=len(self.truth.lost),
            n_doubled=self.truth.n_doubled,
            in_doubt=f"{len(self.truth.in_doubt)} (0)",
            is_listed=not self.truth.n_not_listed,
            measured=measured,
            seen=f"SIGTERM at the end: exit {TERMINATED} in {self.ended_within_s:.1f} s",
            broken=(*broken, *self.broken_laws()),
        )
        place.on_message(f"{what} on {place.ledger}: {measured}; {row.cells[-1]}")
        return row


def run_alone(place: Place) -> Row:
    """Let four processes share the rate for a minute."""
    alone_s, burst = (_ALONE_S_SMALL, _BURST_SMALL) if place.is_small else (_ALONE_S, BURST)
    measured = _measure(place, alone_s)
    start = measured.arrivals[0].at
    allowed = burst + RATE_PER_S * alone_s
    share = count_within(measured.arrivals, start, alone_s) / allowed
    broken = list(broken_by_rate(measured.traffic, measured.n_rate_limited))
    if share < LEAST_SHARE and not place.is_small:
        broken.append(f"{share:.1%} of what is allowed")
    figures = (
        f"{share:.1%} of what is allowed; overshoot {overshoot(measured.traffic):g}, in any "
        f"window; {measured.n_rate_limited} answers 429"
    )
    what = f"{_count_processes(place)} processes at {RATE_PER_S}/s, burst {burst}, for {alone_s} s"
    return measured.describe(what, place, figures, broken)


def run_beside_outsider(place: Place) -> Row:
    """Let somebody else take half the rate for 20 s, and see when the four have it back."""
    measured = _measure(place, _BEFORE_S, with_outsider=True)
    left_at = measured.outsider.left_at
    ours = [each for each in measured.arrivals if not each.lead_key.startswith(_OUTSIDER)]
    back_s = _back_after_s(ours, left_at)
    late = count_within(ours, left_at + _BACK_WITHIN_S, _WINDOW_S) / (RATE_PER_S * _WINDOW_S)
    n_theirs = len(measured.arrivals) - len(ours)
    broken = []
    if n_theirs < _OUTSIDER_PER_S * _OUTSIDER_S * LEAST_SHARE_AFTER:
        broken.append(f"the outsider got only {n_theirs} in: nothing is shown")
    if back_s is None or back_s > _BACK_WITHIN_S:
        broken.append(f"not back at {LEAST_SHARE_AFTER:.0%} after {_BACK_WITHIN_S} s")
    if late < LEAST_SHARE_AFTER:
        broken.append(f"{late:.1%} of the rate {_BACK_WITHIN_S} s after the outsider left")
    beside = count_within(ours, left_at - _OUTSIDER_S, _OUTSIDER_S) / (RATE_PER_S * _OUTSIDER_S)
    figures = (
        f"{beside:.0%} of the rate beside the outsider (who took "
        f"{n_theirs / (RATE_PER_S * _OUTSIDER_S):.0%}); back at "
        f"{LEAST_SHARE_AFTER:.0%} after {'-' if back_s is None else f'{back_s:g}'} s, then "
        f"{late:.1%}; {measured.n_rate_limited} answers 429 to the four"
    )
    what = f"the same, and an outsider takes half the rate for {_OUTSIDER_S} s"
    return measured.describe(what, place, figures, broken)


def _count_processes(place: Place) -> int:
    return N_PROCESSES_SMALL if place.is_small else N_PROCESSES


def _measure(place: Place, seconds: float, *, with_outsider: bool = False) -> Measured:
    """Run the four, and then as long as it takes to see what an outsider does to them."""
    span_s = seconds + (_OUTSIDER_S + _AFTER_S if with_outsider else 0)
    # More than its part, for each: none of them shall be through before the end.
    options = replace(_OPTIONS, burst=_BURST_SMALL) if place.is_small else _OPTIONS
    n_each = round(options.burst + RATE_PER_S * span_s)
    n_processes = _count_processes(place)
    parts = [make_leads("Software", n_each, first=i * n_each) for i in range(n_processes)]
    outsider = Outsider()
    with start_standin() as standin, ExitStack() as stack:
        bench = place.make_bench(standin, options)
        extracts = [bench.write_csv(part, f"part-{i}.csv") for i, part in enumerate(parts)]
        started = [
            stack.enter_context(bench.start("load", extract, "--cycle", CYCLE))
            for extract in extracts
        ]
        bench.wait_for_rows(1)
        time.sleep(seconds + 1)
        if with_outsider:
            outsider = _send_as_outsider(bench)
            time.sleep(_AFTER_S)
        exits, ended_within_s = _terminate(started)
        emails = [lead["email"] for part in parts for lead in part]
        traffic = bench.standin.traffic(WORKSPACE)
        truth = read_truth(bench, emails)
        arrivals = read_arrivals(bench)
    return Measured(arrivals, traffic, truth, exits, ended_within_s, outsider)


def _send_as_outsider(bench: Workbench) -> Outsider:
    """Send into the same workspace past the ledger, evenly; what is refused, at once again."""
    slot = TECH.slots[1]
    url, headers = bench.standin.webhook_url(slot.source_id), {"x-clay-webhook-auth": slot.token}
    started, n_refused = time.monotonic(), 0
    with httpx.Client(headers=headers, trust_env=False) as client:
        for number in range(_OUTSIDER_S * _OUTSIDER_PER_S):
            time.sleep(max(0.0, started + number / _OUTSIDER_PER_S - time.monotonic()))
            while client.post(url, json={"lead_key": f"{_OUTSIDER}-{number}"}).status_code == 429:
                n_refused += 1
                time.sleep(_INSIST_EVERY_S)
    return Outsider(time.time(), n_refused)


def _terminate(started: Sequence[Process]) -> tuple[tuple[int, ...], float]:
    asked_at = time.monotonic()
    for process in started:
        process.terminate()
    exits = tuple(end(process).exit_code for process in started)
    return exits, time.monotonic() - asked_at


def _back_after_s(ours: Sequence[Arrival], left_at: float) -> int | None:
    """Find after how many whole seconds a window first holds enough of the rate."""
    enough = LEAST_SHARE_AFTER * RATE_PER_S * _WINDOW_S
    seconds = range(_AFTER_S - _WINDOW_S + 1)
    return next((s for s in seconds if count_within(ours, left_at + s, _WINDOW_S) >= enough), None)
