"""Does a summary fit one screen of a terminal: 24 lines of 80 columns?"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.scenes.report_scene import make_extract, make_report

from clayload.account.problem import Problem
from clayload.account.run_report import RunReport
from clayload.cli.console import out
from clayload.cli.layout import print_summary
from clayload.errors import Code
from clayload.model import RowEnd
from clayload.report.run.run_summary import render_run_summary

WIDTH, HEIGHT = 80, 24
RUN_ID = "20261126T090233Z-6549ea"
STOP = Problem(
    code=Code.SLOTS_USED_UP,
    table="outbound-leads-finance",
    message="its webhook slots are used up",
    hint="make a webhook in Clay and add it",
)
# Twelve tables, every way a row can end, and more to decide than a screen holds.
WORST = make_report(
    run_id=RUN_ID,
    extract=make_extract(
        n_rows=14_000, n_quarantined=560, n_duplicates=500, n_suppressed=7, n_unrouted=1_933,
        n_left_out=200,
    ),
    tables={
        f"outbound-leads-fin-{n:03}": {
            RowEnd.DELIVERED: 800, RowEnd.ALREADY_DELIVERED: 50, RowEnd.REFUSED: 20,
            RowEnd.IN_DOUBT: 10, RowEnd.DEFERRED: 10, RowEnd.PENDING: 10,
        }
        for n in range(1, 13)
    },
    problems=(STOP,),
    warnings=tuple(f"slot tech-{n} has used 44,000 of 45,000" for n in range(6)),
)  # fmt: skip


@pytest.fixture(autouse=True)
def terminal() -> Iterator[None]:
    width, out.width = out.width, WIDTH
    yield
    out.width = width


@pytest.mark.parametrize("report", [make_report(run_id=RUN_ID), WORST])
def test_the_summary_of_a_run_fits(report: RunReport, capsys: pytest.CaptureFixture[str]) -> None:
    assert report.n_unaccounted == 0
    print_summary(render_run_summary(report))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= HEIGHT
    assert max(map(len, lines)) <= WIDTH
    assert RUN_ID in "\n".join(lines)


def test_what_a_screen_has_no_room_for_is_counted_and_shown_with_details(
    capsys: pytest.CaptureFixture[str],
) -> None:
    summary = render_run_summary(WORST)
    print_summary(summary)
    assert (
        f"\nneeds a decision (the first 3 of {len(summary.decisions)})\n" in capsys.readouterr().out
    )
    print_summary(summary, details=True)
    assert "- slot tech-5 has used 44,000 of 45,000" in capsys.readouterr().out
