"""Which loads are degraded, and what is said of them."""

from __future__ import annotations

import pytest
from support.scenes.report_scene import make_extract, make_report

from clayload.account.problem import Problem
from clayload.alerts import AlertLevel, Condition
from clayload.errors import Code
from clayload.model import RowEnd
from clayload.monitoring.thresholds import judge_load
from clayload.tables.alerts import Alerts

BUDGET = Problem(code=Code.BUDGET_EXHAUSTED, table="tech", message="b", hint="raise the budget")


def judge(ends: dict[RowEnd, int], n_quarantined: int = 0, **changes: object) -> Condition:
    """Judge a load of 100 rows; what is neither set aside nor accepted is unrouted."""
    n_unrouted = 100 - n_quarantined - sum(ends.values())
    extract = make_extract(n_quarantined=n_quarantined, n_unrouted=n_unrouted)
    report = make_report(extract=extract, tables={"tech": ends}, **changes)
    return judge_load(report, "clayload.load.main", Alerts())


@pytest.mark.parametrize(
    ("ends", "n_quarantined", "level"),
    [
        ({RowEnd.DELIVERED: 80}, 20, AlertLevel.FINE),
        ({RowEnd.DELIVERED: 79}, 21, AlertLevel.OVER),
        ({RowEnd.ALREADY_DELIVERED: 80}, 0, AlertLevel.FINE),
        ({RowEnd.DELIVERED: 99, RowEnd.REFUSED: 1}, 0, AlertLevel.FINE),
        ({RowEnd.DELIVERED: 98, RowEnd.REFUSED: 1, RowEnd.IN_DOUBT: 1}, 0, AlertLevel.OVER),
        ({RowEnd.DELIVERED: 99, RowEnd.PENDING: 1}, 0, AlertLevel.OVER),
        ({}, 0, AlertLevel.OVER),
    ],
)
def test_a_load_is_degraded_above_its_limits(
    ends: dict[RowEnd, int], n_quarantined: int, level: AlertLevel
) -> None:
    assert judge(ends, n_quarantined).level is level


def test_a_deferred_load_is_degraded_and_says_what_is_next() -> None:
    told = judge({RowEnd.DELIVERED: 90, RowEnd.DEFERRED: 10}, problems=(BUDGET,))
    assert told.level is AlertLevel.OVER
    assert told.what == (
        "load 20261102T060000Z-a1b2c3 for 2026-11: deferred: 90 delivered, 10 deferred"
    )
    assert told.next_step == "10 leads are deferred by a budget: raise the budget"


def test_every_reason_is_told_in_figures() -> None:
    told = judge({RowEnd.REFUSED: 50}, n_quarantined=50)
    assert told.what.endswith(
        "not one of 100 rows is delivered; 50 of 100 rows are in quarantine (50.0%; reported above "
        "20 %); 50 of 50 accepted leads are refused or in doubt (100.0%; reported above 1 %)"
    )


def test_a_quarantine_is_mended_in_a_spreadsheet() -> None:
    told = judge({RowEnd.DELIVERED: 50}, n_quarantined=50)
    assert "`clayload quarantine export 20261102T060000Z-a1b2c3`" in told.next_step


def test_a_good_load_does_not_hide_what_earlier_ones_still_owe() -> None:
    told = judge_load(make_report(), "s", Alerts(), n_owed_before=85)
    assert told.level is AlertLevel.OVER
    assert told.what.endswith("for 2026-11: 85 leads of earlier loads are still owed")
    assert told.next_step.startswith("load again what is owed")


def test_thresholds_are_those_of_the_configuration() -> None:
    extract = make_extract(n_quarantined=12, n_unrouted=0)
    report = make_report(extract=extract)
    assert judge_load(report, "s", Alerts(quarantine_percent=12)).level is AlertLevel.FINE
    assert judge_load(report, "s", Alerts(quarantine_percent=11)).level is AlertLevel.OVER
