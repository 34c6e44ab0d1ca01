"""Does a simulated month keep the grant's limits, lose no lead, and leap over nothing?"""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.examples import dear
from support.scenes.month_scene import AT_A_TIME, CLAY, arrivals, one_day, rates, unlike

from clayload.capacity.placement import sending_time_s
from clayload.capacity.simulation.incidents import Failures, Incident, IncidentKind
from clayload.capacity.simulation.scenario import (
    DAY_S,
    HOUR_S,
    LOAD_AT_S,
    Scenario,
    ScenarioAsk,
    write_scenarios,
)
from clayload.capacity.simulation.simulate import simulate_month
from clayload.capacity.simulation.tally import SimulatedMonth
from clayload.delivery.pace import Rate
from clayload.model import Priority
from clayload.tables.read import read_tables

CONFIG = read_tables(Path(__file__).parents[3] / "config" / "tables.yaml")
ROUNDING = 1e-3


def go_wrong(scenario: Scenario, kind: IncidentKind, begin_s: float, end_s: float) -> Scenario:
    return replace(scenario, incidents=(Incident(kind, begin_s, end_s, "normal-leads"),))


RATE_KINDS = (IncidentKind.OUTSIDER, IncidentKind.STORM)
PLAIN_KINDS = tuple(kind for kind in IncidentKind if kind not in RATE_KINDS)


def draw_some(*kinds: IncidentKind) -> st.SearchStrategy[list[Incident]]:
    """Draw incidents whose edges no lead meets to the microsecond: there rounding would decide."""
    return st.lists(
        st.builds(
            lambda kind, begin_s, lasts_s: Incident(
                kind, begin_s, begin_s + lasts_s, "normal-leads"
            ),
            st.sampled_from(kinds),
            # The last goes on past the end of the day: of one that lasts all day each second is
            # asked for, and none leapt over.
            st.sampled_from([0.0173, 5.0173, 100.0173, 3_600.0173, 40_010.0173, 86_000.0173]),
            st.sampled_from([3.0, 600.0, 7_200.0]),
        ),
        max_size=4,
    )


@dear(10)
@given(rates, arrivals)
def test_no_window_holds_more_than_burst_and_rate_times_its_length(
    rate: Rate, come: list[tuple[float, Priority, int]]
) -> None:
    sent: list[float] = []
    simulate_month(
        [one_day(*((at, who, n % 500 + 1) for at, who, n in come), rate=rate)], sent.append
    )
    sent.sort()
    # n leads in t seconds, for every window: n(last) - n(first) <= burst + rate x t.
    lowest = float("inf")
    for number, at in enumerate(sent):
        lowest = min(lowest, number - rate.per_s * at)
        assert number + 1 - rate.per_s * at - lowest <= rate.burst + ROUNDING


@dear(10)
@given(rates, arrivals, draw_some(*IncidentKind))
def test_every_lead_ends_somewhere_whatever_goes_wrong(
    rate: Rate, come: list[tuple[float, Priority, int]], wrong: list[Incident]
) -> None:
    month = simulate_month([replace(one_day(*come, rate=rate), incidents=tuple(wrong))])
    assert month.total.n_leads == sum(n for _, _, n in come)
    for name, table in month.tables.items():
        assert table.n_leads == table.n_delivered + table.n_in_doubt + table.n_owed
        assert sum(month.sent[name]) == table.n_charged
        assert month.owed[name][-1] == table.n_owed
        assert table.n_in_doubt == 0 or any(one.kind is IncidentKind.FAILING for one in wrong)


@dear(10)
@given(rates, arrivals, draw_some(*PLAIN_KINDS))
def test_leaping_over_rounds_changes_nothing(
    rate: Rate, come: list[tuple[float, Priority, int]], wrong: list[Incident]
) -> None:
    scenario = replace(one_day(*come, rate=rate), incidents=tuple(wrong))
    step_by_step = simulate_month([scenario], lambda _at: None)
    assert step_by_step.work.n_leapt == 0
    assert unlike(simulate_month([scenario]), step_by_step) == {}


