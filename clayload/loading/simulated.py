"""What is a person told of a simulated month?

In:    what was asked, and the surroundings.
Out:   what came of the month with its credits and Actions, and sections that say it.
Never: a figure without what it was assumed from.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from clayload.capacity.credits import SpendRange, add_up, spend_for
from clayload.capacity.lines import STARTED_AGAIN_S
from clayload.capacity.mishaps import EVERY_NTH_IN_DOUBT, Failures, count_mishaps
from clayload.capacity.scenario import HOUR_S, ScenarioAsk, write_scenarios
from clayload.capacity.sending import ANSWER_S
from clayload.capacity.simulate import simulate_month
from clayload.capacity.tally import SimulatedMonth, TableTally
from clayload.loading.deliver import grant_size
from clayload.loading.month import Section
from clayload.loading.setup import Setup
from clayload.loading.simulated_budgets import describe_lines
from clayload.loading.spending import costs_of
from clayload.model import Priority
from clayload.report.grids import Grid
from clayload.report.moments import describe_seconds
from clayload.tables.catalogue import Level
from clayload.tables.costs import cost_of_lead

_HOURS_A_DAY = 24


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


def sum_up_simulated(simulated: Simulated) -> str:
    """Say in two sentences what came of the month."""
    ask, total, spend = simulated.ask, simulated.month.total, simulated.spend.likely
    each = "" if ask.n_workspaces == 1 else f" over {ask.n_workspaces} workspaces"
    length = "at once" if ask.at_once else f"in {ask.n_days} days"
    rate = simulated.month.scenarios[0].rate
    left = [
        f"{n:,} are still {what} at its end"
        for n, what in ((total.n_deferred, "deferred by a budget"), (total.n_owed, "owed"))
        if n
    ]
    said = ", ".join(left) or "all are sent"
    wait = describe_seconds(total.longest_wait_s)
    return (
        f"{total.n_leads:,} leads {length}{each} at {rate.per_s:g}/s and burst {rate.burst:,}: "
        f"{said}, the longest wait is {wait}. {spend.credits:,} data credits, "
        f"{spend.actions:,} Actions, {total.n_slots:,} webhook slots, of which {total.n_made:,} "
        "are to be made"
    )


def describe_simulated(simulated: Simulated) -> tuple[Section, ...]:
    """Say all of it, the most important first."""
    return (
        _describe_tables(simulated),
        _describe_peaks(simulated),
        _describe_spend(simulated),
        *describe_lines(simulated.month),
        *_describe_mishaps(simulated),
        Section("Assumed", Grid((), ()), tuple(_list_assumptions(simulated))),
    )


def _describe_tables(simulated: Simulated) -> Section:
    month = simulated.month
    has_budgets = bool(month.lines)
    deferred = ("still\ndeferred",) if has_budgets else ()
    leads = ("table", "leads", "delivered", "in\ndoubt", *deferred, "still\nowed")
    header = (*leads, "longest\nwait", "slots\nused", "of them\nto make")
    tables = {**month.tables, "all": month.total}
    rows = (_row_of(name, table, has_budgets=has_budgets) for name, table in tables.items())
    return Section("By table", Grid(header, tuple(rows), n_totals=1))


def _row_of(name: str, table: TableTally, *, has_budgets: bool) -> tuple[str, ...]:
    deferred = (table.n_deferred,) if has_budgets else ()
    counts = (table.n_leads, table.n_delivered, table.n_in_doubt, *deferred, table.n_owed)
    return (
        name,
        *(f"{n:,}" for n in counts),
        describe_seconds(table.longest_wait_s),
        f"{table.n_slots:,}",
        f"{table.n_made:,}",
    )


def _describe_peaks(simulated: Simulated) -> Section:
    month, work = simulated.month, simulated.month.work
    total = month.total
    (busy, n_busy), (late, n_late) = month.busiest_hour, month.most_owed
    n_possible = simulated.per_s * month.scenarios[0].length_s
    pace = f"{n_busy / HOUR_S:,.1f}/s of {simulated.per_s:g}/s"
    rows = [
        ("busiest hour", f"{n_busy:,} leads, {pace} ({_say_hour(busy)})"),
        ("most leads owed at the end of an hour", f"{n_late:,} ({_say_hour(late)})"),
        *_list_deferred_peak(month),
        ("of all the month's rate", f"{total.n_charged / n_possible:.1%} used"),
        ("answers 429", f"{work.n_rate_limited:,}"),
        ("attempts without a connection", f"{work.n_not_connected:,}"),
        ("times a load gave up", f"{work.n_times_given_up:,}"),
        ("grants asked for", f"{work.n_asked:,}, of which {work.n_waits:,} were to wait"),
    ]
    return Section("Peaks and troubles", Grid(("", "figure"), tuple(rows)))


def _list_deferred_peak(month: SimulatedMonth) -> Iterator[tuple[str, str]]:
    if month.lines:
        hour, n = month.most_deferred
        yield "most leads deferred at the end of an hour", f"{n:,} ({_say_hour(hour)})"


def _say_hour(hour: int) -> str:
    return f"day {hour // _HOURS_A_DAY + 1}, {hour % _HOURS_A_DAY:02}:00"


def _describe_spend(simulated: Simulated) -> Section:
    spend = simulated.spend
    rows = (
        ("data credits", *(f"{spend.at(level).credits:,}" for level in Level)),
        ("Actions", *(f"{spend.at(level).actions:,}" for level in Level)),
    )
    sentence = "of leads that Clay has, or may have; by the steps of each table and clay.yaml"
    return Section("Credits and Actions", Grid(("", *Level), rows), (sentence,))


def _describe_mishaps(simulated: Simulated) -> Iterator[Section]:
    every = [mishap for one in simulated.month.scenarios for mishap in one.mishaps]
    if every:
        lasts_s = {mishap.kind: mishap.end_s - mishap.begin_s for mishap in every}
        rows = tuple(
            (kind.value, f"{n:,}", describe_seconds(lasts_s[kind]))
            for kind, n in count_mishaps(every).items()
        )
        yield Section("What goes wrong", Grid(("", "times", "for"), rows))


def _list_assumptions(simulated: Simulated) -> Iterator[str]:
    ask = simulated.ask
    yield from _assume_arrivals(simulated)
    if ask.n_workspaces > 1:
        yield (
            f"{ask.n_workspaces} workspaces share the leads evenly, each with a rate, tables, "
            "webhooks and budgets of its own"
        )
    yield (
        "slots begin as `used_before` says, the ledger is not read; where a table or its last slot "
        "is at its limit, a new table with a new webhook is there at once, for "
        "45,000 leads"
    )
    if simulated.month.lines:
        yield (
            "day 1 is the 1st of a month of 30 days, and nothing is spent before; what a budget "
            "defers is loaded again when it renews, at midnight, before anything that comes later"
        )
    yield (
        f"Clay answers after {ANSWER_S:g} s and refuses no lead; one in doubt is not sent again; "
        "credits and Actions are what is likely unless said otherwise"
    )
    if ask.failures is not Failures.NONE:
        yield (
            "what goes wrong begins in each workspace while the load is sent, or in the hour after "
            f"its beginning; of leads answered while some get 5xx, one of {EVERY_NTH_IN_DOUBT} is "
            "in doubt"
        )
        yield (
            "a load that gave up is started again after "
            f"{describe_seconds(STARTED_AGAIN_S)}; a refused slot is mended when its time is over, "
            "and a table without another waits for it"
        )


def _assume_arrivals(simulated: Simulated) -> Iterator[str]:
    ask = simulated.ask
    yield "leads spread over the tables as `volume_per_month` in tables.yaml says"
    if ask.at_once:
        yield "all leads are owed at the first moment, as in one load"
        return
    present = {table.priority for table in simulated.month.scenarios[0].tables}
    if Priority.HIGH in present:
        yield (
            "leads of tables with priority high come every hour, by night (20:00 to 08:00) half as "
            "many, and never evenly"
        )
    if Priority.NORMAL in present or not ask.n_events:
        yield "the monthly load begins on day 1 at 06:00, with all leads of the other tables"
    if Priority.LOW in present and ask.n_events:
        yield (
            f"leads of tables with priority low come at 18:00 after {ask.n_events} events, evenly "
            "over the month"
        )
