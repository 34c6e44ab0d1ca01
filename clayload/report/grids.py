"""Which tables of figures does a run report have?

In:    a run report.
Out:   headers and cells as text, the same for every form the report takes.
Never: markup; how a cell is written safely is the form's own question.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from clayload.account.run_report import RunReport
from clayload.account.savings import Saving
from clayload.ledger.books.run_books import LeadRow
from clayload.model import RowEnd

_FIGURE = re.compile(r"-?[\d,.]+%?")

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


SAVINGS_TITLE = "Savings: rows not sent"
SAVINGS_WORDS = (
    "Each lead counts once, under the first rule it breaks, with what a lead of its table was "
    "counted with when it was read; one that no table's filter takes has no figure. Dollars are at "
    "the unit prices of clay.yaml, before any discount."
)
"""What the figures of `grid_savings` mean."""


@dataclass(frozen=True, slots=True)
class Grid:
    """A table of figures; the last `n_totals` rows sum up the others."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    n_totals: int = 0

    def is_figure(self, column: int) -> bool:
        """Whether a column holds figures, and nothing else; some cells may be empty."""
        cells = [row[column] for row in self.rows if row[column]]
        return bool(cells) and all(_FIGURE.fullmatch(cell) for cell in cells)


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
            f"{slot.used / slot.safe_limit:.0%}",
            f"{slot.state} {slot.reason}".strip(),
        )
        for slot in report.slots
    )
    return Grid(("table", "slot", "this run", "used", "% used", "state"), tuple(rows))


def render_reasons(report: RunReport) -> Grid:
    """Give the reasons for quarantine, the most frequent first."""
    rows = ((name, f"{n:,}") for name, n in rank_reasons(report))
    return Grid(("reason", "leads"), tuple(rows))


def rank_reasons(report: RunReport) -> list[tuple[str, int]]:
    """Sort the reasons for quarantine by how many leads have them."""
    return sorted(report.extract.quarantine_reasons.items(), key=lambda item: -item[1])


def render_savings(savings: Sequence[Saving]) -> Grid:
    """Give what each rule kept from Clay, over all tables, and all rules together."""
    of_rule: defaultdict[tuple[str, str], list[Saving]] = defaultdict(list)
    for one in savings:
        of_rule[one.rule, one.end].append(one)
    # Under each end the rule that kept most back comes first, over all tables.
    ends = list(dict.fromkeys(end for _, end in of_rule))
    ranked = sorted(
        of_rule.items(),
        key=lambda item: (ends.index(item[0][1]), -sum(one.n_leads for one in item[1])),
    )
    rows = [(*names, *_sum_savings(group)) for names, group in ranked]
    header = ("rule", "end", "leads", "credits\nnot spent", "Actions\nnot spent", "US dollars")
    return Grid(header, (*rows, ("all", "", *_sum_savings(savings))), n_totals=1)


def _sum_savings(savings: Sequence[Saving]) -> tuple[str, str, str, str]:
    n_leads = f"{sum(one.n_leads for one in savings):,}"
    if all(one.table is None for one in savings):
        return n_leads, "", "", ""
    spent = (sum(one.credits for one in savings), sum(one.actions for one in savings))
    credits_, actions = (f"{round(amount, 2):,.10g}" for amount in spent)
    return n_leads, credits_, actions, f"{sum(one.dollars for one in savings):,.2f}"


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
    return Grid((*header, "lead_key", "answer") if with_keys else header, tuple(rows))


@dataclass(frozen=True, slots=True)
class Section:
    """A part of what is said: a heading, figures, and what they mean."""

    title: str
    grid: Grid
    sentences: tuple[str, ...] = ()