@pytest.mark.parametrize("kind", RATE_KINDS)
def test_leaping_changes_little_where_a_microsecond_decides_on_a_429(kind: IncidentKind) -> None:
    """One 429 more costs a second's pause and some seconds of a lower rate, and no lead."""
    scenario = go_wrong(one_day((0.0, Priority.NORMAL, 60_000)), kind, 700.0, 1_300.0)
    leapt, step_by_step = simulate_month([scenario]), simulate_month([scenario], lambda _at: None)
    assert leapt.total.n_delivered == step_by_step.total.n_delivered == 60_000
    waits_s = (leapt.total.longest_wait_s, step_by_step.total.longest_wait_s)
    assert waits_s[0] == pytest.approx(waits_s[1], abs=15)


def test_most_leads_of_a_long_load_are_leapt_over() -> None:
    month = simulate_month([one_day((0.0, Priority.NORMAL, 400_000))])
    assert month.work.n_leapt > 0.99 * 400_000
    assert month.total.n_delivered == 400_000


def test_the_time_is_the_one_that_is_planned() -> None:
    for rate in (CLAY, Rate(20.0, 40), Rate(200.0, 100)):
        month = simulate_month([one_day((0.0, Priority.NORMAL, 30_000), rate=rate)])
        planned_s = sending_time_s(rate, 30_000)
        assert month.total.longest_wait_s == pytest.approx(planned_s, rel=0.001)


def test_the_same_seed_gives_the_same_month_and_another_seed_another() -> None:
    def months(seed: int) -> SimulatedMonth:
        ask = ScenarioAsk(10_000, n_workspaces=2, seed=seed, failures=Failures.MANY)
        return simulate_month(write_scenarios(ask, CONFIG, AT_A_TIME))

    assert months(7) == months(7)
    assert months(7).sent != months(8).sent


@pytest.mark.parametrize("n_workspaces", [1, 3, 4])
@pytest.mark.parametrize("at_once", [False, True])
def test_a_scenario_has_all_leads_asked_for(n_workspaces: int, at_once: bool) -> None:  # noqa: FBT001 - pytest's
    ask = ScenarioAsk(100_003, n_workspaces, at_once=at_once)
    scenarios = write_scenarios(ask, CONFIG, AT_A_TIME)
    assert len(scenarios) == n_workspaces
    of_each = [sum(one.n for one in scenario.arrivals) for scenario in scenarios]
    assert sum(of_each) == 100_003
    assert max(of_each) - min(of_each) <= len(CONFIG.tables)


def test_without_a_number_the_volumes_of_the_tables_come() -> None:
    (scenario,) = write_scenarios(ScenarioAsk(n_events=3), CONFIG, AT_A_TIME)
    for name, table in CONFIG.tables.items():
        come = [one for one in scenario.arrivals if one.table == name]
        assert sum(one.n for one in come) == table.volume_per_month
        if table.priority is Priority.LOW:
            assert len({one.at_s for one in come}) == 3
        if table.priority is Priority.NORMAL:
            assert [one.at_s for one in come] == [LOAD_AT_S]


def test_a_table_goes_on_with_a_made_pair_when_its_slots_or_rows_are_used_up() -> None:
    month = simulate_month([one_day((0.0, Priority.NORMAL, 120_000))])
    table = month.tables["normal-leads"]
    # 45,000 and 5,000 fill the table; then pairs of 45,000 and 25,000.
    assert (table.n_slots, table.n_made, table.n_owed) == (4, 2, 0)
    used_up = simulate_month([one_day((0.0, Priority.NORMAL, 3_000), limit=1_000)])
    assert used_up.tables["normal-leads"].n_made == 1


