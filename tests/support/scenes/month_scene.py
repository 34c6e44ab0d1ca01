"""Which months do the tests of the simulation look at?

In:    which leads come when, at which rate.
Out:   a scenario of a day with a table for each priority; and what two months differ in.
Never: anything that goes wrong, or a budget: a test adds those itself.
"""

from __future__ import annotations

from hypothesis import strategies as st

from clayload.capacity.simulation.scenario import DAY_S, Arrival, Scenario, ScenarioTable
from clayload.capacity.simulation.tally import SimulatedMonth
from clayload.delivery.grant import SlotSnapshot, TableSnapshot
from clayload.delivery.pace import Rate
from clayload.model import Priority
from clayload.tables.workspace import PriorityWeights

CLAY = Rate(10.0, 20)
AT_A_TIME = 40
_COUNTS = ("n_leads", "n_delivered", "n_in_doubt", "n_deferred", "n_owed", "n_slots", "n_made")

rates = st.builds(Rate, st.sampled_from([0.5, 3.0, 10.0, 47.0]), st.integers(2, 100))
arrivals = st.lists(
    st.tuples(
        st.sampled_from([0.0, 0.7, 10.0, 3_599.9, 3_600.0, 40_000.0]),
        st.sampled_from(list(Priority)),
        st.integers(1, 1_500),
    ),
    min_size=1,
    max_size=6,
)


def describe_table(priority: Priority, limit: int = 45_000) -> ScenarioTable:
    name = f"{priority}-leads"
    slots = [SlotSnapshot(f"{name}-1", 0, limit), SlotSnapshot(f"{name}-2", 0, limit)]
    return ScenarioTable(name, priority, TableSnapshot(0, 50_000, slots), 45_000)


def one_day(
    *arrivals: tuple[float, Priority, int], rate: Rate = CLAY, limit: int = 45_000
) -> Scenario:
    return Scenario(
        rate=rate,
        weights=PriorityWeights().by_priority(),
        ask_size=AT_A_TIME,
        length_s=float(DAY_S),
        tables=tuple(describe_table(priority, limit) for priority in Priority),
        arrivals=tuple(Arrival(at_s, f"{priority}-leads", n) for at_s, priority, n in arrivals),
    )


def unlike(month: SimulatedMonth, other: SimulatedMonth) -> dict[str, object]:
    """What two months differ in, but for when exactly within its round a lead is sent.

    A round serves each priority as often as its weight says: 8, 3 and 1 leads, one after another.
    """
    figures = {}
    scenario = month.scenarios[0]
    within_s = 1 + sum(scenario.weights.values()) / scenario.rate.per_s
    for name, table in month.tables.items():
        its = other.tables[name]
        for figure in _COUNTS:
            if getattr(table, figure) != getattr(its, figure):
                figures[f"{name}.{figure}"] = (getattr(table, figure), getattr(its, figure))
        if abs(table.longest_wait_s - its.longest_wait_s) > within_s:
            figures[f"{name}.longest_wait_s"] = (table.longest_wait_s, its.longest_wait_s)
        hours = zip(month.sent[name], other.sent[name], strict=True)
        if any(abs(a - b) > AT_A_TIME for a, b in hours):
            figures[f"{name}.sent"] = (month.sent[name], other.sent[name])
    return figures
