"""How soon does a load end that is told to, whatever it is waiting for just then?

In:    a place.
Out:   one row: three loads, each stopped in a wait of another kind, and how long each took to end.
Never: a load that is sending at full speed: those are stopped at random moments elsewhere.
"""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from sqlite3 import OperationalError

from sqlalchemy.exc import ProgrammingError
from support.scenes.load_kit import CYCLE, END_WITHIN_S, Workbench, end
from support.scenes.load_tables import FINANCE, BenchOptions, make_leads
from support.servers.standin_process import StandIn, start_standin

from chaos.bounds import CHUNKS_AT_ONCE, IN_FLIGHT
from chaos.place import Place
from chaos.row import Row
from chaos.truth import Truth, read_truth

_N_LEADS = 200
_SOON_S = 6.0
"""What would wait for answers takes seven."""
_TERMINATED = 143
_OPEN = "state = 'sending'"
_OPTIONS = BenchOptions((FINANCE,), rate_per_s=100, burst=100)


@dataclass(frozen=True, slots=True)
class Wait:
    """What a load waits for, what makes it wait, and how soon it has to end."""

    what: str
    within_s: float
    faults: tuple[Mapping[str, object], ...] = ()
    answers: bool = True
    silences: bool = False


WAITS = (
    Wait(
        "Clay asks for two minutes of silence",
        _SOON_S,
        ({"kind": "answer", "code": 429, "retry_after_s": 120},),
        silences=True,
    ),
    Wait("answers take 25 s", 10.0, ({"kind": "latency", "latency_s": 25.0, "when": "after"},)),
    Wait("nobody answers", _SOON_S, answers=False),
)


@dataclass(frozen=True, slots=True)
class Stopped:
    """A load that was stopped in a wait."""

    wait: Wait
    took_s: float
    exit_code: int
    n_open: int
    truth: Truth

    def broken_laws(self) -> Iterator[str]:
        """Say which laws this stop broke."""
        if self.took_s > self.wait.within_s:
            yield f"{self.wait.what}: {self.took_s:.1f} s, {self.wait.within_s:g} s at most"
        if self.exit_code != _TERMINATED:
            yield f"{self.wait.what}: exit code {self.exit_code}"
        if self.n_open:
            yield f"{self.wait.what}: {self.n_open} leads left open"
        yield from self.truth.broken_laws(in_doubt_at_most=CHUNKS_AT_ONCE * IN_FLIGHT, may_owe=True)


def run_waits(place: Place) -> Row:
    """Stop a load in each of the waits."""
    with start_standin() as standin:
        stopped = [_stop_in(place, standin, wait) for wait in WAITS]
    row = _describe(place, stopped)
    place.on_message(f"waits on {place.ledger}: {row.measured}; {row.cells[-1]}")
    return row


def _stop_in(place: Place, standin: StandIn, wait: Wait) -> Stopped:
    bench = place.make_bench(standin, _OPTIONS)
    standin.faults(*wait.faults)
    leads = make_leads("Banking", _N_LEADS)
    command = ("load", str(bench.write_csv(leads)), "--cycle", CYCLE)
    with _make_environ(wait) as environ, bench.start(*command, **environ) as process:
        _wait_until_it_waits(bench, wait)
        asked_at = time.monotonic()
        process.send_signal(signal.SIGTERM)
        ended = end(process)
        took_s = time.monotonic() - asked_at
    truth = read_truth(bench, [lead["email"] for lead in leads])
    return Stopped(wait, took_s, ended.exit_code, _count(bench, _OPEN), truth)


@contextmanager
def _make_environ(wait: Wait) -> Iterator[dict[str, str]]:
    """Where nobody is to answer, point the webhook at a port that nobody listens on."""
    if wait.answers:
        yield {}
        return
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield {FINANCE.slots[0].url_variable: f"http://127.0.0.1:{taken.getsockname()[1]}/hook"}


def _wait_until_it_waits(bench: Workbench, wait: Wait) -> None:
    if not wait.answers:
        _wait_until(lambda: _count(bench, "n_attempts > 0") > 0)
        return
    bench.wait_for_posts(1)
    if wait.silences:
        _wait_until(lambda: _count(bench, _OPEN) == 0)


def _wait_until(is_so: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + END_WITHIN_S
    while not is_so():
        if time.monotonic() > give_up_at:
            raise TimeoutError
        time.sleep(0.05)


def _count(bench: Workbench, which: str) -> int:
    try:
        ((n,),) = bench.query(f"SELECT COUNT(*) FROM submissions WHERE {which}")  # noqa: S608 - conditions of ours
    except (OperationalError, ProgrammingError):
        return 0  # there is no ledger yet
    return int(n)


def _describe(place: Place, stopped: list[Stopped]) -> Row:
    truths = [one.truth for one in stopped]
    return Row(
        what="SIGTERM while " + ", or ".join(one.wait.what for one in stopped),
        ledger=place.ledger,
        how_often=f"{len(stopped)} loads of {_N_LEADS}",
        n_lost=sum(len(truth.lost) for truth in truths),
        n_doubled=sum(truth.n_doubled for truth in truths),
        in_doubt=f"{max(len(truth.in_doubt) for truth in truths)} ({CHUNKS_AT_ONCE * IN_FLIGHT})",
        is_listed=not any(truth.n_not_listed for truth in truths),
        measured="ends after "
        + ", ".join(f"{one.took_s:.1f} s (at most {one.wait.within_s:g} s)" for one in stopped),
        seen="exit " + ", ".join(str(one.exit_code) for one in stopped),
        broken=tuple(law for one in stopped for law in one.broken_laws()),
    )
