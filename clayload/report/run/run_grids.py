"""Which tables of figures does a run report have?

In:    a run report.
Out:   headers and cells as text, the same for every form the report takes.
Never: markup; how a cell is written safely is the form's own question.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from clayload.account.run_report import RunReport
from clayload.ledger.books.run_books import LeadRow
from clayload.model import RowEnd
from clayload.plural import count
from clayload.report.grids import Grid, drop_empty
from clayload.report.slots import describe_state

LISTED_LEADS = 50
"""How many refused leads, leads in doubt or deferred leads a report lists."""
TABLE_ENDS = (
    RowEnd.DELIVERED,
    RowEnd.ALREADY_DELIVERED,
    RowEnd.REFUSED,
    RowEnd.IN_DOUBT,
    RowEnd.DEFERRED,
    RowEnd.PENDING,
)
"""How leads that have a Clay table can end."""
_SET_ASIDE = (RowEnd.QUARANTINED, RowEnd.DUPLICATE, RowEnd.SUPPRESSED, RowEnd.UNROUTED)
_MOST_TABLES = 4


def render_overview(report: RunReport) -> Grid:
    """Give every row read on one screen: by table and end, and what has no table; the sum last."""
    rows = [_row_of(name, ends) for name, ends in _sum_small(report.tables).items()]
    no_end = ("",) * len(TABLE_ENDS)
    bare = [(name, f"{n:,}", *no_end) for name, n in _list_bare(report) if n]
    of_all = {end: sum(of.get(end, 0) for of in report.tables.values()) for end in TABLE_ENDS}
    total = ("rows read", f"{report.extract.n_rows:,}", *_row_of("", of_all)[2:])
    header = ("table", "rows", *TABLE_ENDS)
    return drop_empty(Grid(header, (*rows, *bare, total), n_totals=1))


def _row_of(name: str, ends: dict[RowEnd, int]) -> tuple[str, ...]:
    counts = (f"{n:,}" if (n := ends.get(end, 0)) else "" for end in TABLE_ENDS)
    return (name, f"{sum(ends.values()):,}", *counts)


def _sum_small(tables: dict[str, dict[RowEnd, int]]) -> dict[str, dict[RowEnd, int]]:
    """Put the smaller of many tables together, so that the rest fits a screen."""
    if len(tables) <= _MOST_TABLES:
        return tables
    ranked = sorted(tables, key=lambda name: -sum(tables[name].values()))
    small = ranked[_MOST_TABLES - 1 :]
    shown = {name: of for name, of in tables.items() if name not in small}
    summed = {end: sum(tables[name].get(end, 0) for name in small) for end in TABLE_ENDS}
    return {**shown, count(len(small), "more table"): summed}


def _list_bare(report: RunReport) -> Iterator[tuple[str, int]]:
    """List the rows that have no table, by what became of them."""
    yield "set aside", sum(report.ends[end] for end in _SET_ASIDE)
    yield "left out, as asked", report.extract.n_left_out
    yield "not yet written down", report.n_unwritten
    yield "not accounted for", report.n_unaccounted


def render_books(report: RunReport) -> Grid:
    """Give every row read by its end, and that the parts make the whole."""
    rows = [(end.value, f"{n:,}") for end, n in report.ends.items()]
    total = ("sum of the parts", f"{sum(report.ends.values()):,}")
    read = ("rows read", f"{report.extract.n_rows:,}")
    return Grid(("end", "rows"), (*rows, total, read), n_totals=2)


def render_tables(report: RunReport) -> Grid:
    """Give the leads of each Clay table by end."""
    rows = (
        (name, *(f"{ends.get(end, 0):,}" for end in TABLE_ENDS))
        for name, ends in report.tables.items()
    )
    return Grid(("table", *TABLE_ENDS), tuple(rows))


def render_slots(report: RunReport) -> Grid:
    """Give the webhook slots, by name."""
    rows = (
        (
            slot.table,
            slot.slot,
            f"{slot.used_by_run:,}",
            f"{slot.used:,} of {slot.safe_limit:,}",
            f"{slot.used / slot.safe_limit:.1%}",
            describe_state(slot.state, slot.reason),
        )
        for slot in report.slots
    )
    return Grid(("table", "slot", "this run", "used", "% used", "state"), tuple(rows))


def render_leads(leads: Sequence[LeadRow], *, with_keys: bool) -> Grid:
    """Give the first leads of a list, by row number; their keys and Clay's answers on request."""
    header = ("row", "table", "slot", "status", "attempts", "reason")
    rows = [
        (
            f"{lead.row_number}",
            lead.table,
            lead.slot or "",
            f"{lead.status or ''}",
            f"{lead.n_attempts}",
            lead.reason or "",
            *((lead.lead_key, lead.body or "") if with_keys else ()),
        )
        for lead in leads[:LISTED_LEADS]
    ]
    of_keys = ("lead_key", "answer") if with_keys else ()
    return drop_empty(Grid((*header, *of_keys), tuple(rows)))
