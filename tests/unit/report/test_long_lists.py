"""Where more leads were refused than a report lists: does it say how many, and where all are?"""

from __future__ import annotations

from support.scenes.report_scene import make_extract, make_report

from clayload.ledger.books.run_books import LeadRow
from clayload.model import RowEnd
from clayload.report.markdown import render_report
from clayload.report.run.run_grids import LISTED_LEADS
from clayload.report.run.run_sections import render_run
from clayload.report.run.run_summary import render_run_summary

REFUSED = tuple(
    LeadRow(row, "tech", f"lead{row}@firm.example", "tech-1", 400, "refused with 400", "bad", 1)
    for row in range(LISTED_LEADS)
)
REPORT = make_report(
    extract=make_extract(n_rows=3_000, n_unrouted=0),
    tables={"tech": {RowEnd.REFUSED: 3_000}},
    refused=REFUSED,
)
ALL = f"clayload status {REPORT.run_id} --json"


def test_every_form_counts_by_the_books_and_not_by_its_list() -> None:
    first = f"The first {LISTED_LEADS} of 3,000; `{ALL}` has all."
    sections = {section.title: section for section in render_run(REPORT, with_keys=True)}
    refused = sections["Refused by Clay"]
    assert (len(refused.grid.rows), refused.sentences) == (LISTED_LEADS, (first,))
    assert f"- {first}" in render_report(REPORT, with_keys=True)


def test_a_summary_counts_by_the_books_too() -> None:
    decisions = render_run_summary(REPORT).decisions
    fix = f"3,000 leads were refused by Clay: fix them, then `clayload replay {REPORT.run_id}`"
    assert decisions == (fix,)
