"""Where more leads were refused than a report lists: does it say how many, and where all are?"""

from __future__ import annotations

import pytest
from support.scenes.report_scene import make_extract, make_report

from clayload.cli.show import print_report
from clayload.ledger.books.run_books import LeadRow
from clayload.model import RowEnd
from clayload.report.grids import LISTED_LEADS
from clayload.report.markdown import render_report

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


def test_markdown_counts_by_the_books_and_not_by_its_list() -> None:
    text = render_report(REPORT, with_keys=True)
    assert f"... and 2,950 more: `{ALL}`." in text


def test_the_terminal_counts_by_the_books_and_not_by_its_list(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_report(REPORT)
    shown = capsys.readouterr().out
    assert "3,000 refused by Clay" in shown
    assert f"all 3,000: {ALL}" in shown
