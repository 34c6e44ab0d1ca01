"""How would a month of these tables go?

In:    how many leads, when, and what goes wrong; the configured tables.
Out:   the simulated month with what it spends, by table.
Never: a sentence; those are the report's.
"""

from __future__ import annotations

from dataclasses import dataclass

from clayload.capacity.credits import SpendRange, add_up, spend_for
from clayload.capacity.simulation.scenario import ScenarioAsk, write_scenarios
from clayload.capacity.simulation.simulate import simulate_month
from clayload.capacity.simulation.tally import SimulatedMonth
from clayload.delivery.pace import grant_size
from clayload.setup import Setup
from clayload.tables.costs import cost_of_lead, costs_of


@dataclass(frozen=True, slots=True)
class Simulated:
    """A simulated month, and what it costs; `spends` by table, for leads that Clay has."""

    ask: ScenarioAsk
    month: SimulatedMonth
    spends: dict[str, SpendRange]

    @property
    def per_s(self) -> float:
        """Leads a second that all workspaces allow together."""
        return self.month.scenarios[0].rate.per_s * self.ask.n_workspaces

    @property
    def spend(self) -> SpendRange:
        """Credits and Actions of all tables."""
        return add_up(self.spends.values())


def simulate_tables(ask: ScenarioAsk, setup: Setup) -> Simulated:
    """Simulate a month of the configured tables.

    Raises:
        ConfigError: the catalogue is wrong.
    """
    config, per_s = setup.config, ask.rate_per_s or setup.config.workspace.rate_per_s
    at_a_time = setup.settings.chunks_at_once * grant_size(per_s)
    costs = costs_of(config, setup.catalogue)
    month = simulate_month(write_scenarios(ask, config, at_a_time, costs))
    spends = {
        name: spend_for(
            cost_of_lead(table, config.workspace, setup.catalogue), month.tables[name].n_charged
        )
        for name, table in config.tables.items()
    }
    return Simulated(ask, month, spends)
