"""What is left of a load that is killed again and again, at any moment of its life?

In:    how many kills, and the seed of the moments.
Out:   one row: what all the loads lost, doubled and left in doubt, and when they sent again.
Never: a moment chosen by what the load is doing: each is drawn from its whole expected life.
"""

from __future__ import annotations

import random
import statistics
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import OperationalError

from sqlalchemy.exc import ProgrammingError
from support.scenes.load_kit import CYCLE, Ended, Workbench, end
from support.scenes.load_tables import FINANCE, TECH, BenchOptions, Lead, make_leads
from support.servers.standin_process import StandIn, start_standin

from chaos.bounds import most_in_doubt
from chaos.place import Place
from chaos.row import Row
from chaos.truth import Truth, read_truth

RATE_PER_S, BURST = 200, 40
MOST_IN_DOUBT = most_in_doubt(RATE_PER_S)
_LEADS_OF_A_LOAD = (500, 2_000)
_KILLS_OF_A_LOAD = (4, 10)
_ANSWER_S = {"kind": "latency", "latency_s": 0.01, "jitter_s": 0.04}
_LONGER = 1.05
"""How much longer than expected a life is taken to be: the last moments are to be met too."""
_GRANTS = "SELECT lead_key, grant_id FROM submissions WHERE state IN ({})"

GrantOfLead = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Kill:
    """One kill: how many rows that process had brought, and which grants of leads it left open."""

    n_rows: int
    left_open: frozenset[GrantOfLead]


@dataclass(frozen=True, slots=True)
class KilledLoad:
    """A load that was killed several times and then run to its end.

    `idle_s`: how long that last command lived beside the time its leads had to take.
    """

    kills: tuple[Kill, ...]
    last: Ended
    truth: Truth
    in_doubt: frozenset[GrantOfLead]
    sent_again_s: float | None
    idle_s: float

    @property
    def in_doubt_of_each(self) -> list[int]:
        """Count the leads in doubt because of each kill: the first that found their grant open."""
        counts, left = [], self.in_doubt
        for kill in self.kills:
            counts.append(len(left & kill.left_open))
            left -= kill.left_open
        return counts

    def broken_laws(self) -> Iterator[str]:
        """Say which laws this load broke."""
        most = max(self.in_doubt_of_each, default=0)
        if most > MOST_IN_DOUBT:
            yield f"{most} leads in doubt after one kill, {MOST_IN_DOUBT} at most may be"
        if n_others := len(self.in_doubt) - sum(self.in_doubt_of_each):
            yield f"{n_others} leads in doubt that no kill left open"
        expected = 21 if self.truth.in_doubt else 0
        if self.last.exit_code != expected:
            yield f"exit code {self.last.exit_code} instead of {expected}"
        yield from self.truth.broken_laws(in_doubt_at_most=MOST_IN_DOUBT * len(self.kills))


@dataclass(slots=True)
class Killer:
    """Kills loads on a workbench at moments of its dice; `idle_s` is the life of an empty load."""

    bench: Workbench
    dice: random.Random
    idle_s: float

    def run_load(self, leads: Sequence[Lead], n_kills: int) -> KilledLoad:
        """Load these leads, killed `n_kills` times or until through, then once more to the end."""
        extract = self.bench.write_csv(leads)
        command = ("load", str(extract), "--cycle", CYCLE, "--json")
        kills: list[Kill] = []
        while len(kills) < n_kills and (kill := self._kill_once(command, len(leads))):
            kills.append(kill)
        n_before = _count_rows(self.bench)
        started_at = time.time()
        last = self.bench.run(*command)
        lived_s = time.time() - started_at
        return KilledLoad(
            kills=tuple(kills),
            last=last,
            truth=read_truth(self.bench, [lead["email"] for lead in leads]),
            in_doubt=frozenset(self.bench.query(_GRANTS.format("'in_doubt'"))),
            sent_again_s=_first_row_after(self.bench, n_before, started_at),
            idle_s=max(lived_s - (len(leads) - sum(n_before.values())) / RATE_PER_S, 0.0),
        )

    def _kill_once(self, command: Sequence[str], n_leads: int) -> Kill | None:
        """Start the load and kill it at a moment of its life; None where it was through before."""
        n_before = self.bench.n_rows()
        life_s = self.idle_s + (n_leads - n_before) / RATE_PER_S
        with self.bench.start(*command) as process:
            try:
                process.communicate(timeout=self.dice.uniform(0, life_s * _LONGER))
            except subprocess.TimeoutExpired:
                process.kill()
                end(process)
            else:
                return None
        time.sleep(_settle_s())
        return Kill(self.bench.n_rows() - n_before, _left_open(self.bench))


