"""What is a person shown of an extract, before anything of it is sent and after?

In:    what the frames made of it.
Out:   grids and sections: why rows were quarantined, what that saves, what to know of its columns.
Never: a row.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from clayload.account.extract_summary import ExtractSummary
from clayload.account.savings import Saving
from clayload.report.grids import Grid, Section

REASONS_TITLE = "Quarantine by reason"
SAVINGS_TITLE = "Savings: rows not sent"
SAVINGS_WORDS = (
    "Each lead counts once, under the first rule it breaks, with what a lead of its table was "
    "counted with when it was read; one that no table's filter takes has no figure. Dollars are at "
    "the unit prices of clay.yaml, before any discount."
)
"""What the figures of `render_savings` mean."""


def render_extract(extract: ExtractSummary, *hints: str) -> Iterator[Section]:
    """Give why rows were quarantined and what that saves; `hints` are about the former."""
    if extract.quarantine_reasons:
        yield Section(REASONS_TITLE, render_reasons(extract), hints)
    if extract.savings:
        yield Section(SAVINGS_TITLE, render_savings(extract.savings), (SAVINGS_WORDS,))


def render_about(sentences: tuple[str, ...]) -> Iterator[Section]:
    """Give what a person should know of an extract, if there is anything."""
    if sentences:
        yield Section("About the extract", sentences=sentences)


def render_reasons(extract: ExtractSummary) -> Grid:
    """Give the reasons for quarantine, the most frequent first."""
    rows = ((name, f"{n:,}") for name, n in rank_reasons(extract))
    return Grid(("reason", "leads"), tuple(rows))


def rank_reasons(extract: ExtractSummary) -> list[tuple[str, int]]:
    """Sort the reasons for quarantine by how many leads have them."""
    return sorted(extract.quarantine_reasons.items(), key=lambda item: -item[1])


def render_savings(savings: Sequence[Saving]) -> Grid:
    """Give what each rule saved, over all tables, and all rules together."""
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
    header = ("rule", "end", "leads", "credits not spent", "Actions not spent", "US dollars")
    return Grid(header, (*rows, ("all", "", *_sum_savings(savings))), n_totals=1)


def _sum_savings(savings: Sequence[Saving]) -> tuple[str, str, str, str]:
    n_leads = f"{sum(one.n_leads for one in savings):,}"
    if all(one.table is None for one in savings):
        return n_leads, "", "", ""
    spent = (sum(one.credits for one in savings), sum(one.actions for one in savings))
    credits_, actions = (f"{round(amount, 2):,.10g}" for amount in spent)
    return n_leads, credits_, actions, f"{sum(one.dollars for one in savings):,.2f}"
