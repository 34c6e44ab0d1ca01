"""What is a person told of a simulated month?

In:    what was asked, and the surroundings.
Out:   what came of the month with its credits and Actions, and sections that say it.
Never: a figure without what it was assumed from.
"""

from __future__ import annotations

from collections.abc import Iterator

from clayload.capacity.simulation.incidents import EVERY_NTH_IN_DOUBT, Failures, count_incidents
from clayload.capacity.simulation.lanes import STARTED_AGAIN_S
from clayload.capacity.simulation.scenario import HOUR_S
from clayload.capacity.simulation.simulated import Simulated
from clayload.capacity.simulation.tally import LineTally, SimulatedMonth, TableTally
from clayload.capacity.simulation.workspace import ANSWER_S
from clayload.delivery.budget import describe_milli
from clayload.model import Priority
from clayload.plural import count
from clayload.report.grids import Grid, Section
from clayload.report.moments import describe_seconds
from clayload.tables.catalogue import Level

_HOURS_A_DAY = 24


def describe_month_shortly(simulated: Simulated) -> str:
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
    slots = f"{count(total.n_slots, 'webhook slot')} needed"
    made = f"{total.n_made:,} of them still to be made" if total.n_made else "all exist"
    return (
        f"{count(total.n_leads, 'lead')} {length}{each} at {rate.per_s:g}/s and burst "
        f"{rate.burst:,}: {said}, the longest wait is {wait}. {spend.credits:,} data credits, "
        f"{spend.actions:,} Actions; {slots}, {made}"
    )


def describe_simulated(simulated: Simulated) -> tuple[Section, ...]:
    """Say all of it, the most important first."""
    return (
        _describe_tables(simulated),
        _describe_peaks(simulated),
        _describe_spend(simulated),
        *describe_lines(simulated.month),
        *_describe_incidents(simulated),
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
        ("busiest hour", f"{n_busy:,} leads, {pace} ({_describe_hour(busy)})"),
        ("most leads owed at the end of an hour", f"{n_late:,} ({_describe_hour(late)})"),
        *_list_deferred_peak(month),
        ("of all the month's rate", f"{total.n_charged / n_possible:.1%} used"),
        ("answers 429", f"{work.n_rate_limited:,}"),
        ("attempts without a connection", f"{work.n_not_connected:,}"),
        ("times a load gave up", f"{work.n_times_given_up:,}"),
        ("grants asked for", f"{work.n_asked:,}, {work.n_waits:,} of them answered with a wait"),
    ]
    return Section("Peaks and troubles", Grid(("", "figure"), tuple(rows)))


def _list_deferred_peak(month: SimulatedMonth) -> Iterator[tuple[str, str]]:
    if month.lines:
        hour, n = month.most_deferred
        yield "most leads deferred at the end of an hour", f"{n:,} ({_describe_hour(hour)})"


def _describe_hour(hour: int) -> str:
    return f"day {hour // _HOURS_A_DAY + 1}, {hour % _HOURS_A_DAY:02}:00"


def _describe_spend(simulated: Simulated) -> Section:
    spend = simulated.spend
    rows = (
        ("data credits", *(f"{spend.at(level).credits:,}" for level in Level)),
        ("Actions", *(f"{spend.at(level).actions:,}" for level in Level)),
    )
    sentence = "of leads that Clay has, or may have; by the steps of each table and clay.yaml"
    return Section("Credits and Actions", Grid(("", *Level), rows), (sentence,))


def _describe_incidents(simulated: Simulated) -> Iterator[Section]:
    every = [incident for one in simulated.month.scenarios for incident in one.incidents]
    if every:
        lasts_s = {incident.kind: incident.end_s - incident.begin_s for incident in every}
        rows = tuple(
            (kind.value, f"{n:,}", describe_seconds(lasts_s[kind]))
            for kind, n in count_incidents(every).items()
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
        "slots begin as `already_used` says, the ledger is not read; where a table or its last "
        "slot is at its limit, a new table with a new webhook is there at once, for "
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
            f"{describe_seconds(STARTED_AGAIN_S)}; a refused slot is fixed when its time is over, "
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


_BUDGET_HEADER = (
    *("budget", "limit", "spent", "most in\na period"),
    *("leads\ndeferred", "most\nat once", "still\ndeferred"),
)


def describe_lines(month: SimulatedMonth) -> Iterator[Section]:
    """Say how far each line was used, and what it deferred; nothing where there is no budget."""
    if not month.lines:
        return
    rows = tuple(_budget_row(key, line, month.deferred[key]) for key, line in month.lines.items())
    sentences = (
        "limit and most are those of one workspace in one day or billing month, spent is all",
        "each lead is counted once as deferred, under the line that was the first to defer it",
    )
    yield Section("Budgets", Grid(_BUDGET_HEADER, rows), sentences)


def _budget_row(key: str, line: LineTally, deferred: list[int]) -> tuple[str, ...]:
    amounts = (line.limit_milli, line.spent_milli, line.most_milli)
    counts = (line.n_deferred, max(deferred, default=0), deferred[-1] if deferred else 0)
    return (key, *(describe_milli(one) for one in amounts), *(f"{n:,}" for n in counts))
