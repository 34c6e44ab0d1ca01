"""Which scenarios are run, side by side or alone, and where does the table go?

    python -m chaos                                    all, on SQLite and Postgres
    python -m chaos kills --n 200 --ledger sqlite      one of them
    python -m chaos --write                            all; the table goes into docs/promises.md

In:    names of scenarios, the ledger, how many kills, the seed of their moments.
Out:   progress on standard error, one table on standard output; exit code 1 when a law is broken.
Never: a scenario that is timed beside one that keeps the machine busy.
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from chaos.fault_list import FAULTS
from chaos.faults import run_fault
from chaos.forecasts import run_planned, run_simulated
from chaos.kills import run_kills
from chaos.paces import run_alone, run_beside_outsider
from chaos.place import POSTGRES, SQLITE, Place, open_place
from chaos.priorities import run_priorities
from chaos.row import Row, render_table, write_between_markers
from chaos.slots import run_slots
from chaos.stops import run_stops
from chaos.waits import run_waits

_PAGE = Path(__file__).parents[2] / "docs" / "promises.md"
_LEDGERS = {"sqlite": (SQLITE,), "postgres": (POSTGRES,), "both": (SQLITE, POSTGRES)}
_SIDE_BY_SIDE = {
    "kills": 2,
    "stops": 2,
    "paces": 2,
    "faults": 4,
    "slots": 1,
    "priorities": 2,
    "moments": 1,
}
_telling = threading.Lock()
_started = time.monotonic()


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario by name; those of a group may run side by side."""

    name: str
    group: str
    run: Callable[[Place], Row]
    ledgers: tuple[str, ...] = (SQLITE, POSTGRES)


def list_scenarios(n_kills: int, seed: int) -> list[Scenario]:
    """List every scenario, in the order of the table."""
    return [
        Scenario("kills", "kills", partial(run_kills, n_kills=n_kills, seed=seed)),
        Scenario("stops", "stops", partial(run_stops, n_stops=n_kills // 2, seed=seed)),
        Scenario("four-processes", "paces", run_alone),
        Scenario("outsider", "paces", run_beside_outsider),
        *(
            Scenario(name, "faults", partial(run_fault, fault=fault), fault.ledgers)
            for name, fault in FAULTS.items()
        ),
        Scenario("slots", "slots", run_slots),
        Scenario("priorities", "priorities", run_priorities),
        Scenario("waits", "moments", run_waits),
        Scenario("planned", "moments", run_planned, (SQLITE,)),
        Scenario("simulated", "moments", run_simulated, (SQLITE,)),
    ]


def main() -> None:
    """Run what is asked for, and print the table."""
    asked = _read_arguments()
    scenarios = list_scenarios(asked.n, asked.seed)
    names = asked.names or [scenario.name for scenario in scenarios]
    if unknown := set(names) - {scenario.name for scenario in scenarios}:
        sys.exit(f"no scenario {', '.join(unknown)}; there are {', '.join(_names(scenarios))}")
    chosen = [scenario for scenario in scenarios if scenario.name in names]
    rows = list(_run_all(chosen, _LEDGERS[asked.ledger]))
    table = render_table(rows)
    sys.stdout.write(f"{table}\n")
    if asked.write:
        write_between_markers(_PAGE, f"{_describe_run(asked)}\n\n{table}")
    sys.exit(any(row.broken for row in rows))


def _names(scenarios: Sequence[Scenario]) -> list[str]:
    return [scenario.name for scenario in scenarios]


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m chaos")
    parser.add_argument("names", nargs="*", help="scenarios; all of them without")
    parser.add_argument("--ledger", choices=list(_LEDGERS), default="both")
    parser.add_argument(
        "--n", type=int, default=200, help="kills on each ledger; half as many stops"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the moments of kills and stops")
    parser.add_argument("--write", action="store_true", help="into docs/promises.md")
    return parser.parse_args()


def _run_all(scenarios: Sequence[Scenario], ledgers: Sequence[str]) -> Iterator[Row]:
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        # Postgres refuses to run as root, and its other user must be able to enter.
        Path(folder).chmod(0o755)
        for group, of_group in itertools.groupby(scenarios, key=lambda each: each.group):
            with ThreadPoolExecutor(_SIDE_BY_SIDE[group]) as pool:
                jobs = [
                    pool.submit(_run_one, scenario, ledger, Path(folder))
                    for scenario in of_group
                    for ledger in ledgers
                    if ledger in scenario.ledgers
                ]
                yield from (job.result() for job in jobs)


def _run_one(scenario: Scenario, ledger: str, folder: Path) -> Row:
    try:
        own = folder / f"{scenario.name}-{ledger}"
        own.mkdir()
        with open_place(ledger, own) as place:
            place.on_message = _tell
            return scenario.run(place)
    except Exception as error:  # noqa: BLE001 - a scenario that fails is a law that was not shown
        _tell(traceback.format_exc())
        reason = f"it did not end: {type(error).__name__}: {error}"
        return Row(scenario.name, ledger, "-", 0, 0, "-", False, "-", "-", (reason,))  # noqa: FBT003 - nothing was listed


def _tell(line: str) -> None:
    with _telling:
        sys.stderr.write(f"{time.monotonic() - _started:6.0f} s  {line}\n")


def _describe_run(asked: argparse.Namespace) -> str:
    minutes = (time.monotonic() - _started) / 60
    scenarios = " ".join(["python -m chaos", *asked.names])
    return (
        f"Made by `make chaos` ({scenarios} --ledger {asked.ledger} --n {asked.n} --seed "
        f"{asked.seed}) on {os.cpu_count()} cores in {minutes:.0f} minutes; the stand-in in "
        "another process, every load the real command. Lost and doubled are counted in the "
        "stand-in's rows."
    )


if __name__ == "__main__":
    main()
