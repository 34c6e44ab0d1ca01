"""Does a report say what to do next, and what was left for later as asked?"""

from __future__ import annotations

import pytest
from support.scenes.report_scene import make_extract, make_report

from clayload.model import Outcome, RowEnd


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
    extract = make_extract(n_left_out=n_left_out)
    tables = {"tech": {RowEnd.DELIVERED: 88 - n_left_out}}
    report = make_report(extract=extract, tables=tables)
    assert (report.outcome, report.next_step) == (Outcome.COMPLETE, said)


@pytest.mark.parametrize(
    ("end", "option"), [(RowEnd.REFUSED, ""), (RowEnd.IN_DOUBT, " --in-doubt")]
)
def test_what_is_left_unsettled_is_looked_at_and_no_replay_of_it_is_promised(
    end: RowEnd, option: str
) -> None:
    report = make_report(tables={"tech": {RowEnd.DELIVERED: 80, end: 8}})
    command = f"`clayload replay {report.run_id}{option} --dry-run`"
    said = f"look at the 8 leads {end} in the report; {command} says which of them it would send"
    assert report.next_step == f"{said} again"
