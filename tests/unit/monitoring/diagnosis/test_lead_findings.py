"""Are leads that were not delivered counted, and each kind told with what fixes it?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.scenes.report_scene import make_extract, make_report
from support.scenes.signs_scene import make_process, make_signs, make_table, names_of, only_finding

from clayload.account.problem import Problem
from clayload.ledger.books.run_activity import RunStatus
from clayload.model import RowEnd
from clayload.monitoring.diagnosis.examine import examine
from clayload.monitoring.diagnosis.finding import Severity, Trouble
from clayload.monitoring.diagnosis.leads import TOO_MANY, is_too_many
from clayload.monitoring.diagnosis.signs import Refusals, Signs

DOWN = Problem(code="CLY-DST-01", table="tech", message="nothing accepted", hint="see the network")


def _ending(end: RowEnd, n: int, **changes: object) -> Signs:
    report = make_report(tables={"tech": {RowEnd.DELIVERED: 88 - n, end: n}})
    return make_signs(report=report, **changes)


def _read(**changes: object) -> Signs:
    extract = make_extract(**({"n_unrouted": 0} | changes))
    aside = extract.n_quarantined + extract.n_suppressed + extract.n_duplicates + extract.n_unrouted
    tables = {"tech": {RowEnd.DELIVERED: extract.n_rows - aside}}
    return make_signs(report=make_report(extract=extract, tables=tables))


def test_leads_in_doubt_are_told_with_the_replay_that_takes_just_them() -> None:
    finding = only_finding(_ending(RowEnd.IN_DOUBT, 3))
    assert finding.name is Trouble.IN_DOUBT
    assert "3 leads are in doubt" in finding.what
    assert "clayload replay 20261102T060000Z-a1b2c3 --in-doubt" in finding.next_step


@pytest.mark.parametrize(
    ("status", "words"),
    [(400, "fix the fields"), (413, "longest fields"), (None, "take them out")],
)
def test_refused_leads_are_told_with_what_most_of_them_need(status: int | None, words: str) -> None:
    refusals = (Refusals(status, "the reason", 4), Refusals(499, "another", 1))
    finding = only_finding(_ending(RowEnd.REFUSED, 5, refusals=refusals))
    assert "5 leads were refused, 4 the reason, 1 another" in finding.what
    assert words in finding.next_step


def test_refusals_that_are_all_alike_are_called_so() -> None:
    alike = _ending(RowEnd.REFUSED, 5, refusals=(Refusals(400, "refused with 400", 5),))
    assert "all alike: 5 refused with 400" in only_finding(alike).what
    single = _ending(RowEnd.REFUSED, 1, refusals=(Refusals(400, "refused with 400", 1),))
    assert "alike" not in only_finding(single).what


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ("n_quarantined", Trouble.QUARANTINE_HIGH),
        ("n_unrouted", Trouble.UNROUTED_HIGH),
        ("n_suppressed", Trouble.SUPPRESSED_HIGH),
        ("n_duplicates", Trouble.SENT_AGAIN),
    ],
)
def test_set_aside_rows_are_told_above_a_fifth_of_the_file(field: str, name: Trouble) -> None:
    assert names_of(_read(**{field: 20})) == []
    assert names_of(_read(**{field: 21})) == [name]


@given(n=st.integers(0, 1_000), n_more=st.integers(0, 1_000))
def test_too_many_needs_more_than_a_fifth_and_at_least_five(n: int, n_more: int) -> None:
    assert is_too_many(n, n + n_more) is (n >= 5 and n / max(n + n_more, 1) > TOO_MANY)


def test_the_main_reasons_of_a_quarantine_come_first_and_only_three() -> None:
    reasons = {"email_missing": 5, "email_invalid": 20, "too_large": 1, "phone": 2}
    finding = only_finding(_read(n_quarantined=28, quarantine_reasons=reasons))
    assert "(28%)" in finding.what
    assert finding.what.endswith("email_invalid 20, email_missing 5, phone 2")


def test_a_file_of_which_nothing_is_for_any_table_is_told() -> None:
    report = make_report(extract=make_extract(n_rows=3, n_unrouted=3), tables={})
    finding = only_finding(make_signs(report=report, tables=()))
    assert finding.name is Trouble.NOTHING_TO_SEND
    assert "none of 3 rows is for any table: 3 unrouted" in finding.what


def test_what_stopped_a_table_is_told_while_its_leads_are_owed() -> None:
    tables = {"tech": {RowEnd.DELIVERED: 80, RowEnd.PENDING: 8}}
    owing = make_report(tables=tables, problems=(DOWN,))
    finding = only_finding(make_signs(8, report=owing))
    assert finding.name is Trouble.STOPPED
    assert "CLY-DST-01 tech: nothing accepted; 8 leads are owed" in finding.what
    assert finding.next_step == "see the network"
    assert examine(make_signs(report=make_report(problems=(DOWN,)))) == ()


def test_a_closed_run_never_owes_leads_in_silence() -> None:
    finding = only_finding(make_signs(8))
    assert (finding.name, finding.severity) == (Trouble.STOPPED, Severity.TROUBLE)
    assert "8 of its leads are owed, and nothing holds them up" in finding.what


@given(
    n_owed=st.integers(1, 88),
    rows=st.integers(0, 60_000),
    status=st.sampled_from([RunStatus.CLOSED, RunStatus.ABANDONED]),
)
def test_whoever_owes_leads_and_is_not_under_way_is_told(
    n_owed: int, rows: int, status: RunStatus
) -> None:
    process = make_process(status=status, idle_s=700.0)
    signs = make_signs(n_owed, tables=(make_table(rows_used=rows),), process=process)
    assert any(finding.severity is Severity.TROUBLE for finding in examine(signs))


def test_leads_sent_in_an_earlier_cycle_are_advice_with_their_cost() -> None:
    finding = only_finding(make_signs(n_sent_before=30))
    assert (finding.name, finding.severity) == (Trouble.SENT_AGAIN, Severity.ADVICE)
    assert "30 leads" in finding.what
    assert "about 180 credits" in finding.what


def test_books_that_do_not_balance_are_told() -> None:
    report = make_report(tables={"tech": {RowEnd.DELIVERED: 80}})
    finding = only_finding(make_signs(report=report))
    assert finding.name is Trouble.UNBALANCED
    assert "8 of 100 rows" in finding.what


def test_the_worst_is_told_first() -> None:
    signs = _ending(RowEnd.IN_DOUBT, 3, n_sent_before=9, tables=(make_table(rows_used=41_000),))
    assert [finding.severity for finding in examine(signs)] == list(Severity)
