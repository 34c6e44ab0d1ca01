"""Are slots, rows and budgets judged by what is left and what is still owed?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.scenes.report_scene import make_extract, make_report
from support.scenes.signs_scene import (
    RUNNING,
    make_budget,
    make_process,
    make_signs,
    make_slot,
    make_table,
    names_of,
    only_finding,
)

from clayload.account.savings import Saving
from clayload.delivery.grant import SlotState
from clayload.ledger.books.run_activity import RunStatus
from clayload.model import RowEnd
from clayload.monitoring.diagnosis.examine import examine
from clayload.monitoring.diagnosis.finding import Severity, Trouble
from clayload.monitoring.diagnosis.limits import judge_budget, judge_rows

WIDE = 1_000_000
WORN = make_slot("tech-1", 45_000)


def _benched(name: str, status: int) -> object:
    return make_slot(name, state=SlotState.SUSPENDED, reason=f"slot answers {status}: no", n_left=0)


def test_a_healthy_run_has_no_finding() -> None:
    assert examine(make_signs()) == ()
    assert examine(make_signs(50, process=RUNNING)) == ()


@pytest.mark.parametrize(
    ("used", "n_owed", "severity"),
    [
        ((35_999,), 0, None),
        ((36_000,), 0, Severity.SOON),
        ((44_950,), 50, Severity.SOON),
        ((44_951,), 50, Severity.TROUBLE),
        ((45_000,), 0, Severity.SOON),
        ((45_000, 0), 50, None),
        ((45_000, 36_000), 50, Severity.SOON),
        ((45_000, 44_990), 50, Severity.TROUBLE),
        ((36_000, 0), 50, None),
    ],
)
def test_slots_are_judged_by_the_last_of_them_and_by_what_is_owed(
    used: tuple[int, ...], n_owed: int, severity: Severity | None
) -> None:
    slots = [make_slot(f"tech-{i}", n) for i, n in enumerate(used, 1)]
    table = make_table(*slots, row_limit=WIDE)
    found = examine(make_signs(n_owed, tables=(table,), process=RUNNING))
    assert [(one.name, one.severity) for one in found] == (
        [] if severity is None else [(Trouble.SLOT_USED_UP, severity)]
    )


def test_a_used_up_slot_is_named_with_its_figures_and_the_command() -> None:
    finding = only_finding(make_signs(20, tables=(make_table(WORN, row_limit=WIDE),)))
    assert "tech-1 45,000 of 45,000 (100%)" in finding.what
    assert "20 leads" in finding.what
    assert "`clayload slots add tech NEW-NAME --url env:...`" in finding.next_step


def test_leads_on_their_way_are_not_counted_twice() -> None:
    table = make_table(make_slot(used=10, safe_limit=50, n_left=40), row_limit=WIDE)
    signs = make_signs(50, tables=(table,), process=RUNNING)
    assert names_of(signs) == [Trouble.SLOT_USED_UP]
    on_their_way = make_process(status=RunStatus.RUNNING, charged={"tech": 10})
    assert names_of(make_signs(50, tables=(table,), process=on_their_way)) == []


def test_a_table_with_auto_delete_has_neither_limit() -> None:
    table = make_table(WORN, rows_used=50_000, auto_delete=True)
    assert names_of(make_signs(50, tables=(table,), process=RUNNING)) == []


@pytest.mark.parametrize(
    ("rows", "n_owed", "severity"),
    [
        (10_000, 0, None),
        (10_001, 0, Severity.ADVICE),
        (39_999, 0, Severity.ADVICE),
        (40_000, 0, Severity.SOON),
        (49_950, 50, Severity.SOON),
        (49_951, 50, Severity.TROUBLE),
        (50_000, 0, Severity.SOON),
    ],
)
def test_a_table_is_judged_by_its_rows_and_what_is_owed(
    rows: int, n_owed: int, severity: Severity | None
) -> None:
    assert judge_rows(make_table(rows_used=rows), n_owed) is severity


@given(rows=st.integers(0, 60_000), n_owed=st.integers(0, 60_000))
def test_a_table_is_in_trouble_exactly_when_the_owed_leads_find_no_room(
    rows: int, n_owed: int
) -> None:
    is_trouble = judge_rows(make_table(rows_used=rows), n_owed) is Severity.TROUBLE
    assert is_trouble is (n_owed > max(50_000 - rows, 0))


@pytest.mark.parametrize(
    ("status", "words"),
    [(401, "clayload check"), (404, "clayload slots add tech"), (405, "look at the webhook")],
)
def test_a_benched_slot_is_told_with_what_its_answer_asks_for(status: int, words: str) -> None:
    table = make_table(make_slot("tech-1"), _benched("tech-2", status))
    finding = only_finding(make_signs(tables=(table,)))
    assert (finding.name, finding.about) == (Trouble.SLOT_BENCHED, "tech-2")
    assert words in finding.next_step


@pytest.mark.parametrize(
    ("statuses", "name"),
    [((403, 402), Trouble.NO_WEBHOOKS), ((403, 404), Trouble.SLOT_BENCHED)],
)
def test_only_402_and_403_at_every_slot_speak_of_the_plan(
    statuses: tuple[int, ...], name: Trouble
) -> None:
    slots = [_benched(f"tech-{status}", status) for status in statuses]
    found = names_of(make_signs(3, tables=(make_table(*slots),)))
    assert set(found) == {name}
    beside_a_good_one = make_signs(tables=(make_table(make_slot(), _benched("tech-2", 403)),))
    assert names_of(beside_a_good_one) == [Trouble.SLOT_BENCHED]


@pytest.mark.parametrize(
    ("changes", "severity"),
    [
        ({"used": 799.9}, None),
        ({"used": 800.0}, Severity.SOON),
        ({"used": 500.0, "needed": 500.0}, None),
        ({"used": 500.0, "needed": 500.001}, Severity.TROUBLE),
        ({"planned": 1_000.0}, None),
        ({"planned": 1_001.0}, Severity.SOON),
        ({"limit": 0.0}, Severity.SOON),
        ({"used": 1_100.0}, Severity.SOON),
    ],
)
def test_a_budget_is_judged_by_what_is_used_needed_and_planned(
    changes: dict[str, float], severity: Severity | None
) -> None:
    assert judge_budget(make_budget(**changes)) is severity


@given(used=st.floats(0, 2_000), needed=st.floats(0, 2_000), more=st.floats(0, 1_000))
def test_a_larger_budget_is_never_judged_worse(used: float, needed: float, more: float) -> None:
    order = [None, Severity.SOON, Severity.TROUBLE]
    small = make_budget(used=used, needed=needed)
    large = make_budget(used=used, needed=needed, limit=1_000 + more)
    assert order.index(judge_budget(large)) <= order.index(judge_budget(small))


def _deferred(**changes: object) -> object:
    tables = {"tech": {RowEnd.DELIVERED: 58, RowEnd.DEFERRED: 20}}
    saved = Saving(
        end=RowEnd.QUARANTINED, rule="r", table="tech", n_leads=10, credits=60, actions=0, dollars=0
    )
    extract = make_extract(n_quarantined=10, savings=(saved,))
    return make_signs(report=make_report(tables=tables, extract=extract), **changes)


def test_deferred_leads_are_told_with_the_budget_and_what_the_set_aside_saved() -> None:
    line = make_budget(used=995.0, needed=120.0)
    finding = only_finding(_deferred(budgets=(line,)))
    assert (finding.severity, finding.about) == (Severity.TROUBLE, line.key)
    for part in ("995 of 1,000 credits", "needs 120", "20 leads are deferred", "about 60 credits"):
        assert part in finding.what
    assert "2026-12-01" in finding.next_step


def test_deferred_leads_for_which_there_is_room_again_are_told_so() -> None:
    finding = only_finding(_deferred(budgets=(make_budget(needed=120.0),)))
    assert (finding.name, finding.severity) == (Trouble.CREDIT_OVERRUN, Severity.TROUBLE)
    assert "has room again" in finding.what
