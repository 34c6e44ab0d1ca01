"""What is left of a load that a person or the machine tells to stop, at any moment of its life?

In:    how many stops, and the seed of the moments.
Out:   one row: what all the loads lost and doubled, how soon they ended, and with which exit code.
Never: a moment chosen by what the load is doing: each is drawn from its whole expected life.
"""

from __future__ import annotations

import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from support.scenes.load_kit import CYCLE, Ended, Process, Workbench, end
from support.servers.standin_process import StandIn, start_standin

from chaos.kills import RATE_PER_S, make_bench, make_leads_of_both, measure_idle
from chaos.place import Place
from chaos.row import Row
from chaos.truth import Truth, read_truth

ENDED_WITHIN_S = 10.0
"""As docs/how-to/stop-and-go-on.md promises."""
_N_LEADS = 500
_STOPS_OF_A_LOAD = (3, 6)
_ROWS_OF_A_CHUNK = "10"
"""So small that at most moments some chunk is being read, and another begins."""
_EXIT_CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}


@dataclass(frozen=True, slots=True)
class Stop:
    """One stop: by which signal, whether any row had come by then, or all by the end; its end."""

    sign: signal.Signals
    has_begun: bool
    has_all: bool
    took_s: float
    ended: Ended

    def broken_laws(self) -> Iterator[str]:
        """Say which laws this stop broke, whatever else the machine was doing."""
        if not self.has_begun:
            return  # Python itself was being loaded, perhaps
        if "Traceback" in self.ended.stderr:
            yield f"a traceback after {self.sign.name}"
        # With nothing left to send it may be through, or Python itself be on its way out.
        through = {0, -self.sign} if self.has_all else set()
        if self.ended.exit_code not in through | {_EXIT_CODES[self.sign]}:
            yield f"exit code {self.ended.exit_code} after {self.sign.name}"

    def late_laws(self) -> Iterator[str]:
        """Say whether it took too long, on a machine with nothing else to do."""
        if self.took_s > ENDED_WITHIN_S:
            yield f"ended {self.took_s:.1f} s after {self.sign.name}, {ENDED_WITHIN_S:g} s at most"


@dataclass(frozen=True, slots=True)
class StoppedLoad:
    """A load that was stopped several times and then run to its end."""

    stops: tuple[Stop, ...]
    last: Ended
    truth: Truth

    def broken_laws(self) -> Iterator[str]:
        """Say which laws this load broke: nothing may be in doubt, as every answer was awaited."""
        for stop in self.stops:
            yield from stop.broken_laws()
        if self.last.exit_code != 0:
            yield f"exit code {self.last.exit_code} at the end"
        yield from self.truth.broken_laws(in_doubt_at_most=0)


@dataclass(frozen=True, slots=True)
class Stopper:
    """Stops loads on a workbench at moments of its dice; `idle_s` is the life of an empty load."""

    bench: Workbench
    dice: random.Random
    idle_s: float

    def run_load(self, n_stops: int) -> StoppedLoad:
        """Load, stopped `n_stops` times or until through, then once more to the end."""
        leads = make_leads_of_both(_N_LEADS)
        extract = self.bench.write_csv(leads)
        command = ("load", str(extract), "--cycle", CYCLE)
        stops: list[Stop] = []
        while len(stops) < n_stops and (stop := self._stop_once(command)):
            stops.append(stop)
        last = self.bench.run(*command)
        truth = read_truth(self.bench, [lead["email"] for lead in leads])
        return StoppedLoad(tuple(stops), last, truth)

    def _stop_once(self, command: Sequence[str]) -> Stop | None:
        """Start the load and stop it at a moment of its life; None where it was through before."""
        n_before = self.bench.n_rows()
        life_s = self.idle_s + (_N_LEADS - n_before) / RATE_PER_S
        with self.bench.start(*command) as process:
            try:
                process.communicate(timeout=self.dice.uniform(0, life_s))
            except subprocess.TimeoutExpired:
                return self._stop(process, n_before)
        return None

    def _stop(self, process: Process, n_before: int) -> Stop:
        sign = self.dice.choice(list(_EXIT_CODES))
        has_begun = self.bench.n_rows() > n_before
        asked_at = time.monotonic()
        process.send_signal(sign)
        ended = end(process)
        took_s = time.monotonic() - asked_at
        return Stop(sign, has_begun, self.bench.n_rows() == _N_LEADS, took_s, ended)


def run_stops(place: Place, n_stops: int, seed: int) -> Row:
    """Stop loads until `n_stops` processes have been told to; one row for all of them."""
    dice = random.Random(seed)  # noqa: S311 - repeatable moments, not secrets
    loads: list[StoppedLoad] = []
    with start_standin() as standin:
        idle_s = measure_idle(place, standin)
        while (n_left := n_stops - sum(len(load.stops) for load in loads)) > 0:
            stopper = Stopper(_make_bench(place, standin), dice, idle_s)
            loads.append(stopper.run_load(min(dice.randint(*_STOPS_OF_A_LOAD), n_left)))
            broken = "; ".join(loads[-1].broken_laws()) or "all laws kept"
            n_stopped = sum(len(load.stops) for load in loads)
            place.on_message(f"stops on {place.ledger} (seed {seed}): {n_stopped}; {broken}")
    return _describe(place, loads, seed)


def _make_bench(place: Place, standin: StandIn) -> Workbench:
    bench = make_bench(place, standin)
    bench.environ["CLAYLOAD_CHUNK_ROWS"] = _ROWS_OF_A_CHUNK
    return bench


def _describe(place: Place, loads: Sequence[StoppedLoad], seed: int) -> Row:
    stops = [stop for load in loads for stop in load.stops]
    truths = [load.truth for load in loads]
    late = [] if place.is_small else [law for stop in stops for law in stop.late_laws()]
    codes = Counter(stop.ended.exit_code for stop in stops if stop.has_begun)
    return Row(
        what=f"Ctrl-C or SIGTERM at a random moment (seed {seed}), then the same command again",
        ledger=place.ledger,
        how_often=f"{len(stops)} stops in {len(loads)} loads of {_N_LEADS}",
        n_lost=sum(len(truth.lost) for truth in truths),
        n_doubled=sum(truth.n_doubled for truth in truths),
        in_doubt=f"{sum(len(truth.in_doubt) for truth in truths)} (0)",
        is_listed=not any(truth.n_not_listed for truth in truths),
        measured=f"{sum(not stop.has_begun for stop in stops)} stops before the first row; ends "
        f"after {max(stop.took_s for stop in stops):.1f} s at most ({ENDED_WITHIN_S:g} s)",
        seen="exit " + ", ".join(f"{code} ({n})" for code, n in sorted(codes.items())),
        broken=tuple(dict.fromkeys([law for load in loads for law in load.broken_laws()] + late)),
    )
