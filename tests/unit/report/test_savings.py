"""What the rules kept from Clay is counted once, adds up, and stays as it was."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st
from support.scenes.report_scene import make_extract, make_report, make_traffic

from clayload.account.extract_summary import ExtractSummary
from clayload.account.savings import Saving
from clayload.model import RowEnd
from clayload.report.extract_sections import SAVINGS_TITLE, render_savings
from clayload.report.markdown import render_report
from clayload.report.page import render_page


def make_saving(rule: str, end: RowEnd, table: str | None, n: int, cost: float = 2.5) -> Saving:
    cost = cost if table else 0.0
    return Saving(
        end=end, rule=rule, table=table, n_leads=n, credits=n * cost, actions=n * 2 * bool(table),
        dollars=n * cost / 10,
    )  # fmt: skip


SAVINGS = (
    make_saving("key_missing", RowEnd.QUARANTINED, None, 3),
    make_saving("customers", RowEnd.SUPPRESSED, "tech", 2),
    make_saving("opt-outs", RowEnd.SUPPRESSED, "tech", 2),
    make_saving("opt-outs", RowEnd.SUPPRESSED, "finance", 1, 6.0),
    make_saving("duplicate", RowEnd.DUPLICATE, "tech", 2),
)
READ_ONLY = make_extract(n_rows=98, n_quarantined=3, n_suppressed=5, n_duplicates=2, n_unrouted=0,
                       savings=SAVINGS)  # fmt: skip
REPORT = make_report(extract=READ_ONLY)


def test_a_rule_has_one_line_over_all_tables_the_greatest_first_and_then_the_sum() -> None:
    grid = render_savings(SAVINGS)
    assert grid.rows == (
        ("key_missing", "quarantined", "3", "", "", ""),
        ("opt-outs", "suppressed", "3", "11", "6", "1.10"),
        ("customers", "suppressed", "2", "5", "4", "0.50"),
        ("duplicate", "duplicate", "2", "5", "4", "0.50"),
        ("all", "", "10", "21", "14", "2.10"),
    )
    assert grid.n_totals == 1
    assert [grid.is_figure(column) for column in range(2, 6)] == [True] * 4


def test_suppressed_rows_are_in_the_books_and_every_form_of_the_report_has_the_savings() -> None:
    assert REPORT.ends[RowEnd.SUPPRESSED] == 5
    assert REPORT.n_unaccounted == 0
    text = render_report(REPORT, with_keys=False)
    assert f"## {SAVINGS_TITLE}" in text
    assert "| opt-outs | suppressed | 3 | 11 | 6 | 1.10 |" in text
    assert "| **all** |  | **10** | **21** | **14** | **2.10** |" in text
    page = render_page(REPORT, make_traffic(), with_keys=False)
    assert f"<h2>{SAVINGS_TITLE}</h2>" in page
    assert json.loads(REPORT.to_json())["extract"]["savings"][1]["rule"] == "customers"


def test_a_reading_of_before_they_were_counted_has_none_and_shows_none() -> None:
    old = make_extract().model_dump(mode="json", exclude={"savings", "n_suppressed"})
    extract = ExtractSummary.model_validate_json(json.dumps(old))
    assert (extract.savings, extract.n_suppressed) == ((), 0)
    assert SAVINGS_TITLE not in render_report(make_report(extract=extract), with_keys=False)
    assert "suppressed" not in extract.describe_rows()
    assert READ_ONLY.describe_rows() == (
        "98 rows read, 3 quarantined, 5 suppressed, 2 duplicates, 0 unrouted"
    )


savings = st.builds(
    make_saving,
    st.sampled_from(["a", "b"]),
    st.sampled_from([RowEnd.QUARANTINED, RowEnd.SUPPRESSED]),
    st.sampled_from([None, "tech", "finance"]),
    st.integers(1, 900),
    st.integers(0, 40).map(lambda n: n / 4),
)


@given(st.lists(savings, min_size=1, max_size=12))
def test_the_lines_add_up_to_the_last(kept: list[Saving]) -> None:
    *rows, total = render_savings(kept).rows
    for column in (2, 3, 4):
        parts = [float(row[column].replace(",", "") or 0) for row in rows]
        assert sum(parts) == float(total[column].replace(",", "") or 0)
