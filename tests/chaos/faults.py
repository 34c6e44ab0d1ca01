"""What does the load make of a fault that strikes while it sends?

In:    a fault, and a place.
Out:   one row: what was lost, doubled and in doubt, how long it was silent, what the user saw.
Never: a second load before the fault is over: the user would wait as well.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from support.scenes.load_kit import CYCLE, WORKSPACE, Ended, Process, Workbench, end
from support.scenes.load_tables import FINANCE, TECH, BenchOptions, Lead, make_leads
from support.servers.standin_process import Document, start_standin

from chaos.arrivals import longest_silence_s, read_arrivals
from chaos.bounds import broken_by_rate, overshoot
from chaos.gate import Gate
from chaos.place import POSTGRES, SQLITE, Place
from chaos.row import Row
from chaos.truth import Truth, read_truth

OPTIONS = BenchOptions((TECH, FINANCE), rate_per_s=20, burst=60)
"""A lead may come 0.3 s late: that is what a busy machine of two cores takes."""
_N_LEADS, _N_LEADS_SMALL = 300, 120
_END_WITHIN_S = 240
_MOST_LOADS = 4
_KNOWN_EXITS = (0, 12, 20, 21)
_THROUGH = (0, 21)
_CODE = re.compile(r"CLY-[A-Z]{3}-\d\d")


@dataclass(slots=True)
class Scene:
    """A load under way and all that a fault may touch. `over_at`: when the fault has passed."""

    place: Place
    bench: Workbench
    extract: Path
    stack: ExitStack
    env: dict[str, str]
    process: Process | None = None
    gate: Gate | None = None
    ended: list[Ended] = field(default_factory=list)
    over_at: float = 0.0

    @property
    def minute_s(self) -> float:
        """How long a fault lasts that lasts for a minute; shorter in the small version."""
        return 3.0 if self.place.is_small else 60.0

    @property
    def command(self) -> tuple[str, ...]:
        """The load."""
        return ("load", str(self.extract), "--cycle", CYCLE, "--json")

    def n_answers(self, *labels: str) -> int:
        """Count what the stand-in answered so far: `429`, `reset`."""
        answers = self.bench.standin.traffic(WORKSPACE)["answers"]
        return sum(int(answers.get(label, 0)) for label in labels)

    def last_for(self, seconds: float) -> None:
        """Say that the fault passes in so many seconds."""
        self.over_at = time.monotonic() + seconds

    def wait_until_over(self) -> None:
        """Wait until the fault has passed."""
        time.sleep(max(0.0, self.over_at - time.monotonic()))


def _nothing(_scene: Scene) -> None:
    """Strike nothing."""


def _none(_scene: Scene) -> int:
    """No lead may be in doubt."""
    return 0


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault: made ready before the load, struck at its row `at_row`.

    `most_in_doubt` says, afterwards, how many leads may be in doubt at most. `exits`: what the
    load that was struck may end with.
    """

    what: str
    strike: Callable[[Scene], None] = _nothing
    prepare: Callable[[Scene], None] = _nothing
    most_in_doubt: Callable[[Scene], int] = _none
    exits: tuple[int, ...] = (0,)
    options: BenchOptions = OPTIONS
    env: Mapping[str, str] = field(default_factory=dict)
    ledgers: tuple[str, ...] = (SQLITE, POSTGRES)
    is_attempt: bool = False
    answers_429: bool = False
    at_row: int = 60


def run_fault(place: Place, fault: Fault) -> Row:
    """Load while the fault strikes, and again as a user would, until the load is through."""
    with start_standin() as standin, ExitStack() as stack:
        bench = place.make_bench(standin, fault.options)
        leads = _make_leads(_N_LEADS_SMALL if place.is_small else _N_LEADS)
        scene = Scene(place, bench, bench.write_csv(leads), stack, dict(fault.env))
        fault.prepare(scene)
        _load_struck(scene, fault)
        while scene.ended[-1].exit_code not in _THROUGH and len(scene.ended) < _MOST_LOADS:
            scene.wait_until_over()
            scene.ended.append(bench.run(*scene.command, **scene.env))
        scene.wait_until_over()
        row = _describe(scene, fault, read_truth(bench, [lead["email"] for lead in leads]))
        place.on_message(f"{fault.what} on {place.ledger}: {row.seen}; {row.cells[-1]}")
        return row


def _make_leads(n: int) -> list[Lead]:
    return make_leads("Software", n * 2 // 3) + make_leads("Banking", n // 3)


def _load_struck(scene: Scene, fault: Fault) -> None:
    with scene.bench.start(*scene.command, **scene.env) as process:
        scene.process = process
        scene.bench.wait_for_rows(fault.at_row)
        fault.strike(scene)
        scene.ended.insert(0, end(process, _END_WITHIN_S))


def _describe(scene: Scene, fault: Fault, truth: Truth) -> Row:
    most_in_doubt = fault.most_in_doubt(scene)
    silence_s = longest_silence_s(read_arrivals(scene.bench))
    traffic = scene.bench.standin.traffic(WORKSPACE)
    return Row(
        what=fault.what,
        ledger=scene.place.ledger,
        how_often=f"{truth.n_leads} leads, load run {_describe_times(len(scene.ended))}",
        n_lost=len(truth.lost),
        n_doubled=truth.n_doubled,
        in_doubt=f"{len(truth.in_doubt)} ({most_in_doubt})",
        is_listed=not truth.n_not_listed,
        measured=f"longest silence {silence_s:.1f} s, overshoot {overshoot(traffic):g}, "
        f"{scene.n_answers('429')} answers 429",
        seen=", then ".join(_describe_end(ended) for ended in scene.ended),
        broken=(
            *truth.broken_laws(in_doubt_at_most=most_in_doubt),
            *_broken_by_ends(scene, fault),
            *_broken_by_pace(scene, fault, traffic),
        ),
    )


def _describe_times(n: int) -> str:
    return {1: "once", 2: "twice"}.get(n, f"{n} times")


def _describe_end(ended: Ended) -> str:
    """Say what the user sees: the exit code, and the codes of what went wrong."""
    told = ended.stderr + (str(ended.json.get("problems", "")) if ended.stdout else "")
    codes = dict.fromkeys(_CODE.findall(told))
    return " ".join([f"exit {ended.exit_code}", *codes])


def _broken_by_ends(scene: Scene, fault: Fault) -> Iterator[str]:
    for ended in scene.ended:
        if ended.exit_code not in _KNOWN_EXITS:
            yield f"exit code {ended.exit_code}"
        if "Traceback" in ended.stderr:
            yield "a traceback on standard error"
    if (first := scene.ended[0].exit_code) not in fault.exits:
        yield f"exit code {first} where {' or '.join(map(str, fault.exits))} is due"
    sql = "SELECT COUNT(*) FROM submissions WHERE n_attempts > 1"
    ((n_attempts,),) = scene.bench.query(sql)
    if n_attempts and not fault.is_attempt:
        yield f"{n_attempts} leads used attempts for what was not theirs"


def _broken_by_pace(scene: Scene, fault: Fault, traffic: Document) -> Iterator[str]:
    yield from broken_by_rate(traffic, 0 if fault.answers_429 else scene.n_answers("429"))
