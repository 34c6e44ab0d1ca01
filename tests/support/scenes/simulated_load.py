"""Which load is both simulated and run, so that the two can be compared?

In:    a folder with the `tables.yaml` of a workbench made with OPTIONS.
Out:   the simulated month of N_OF leads that come at once, and the leads themselves.
Never: a figure that the simulation does not take from the configuration.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from clayload.capacity.simulation.incidents import Failures
from clayload.capacity.simulation.scenario import Arrival, ScenarioAsk, write_scenarios
from clayload.capacity.simulation.simulate import simulate_month
from clayload.capacity.simulation.tally import SimulatedMonth
from clayload.delivery.pace import grant_size
from clayload.settings import Settings
from clayload.tables.costs import LeadCost
from clayload.tables.read import read_tables
from support.scenes.load_tables import BenchOptions, BenchSlot, BenchTable, Lead, make_leads

N_OF = {"tech": 420, "finance": 150}
TABLES = (
    BenchTable(
        "tech",
        "Software",
        (BenchSlot("tech-1", 900, 1_000), BenchSlot("tech-2", 0, 300), BenchSlot("tech-3")),
    ),
    BenchTable("finance", "Banking", (BenchSlot("finance-1"), BenchSlot("finance-2"))),
)
OPTIONS = BenchOptions(TABLES, rate_per_s=80, burst=20)
COSTS = {"tech": LeadCost(6.0, 2.0), "finance": LeadCost(1.5, 1.0)}


def make_both() -> list[Lead]:
    """Make the leads of both tables."""
    return [*make_leads("Software", N_OF["tech"]), *make_leads("Banking", N_OF["finance"])]


def simulate(folder: Path) -> SimulatedMonth:
    """Simulate their load through the same `tables.yaml`."""
    ask = ScenarioAsk(n_days=1, failures=Failures.NONE, at_once=True)
    at_a_time = Settings().chunks_at_once * grant_size(OPTIONS.rate_per_s)
    config = read_tables(folder / "tables.yaml")
    (scenario,) = write_scenarios(ask, config, at_a_time, COSTS)
    arrivals = tuple(Arrival(0.0, table, n) for table, n in N_OF.items())
    return simulate_month([replace(scenario, arrivals=arrivals)])