def run_kills(place: Place, n_kills: int, seed: int) -> Row:
    """Kill loads until `n_kills` processes have been killed; one row for all of them."""
    dice = random.Random(seed)  # noqa: S311 - repeatable moments, not secrets
    loads: list[KilledLoad] = []
    with start_standin() as standin:
        idle_s = measure_idle(place, standin)
        while (n_left := n_kills - sum(len(load.kills) for load in loads)) > 0:
            n_of_load = min(dice.randint(*_KILLS_OF_A_LOAD), n_left)
            n_leads = _LEADS_OF_A_LOAD[0] if place.is_small else dice.randint(*_LEADS_OF_A_LOAD)
            killer = Killer(make_bench(place, standin), dice, idle_s)
            loads.append(killer.run_load(make_leads_of_both(n_leads), n_of_load))
            # Measured anew each time: what else the machine does changes meanwhile.
            idle_s = loads[-1].idle_s
            _tell(place, seed, loads)
    return _describe(place, loads, seed)


def make_bench(place: Place, standin: StandIn) -> Workbench:
    bench = place.make_bench(standin, BenchOptions((TECH, FINANCE), RATE_PER_S, BURST))
    standin.faults(_ANSWER_S)
    return bench


def make_leads_of_both(n: int) -> list[Lead]:
    n_tech = n * 7 // 10
    return make_leads("Software", n_tech) + make_leads("Banking", n - n_tech)


def measure_idle(place: Place, standin: StandIn) -> float:
    """Measure how long the command lives that has next to nothing to send."""
    bench = make_bench(place, standin)
    extract = bench.write_csv(make_leads("Software", 1))
    started = time.monotonic()
    bench.load(extract)
    return time.monotonic() - started


def _settle_s() -> float:
    """What the stand-in may still be storing: what was on its way when the load died."""
    return 0.1


def _left_open(bench: Workbench) -> frozenset[GrantOfLead]:
    try:
        return frozenset(bench.query_left_behind(_GRANTS.format("'sending', 'in_doubt'")))
    except (OperationalError, ProgrammingError):
        return frozenset()  # killed before there was a ledger


def _count_rows(bench: Workbench) -> dict[str, int]:
    return {table.name: bench.standin.row_count(table.name) for table in bench.options.tables}


def _first_row_after(bench: Workbench, n_before: dict[str, int], started_at: float) -> float | None:
    """Tell how long after the start the first further row arrived, if any did."""
    first = [row for name, n in n_before.items() for row in bench.standin.rows(name, n, limit=1)]
    arrivals = [datetime.fromisoformat(row["received_at"]).timestamp() for row in first]
    return min(arrivals) - started_at if arrivals else None


def _tell(place: Place, seed: int, loads: Sequence[KilledLoad]) -> None:
    n_kills = sum(len(load.kills) for load in loads)
    n_in_doubt = sum(len(load.truth.in_doubt) for load in loads)
    broken = "; ".join(loads[-1].broken_laws()) or "all laws kept"
    place.on_message(
        f"kills on {place.ledger} (seed {seed}): {n_kills} in {len(loads)} loads, "
        f"{n_in_doubt} in doubt so far; {broken}"
    )


def _describe(place: Place, loads: Sequence[KilledLoad], seed: int) -> Row:
    truths = [load.truth for load in loads]
    kills = [kill for load in loads for kill in load.kills]
    in_doubt = [n for load in loads for n in load.in_doubt_of_each]
    again_s = [load.sent_again_s for load in loads if load.sent_again_s is not None]
    n_silent = sum(kill.n_rows == 0 for kill in kills)
    n_arrived = sum(truth.n_arrived for truth in truths)
    leads = [truth.n_leads for truth in truths]
    return Row(
        what=f"SIGKILL at a random moment (seed {seed}), then the same command again",
        ledger=place.ledger,
        how_often=f"{len(kills)} kills in {len(loads)} loads of {min(leads):,} to {max(leads):,}",
        n_lost=sum(len(truth.lost) for truth in truths),
        n_doubled=sum(truth.n_doubled for truth in truths),
        in_doubt=f"{max(in_doubt, default=0)} a kill ({MOST_IN_DOUBT}); {sum(in_doubt)} in all",
        is_listed=not any(truth.n_not_listed for truth in truths),
        measured=f"{n_silent} kills before the first row; {n_arrived} of the leads in doubt had "
        f"arrived; {_describe_waits(again_s)}",
        seen=_describe_exits(loads),
        broken=tuple(dict.fromkeys(law for load in loads for law in load.broken_laws())),
    )


def _describe_waits(again_s: Sequence[float]) -> str:
    if not again_s:
        return "nothing left to send again"
    median_s = statistics.median(again_s)
    return f"sends again after {median_s:.1f} s (median), {max(again_s):.1f} s (most)"


def _describe_exits(loads: Sequence[KilledLoad]) -> str:
    codes = sorted({load.last.exit_code for load in loads})
    return "exit " + " or ".join(map(str, codes)) + " at the end"
