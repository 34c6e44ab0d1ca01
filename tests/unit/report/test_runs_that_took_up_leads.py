"""A run's account says which runs took up its leads, and what they came to."""

from __future__ import annotations

from support.scenes.report_scene import make_extract, make_report

from clayload.account.run_report import ChildRun, RunReport
from clayload.model import RowEnd, RunKind

READ_ONLY = make_extract(
    n_rows=300, n_quarantined=200, quarantine_reasons={"key_missing": 200}, n_unrouted=12
)


def report_with(*children: ChildRun) -> RunReport:
    return make_report(extract=READ_ONLY, children=children)


def resubmit(n_delivered: int, n_recovered: int) -> ChildRun:
    ends = {RowEnd.QUARANTINED: 150, RowEnd.DELIVERED: n_delivered}
    return ChildRun(
        run_id="c",
        kind=RunKind.RESUBMIT,
        n_rows=150 + n_delivered,
        ends=ends,
        n_recovered=n_recovered,
    )


def test_resubmits_are_summed_over_the_leads_set_aside_without_those_added() -> None:
    assert list(report_with(resubmit(52, 50), resubmit(3, 3)).describe_children()) == [
        "Run c (resubmit) took up 202 rows: 52 delivered, 150 quarantined.",
        "Run c (resubmit) took up 153 rows: 3 delivered, 150 quarantined.",
        "Of 212 leads set aside here, 53 were delivered since.",
    ]


def test_a_replay_says_nothing_of_the_leads_set_aside() -> None:
    replay = ChildRun(
        run_id="c", kind=RunKind.REPLAY, n_rows=2, ends={RowEnd.DELIVERED: 2}, n_recovered=2
    )
    assert list(report_with(replay).describe_children()) == [
        "Run c (replay) took up 2 rows: 2 delivered."
    ]
    assert list(report_with().describe_children()) == []


def test_what_others_took_up_does_not_change_the_runs_own_books() -> None:
    assert report_with(resubmit(52, 50)).ends == report_with().ends
    assert report_with().n_unaccounted == 0
