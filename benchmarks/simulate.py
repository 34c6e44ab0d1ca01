"""What does a simulated month cost, beside a bare loop over as many leads?

    python benchmarks/simulate.py                    10,000,000 leads, 3 runs, about a minute

In:    the configuration in `config/`, four workspaces, a month with failures.
Out:   the simulation's time as a part of that of a bare loop which only counts one moment a lead;
       the same under budgets that defer most leads, and without leaping over rounds; memory at a
       tenth of the leads and at all of them.
       Exit code 1 when an aim is missed.
Never: figures of two moments compared: the paths take turns, each in a fresh process.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from clayload.capacity.simulation.incidents import Failures
from clayload.capacity.simulation.scenario import HOUR_S, ScenarioAsk, write_scenarios
from clayload.capacity.simulation.simulate import simulate_month
from clayload.tables.costs import LeadCost
from clayload.tables.read import read_tables

CONFIG = Path(__file__).resolve().parents[1] / "config" / "tables.yaml"
N_WORKSPACES, LEADS_AT_A_TIME = 4, 40
MOST_S = 60.0
MAX_OF_LOOP = 5.0
MAX_MEMORY_GROWTH = 1.1
PER_S = 10.0

Told = dict[str, float]


def run_ours(n_leads: int) -> int:
    """Simulate a month; gives the leads that have an end."""
    return _simulate(ScenarioAsk(n_leads, N_WORKSPACES, failures=Failures.SOME), is_leaping=True)


def run_budgeted(n_leads: int) -> int:
    """Simulate it where the budgets hold for a third of the leads, some of them each day."""
    credits_per_billing_month = n_leads / N_WORKSPACES / 3
    ask = ScenarioAsk(
        n_leads,
        N_WORKSPACES,
        failures=Failures.SOME,
        credits_per_billing_month=credits_per_billing_month,
        credits_per_day=credits_per_billing_month / 20,
    )
    return _simulate(ask, is_leaping=True)


def run_steps(n_leads: int) -> int:
    """Simulate it grant by grant."""
    ask = ScenarioAsk(n_leads, N_WORKSPACES, failures=Failures.SOME)
    return _simulate(ask, is_leaping=False)


def _simulate(ask: ScenarioAsk, *, is_leaping: bool) -> int:
    config = read_tables(CONFIG)
    costs = {name: LeadCost(1.0, 1.0) for name in config.tables}
    scenarios = write_scenarios(ask, config, LEADS_AT_A_TIME, costs)
    total = simulate_month(scenarios, None if is_leaping else _look_away).total
    return total.n_charged + total.n_deferred + total.n_owed


def _look_away(_at_s: float) -> None:
    """Be told of every lead, so that none is leapt over."""


def run_loop(n_leads: int) -> int:
    """Count each lead in its hour at the workspace's rate, and nothing else."""
    hours: dict[int, int] = {}
    at_s, interval_s = 0.0, 1 / PER_S
    for _ in range(n_leads):
        at_s += interval_s
        hour = int(at_s // HOUR_S)
        hours[hour] = hours.get(hour, 0) + 1
    return sum(hours.values())


PATHS: dict[str, Callable[[int], int]] = {
    "ours": run_ours,
    "budgeted": run_budgeted,
    "steps": run_steps,
    "loop": run_loop,
}


def tell(path: str, n_leads: int) -> Told:
    """Run a path in this process."""
    began = time.perf_counter()
    n_ended = PATHS[path](n_leads)
    took_s = time.perf_counter() - began
    if n_ended != n_leads:
        raise SystemExit(f"{path}: {n_ended:,} of {n_leads:,} leads have an end")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"took_s": took_s, "peak_mb": peak}


def measure(path: str, n_leads: int) -> Told:
    """Run a path in a fresh process."""
    command = [sys.executable, __file__, "--path", path, "--leads", str(n_leads)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    told: Told = json.loads(done.stdout)
    return told


def compare(n_leads: int, n_runs: int) -> bool:
    """Let the paths take turns, print the ratios, and tell whether they are within bounds."""
    n_few = n_leads // 10
    rounds = [
        {
            "ours": measure("ours", n_leads),
            "budgeted": measure("budgeted", n_leads),
            "loop": measure("loop", n_leads),
            "few": measure("ours", n_few),
            "steps": measure("steps", n_few),
        }
        for _ in range(n_runs)
    ]

    def median_of(first: str, second: str, what: str) -> float:
        return statistics.median(told[first][what] / told[second][what] for told in rounds)

    last = rounds[-1]
    took_s = {
        path: statistics.median(told[path]["took_s"] for told in rounds)
        for path in ("ours", "budgeted")
    }
    of_loop = median_of("ours", "loop", "took_s")
    growth = median_of("ours", "few", "peak_mb")
    print(f"ours    {took_s['ours']:6.2f} s  at most {MOST_S:g}; over {N_WORKSPACES} workspaces")
    print(f"budgets {took_s['budgeted']:6.2f} s  the same, most leads deferred")
    print(f"loop    {last['loop']['took_s']:6.2f} s  a bare loop that counts as many leads")
    print(f"ours / loop               {of_loop:6.2f}  at most {MAX_OF_LOOP}")
    of_steps = median_of("few", "steps", "took_s")
    print(f"ours / grant by grant     {of_steps:6.2f}  {n_few:,} leads, no aim")
    print(
        f"memory, all / a tenth     {growth:6.2f}  at most {MAX_MEMORY_GROWTH}: "
        f"{last['ours']['peak_mb']:.0f} and {last['few']['peak_mb']:.0f} MB"
    )
    return max(took_s.values()) <= MOST_S and of_loop <= MAX_OF_LOOP and growth <= MAX_MEMORY_GROWTH


def main() -> int:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description="Measure the simulation against a bare loop.")
    parser.add_argument("--leads", type=int, default=10_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--path", choices=list(PATHS))
    args = parser.parse_args()
    if args.path:
        print(json.dumps(tell(args.path, args.leads)))
        return 0
    print(f"{args.leads:,} leads, medians of {args.runs} runs of each, in turn")
    return 0 if compare(args.leads, args.runs) else 1


if __name__ == "__main__":
    sys.exit(main())
