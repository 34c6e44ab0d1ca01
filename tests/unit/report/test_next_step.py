"""Does a report say what to do next, and what was left for later as asked?"""

from __future__ import annotations

import pytest
from report_scene import make_reading, make_report

from clayload.model import RowEnd
from clayload.report.account import Outcome


@pytest.mark.parametrize(
    ("n_left_out", "said"),
    [
        (0, "nothing: every lead that could be sent was sent"),
        (8, "nothing: every lead that could be sent was sent; 8 were left out, as asked"),
    ],
)
def test_leads_that_a_limit_or_a_plan_leaves_out_are_told_of_and_hold_nothing_up(
    n_left_out: int, said: str
) -> None:
    reading = make_reading(n_left_out=n_left_out)
    tables = {"tech": {RowEnd.DELIVERED: 88 - n_left_out}}
    report = make_report(reading=reading, tables=tables)
    assert (report.outcome, report.next_step) == (Outcome.COMPLETE, said)