def test_leads_of_high_priority_pass_a_backlog() -> None:
    inbound = ((float(hour * HOUR_S), Priority.HIGH, 50) for hour in range(1, 9))
    month = simulate_month([one_day((0.0, Priority.NORMAL, 300_000), *inbound)])
    assert month.tables["high-leads"].longest_wait_s < 10
    assert month.tables["normal-leads"].longest_wait_s > 8 * HOUR_S


def test_somebody_else_in_the_workspace_costs_429s_and_time_but_no_lead() -> None:
    calm = one_day((0.0, Priority.NORMAL, 50_000))
    month = simulate_month([go_wrong(calm, IncidentKind.OUTSIDER, 600.0, 4_200.0)])
    assert month.work.n_rate_limited > 10
    assert month.total.n_delivered == 50_000
    slower_s = month.total.longest_wait_s - simulate_month([calm]).total.longest_wait_s
    # 30 % of an hour is gone at least; what gives way beside it is less than another half hour.
    assert 0.3 * HOUR_S <= slower_s < 0.8 * HOUR_S


def test_while_the_host_is_down_nothing_is_sent_and_the_load_is_started_again() -> None:
    calm = one_day((0.0, Priority.NORMAL, 100_000))
    month = simulate_month([go_wrong(calm, IncidentKind.DOWN, float(HOUR_S), 2.0 * HOUR_S)])
    assert month.sent["normal-leads"][1] <= AT_A_TIME
    assert month.work.n_times_given_up >= 10
    assert month.total.n_delivered == 100_000
    late_s = month.total.longest_wait_s - simulate_month([calm]).total.longest_wait_s
    assert HOUR_S <= late_s <= HOUR_S + 320


def test_where_clay_fails_one_of_fifty_is_in_doubt_and_counts_against_the_slot() -> None:
    calm = one_day((0.0, Priority.NORMAL, 20_000))
    month = simulate_month([go_wrong(calm, IncidentKind.FAILING, 100.0, 600.0)])
    assert month.total.n_in_doubt == pytest.approx(500 * CLAY.per_s / 50, abs=1)
    assert month.total.n_charged == 20_000


def test_a_table_whose_only_slot_is_refused_waits_and_the_others_do_not() -> None:
    calm = one_day((0.0, Priority.NORMAL, 5_000), (0.0, Priority.HIGH, 5_000))
    tables = tuple(
        replace(table, begins_as=replace(table.begins_as, slots=table.begins_as.slots[:1]))
        for table in calm.tables
    )
    scenario = go_wrong(replace(calm, tables=tables), IncidentKind.SUSPENDED, 60.0, 4.0 * HOUR_S)
    month = simulate_month([scenario])
    assert month.tables["normal-leads"].longest_wait_s > 4 * HOUR_S
    assert month.tables["high-leads"].longest_wait_s < 600
    two_slots = simulate_month([go_wrong(calm, IncidentKind.SUSPENDED, 60.0, 4.0 * HOUR_S)])
    assert two_slots.tables["normal-leads"].longest_wait_s < 1_100
    assert two_slots.tables["normal-leads"].n_slots == 2


def test_what_does_not_fit_the_month_is_owed_at_its_end() -> None:
    month = simulate_month([one_day((0.0, Priority.LOW, 2_000_000))])
    total = month.total
    assert total.n_delivered == pytest.approx(10 * DAY_S, rel=0.001)
    assert total.n_owed == 2_000_000 - total.n_delivered
    assert total.longest_wait_s == pytest.approx(DAY_S, abs=1)


def test_mishaps_of_a_kind_never_overlap() -> None:
    for seed in range(20):
        ask = ScenarioAsk(500_000, failures=Failures.MANY, seed=random.Random(seed).randrange(999))  # noqa: S311
        (scenario,) = write_scenarios(ask, CONFIG, AT_A_TIME)
        for kind in IncidentKind:
            spans = [(one.begin_s, one.end_s) for one in scenario.incidents if one.kind is kind]
            assert spans
            assert all(a[1] <= b[0] for a, b in pairwise(spans))
