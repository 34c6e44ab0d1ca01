"""What does a run report say, in which order, whatever form it takes?

In:    a run report.
Out:   sections: what stopped, the books, tables, slots, reasons, savings, leads, the extract.
Never: markup; and without keys, a lead by anything but its row number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from clayload.account.deferral import describe_deferral
from clayload.account.run_report import RunReport
from clayload.model import RowEnd
from clayload.report.extract_sections import render_about, render_extract
from clayload.report.grids import Section
from clayload.report.run.run_grids import (
    LISTED_LEADS,
    render_books,
    render_leads,
    render_slots,
    render_tables,
)

BOOKS_TITLE = "The books"
TABLES_TITLE = "Clay tables"
SLOTS_TITLE = "Webhook slots"


def render_run(report: RunReport, *, with_keys: bool) -> Iterator[Section]:
    """Give all of a run report, the most important first."""
    yield from _render_stops(report)
    yield Section(BOOKS_TITLE, render_books(report))
    if report.tables:
        yield Section(TABLES_TITLE, render_tables(report))
    if report.slots:
        yield Section(SLOTS_TITLE, render_slots(report))
    yield from render_extract(report.extract, _describe_quarantine(report))
    yield from _render_leads("Refused by Clay", report, RowEnd.REFUSED, with_keys=with_keys)
    yield from _render_leads("In doubt", report, RowEnd.IN_DOUBT, with_keys=with_keys)
    title = describe_deferral(report.problems, report.tables)
    yield from _render_leads(title, report, RowEnd.DEFERRED, with_keys=with_keys)
    yield from render_about((*report.extract.describe_columns(), *report.describe_children()))


def _render_stops(report: RunReport) -> Iterator[Section]:
    yield from _list_sentences(
        "What stopped",
        (f"{p.code} {p.table}: {p.message}. Next: {p.hint}" for p in report.problems),
    )
    yield from _list_sentences("Running out soon", report.warnings)
    yield from _list_sentences("Samples", (sample.describe() for sample in report.samples))


def _list_sentences(title: str, sentences: Iterable[str]) -> Iterator[Section]:
    ended = tuple(f"{sentence}." for sentence in sentences)
    if ended:
        yield Section(title, sentences=ended)


def _describe_quarantine(report: RunReport) -> str:
    return (
        "A lead can have several reasons. Get them into a spreadsheet with "
        f"`clayload quarantine export {report.run_id}`, and what is corrected there back with "
        "`clayload resubmit`."
    )


def _render_leads(
    title: str, report: RunReport, end: RowEnd, *, with_keys: bool
) -> Iterator[Section]:
    leads, n = report.leads_of(end), report.ends[end]
    if leads:
        all_of_them = f"`clayload status {report.run_id} --json` has all."
        more = (f"The first {LISTED_LEADS} of {n:,}; {all_of_them}",)
        grid = render_leads(leads, with_keys=with_keys)
        yield Section(title, grid, more if n > LISTED_LEADS else ())
