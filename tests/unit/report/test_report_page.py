"""The page of a run report has all its figures, in words too; it runs nothing and leads nowhere."""

from __future__ import annotations

import functools
import re
from html import unescape
from xml.etree import ElementTree as ET

import pytest
from support.scenes.report_scene import BEGAN_AT, make_extract, make_report, make_slot, make_traffic

from clayload.account.problem import Problem
from clayload.account.run_report import RunReport
from clayload.ledger.books.run_books import LeadRow
from clayload.ledger.books.run_traffic import RunTraffic
from clayload.model import RowEnd
from clayload.report.page import render_page

HOSTILE = (
    "</svg></td><script>alert('1')</script><img src=x onerror=\"alert(2)\">&amp;`x`{{ 7 * 7 }}"
)
MIXED = make_report(
    extract=make_extract(
        n_rows=3_000, n_quarantined=410, n_unrouted=12, quarantine_reasons={"key_missing": 410}
    ),
    tables={
        "tech": {RowEnd.DELIVERED: 2_000, RowEnd.REFUSED: 77, RowEnd.IN_DOUBT: 1},
        "finance": {RowEnd.ALREADY_DELIVERED: 500},
    },
    refused=tuple(
        LeadRow(i, "tech", f"lead{i}@firm.example", "tech-1", 422, "refused with 422", "no", 1)
        for i in range(77)
    ),
    in_doubt=(LeadRow(78, "tech", "lost@firm.example", "tech-1", None, "reset", None, 1),),
    slots=(make_slot(used=3_088, used_by_run=2_078), make_slot(slot="tech-2", used_by_run=0)),
)


def render(report: RunReport, traffic: RunTraffic | None = None, *, with_keys: bool = True) -> str:
    return render_page(report, traffic or make_traffic(), with_keys=with_keys)


@functools.cache
def render_mixed() -> str:
    """The page that most tests look at; its drawings take their time."""
    return render(MIXED)


def drawings(page: str) -> dict[str, ET.Element]:
    """The figures by the word their description is named with; each must be XML."""
    found = [ET.fromstring(text) for text in re.findall(r"<svg.*?</svg>", page, re.DOTALL)]  # noqa: S314 - our own page
    return {svg.attrib["aria-describedby"].removesuffix("-description"): svg for svg in found}


def words_in(svg: ET.Element) -> set[str]:
    return {"".join(text.itertext()) for text in svg.iter("text")}


def rows_under(page: str, title: str) -> list[list[str]]:
    """The cells of the table in the section of this title."""
    section = page.partition(f"<h2>{title}</h2>")[2].partition("</section>")[0]
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", section, re.DOTALL)
    return [
        [unescape(cell) for cell in re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, re.DOTALL)]
        for row in rows
    ]


def test_the_books_stand_in_a_table_and_sum_to_the_rows_read() -> None:
    rows = dict(rows_under(render_mixed(), "The books")[1:])
    assert rows.pop("sum of the parts") == rows.pop("rows read") == "3,000"
    assert sum(int(n.replace(",", "")) for n in rows.values()) == 3_000
    assert (rows["quarantined"], rows["refused"], rows["in doubt"]) == ("410", "77", "1")


def test_every_figure_says_in_words_what_it_shows() -> None:
    figures = drawings(render_mixed())
    said = {name: svg.findtext("desc") for name, svg in figures.items()}
    assert said == {
        "ends": "3,000 rows: 2,000 delivered, 410 quarantined, 12 unrouted, 500 already delivered, "
        "77 refused, 1 in doubt.",
        "rate": "2,000 leads in 40 stretches of time, at most 10.0 a second; allowed 10 a second; "
        "0 answers 429.",
        "tables": "tech: 2,000 delivered, 77 refused, 1 in doubt; finance: 500 already delivered.",
        "slots": "tech-1: 2,078 by this run, 41,912 of 45,000 left; "
        "tech-2: 0 by this run, 43,912 of 45,000 left.",
        "reasons": "Leads by reason: key_missing 410.",
    }
    for svg in figures.values():
        assert svg.attrib["role"] == "img"
        assert svg.attrib["aria-label"]
    assert {"delivered", "2,000", "quarantined", "410"} <= words_in(figures["ends"])
    assert "allowed 10/s" in words_in(figures["rate"])


def test_429s_and_the_last_slow_down_are_marked_where_they_were() -> None:
    plain = drawings(render_mixed())["rate"]
    at = int(BEGAN_AT) + 50
    held_up = make_traffic(rate_limited=((at, 3), (at + 10, 1)), slowed_at=at + 4.0, slowed_to=0.7)
    page = render(MIXED, held_up)
    marked = drawings(page)["rate"]
    assert count_fills(marked, "var(--shade)") - count_fills(plain, "var(--shade)") >= 2
    assert words_in(marked) - words_in(plain) == {
        "last slowed down, to 70%",
        "ten seconds with answers 429",
    }
    assert "Clay answered 429 to 4 leads of the workspace meanwhile." in page


def test_a_rate_that_was_changed_is_drawn_and_described_from_when_on() -> None:
    allowed = ((BEGAN_AT, 10.0), (BEGAN_AT + 100, 25.0), (BEGAN_AT + 190, 10.5))
    page = render(MIXED, make_traffic(allowed=allowed))
    figure = drawings(page)["rate"]
    assert {"allowed 10/s", "allowed 25/s"} <= words_in(figure)
    assert "allowed 10.5/s" not in words_in(figure), "written where there is no room"
    described = (
        "llowed 10 a second, 25 from 2026-11-01 02:28:20 UTC on, 10.5 from 2026-11-01 02:29:50 UTC "
        "on"
    )
    assert f"<p>A{described}. Each lead counts" in page
    assert f"; a{described}; " in (figure.findtext("desc") or "")


def test_a_run_of_which_nobody_kept_when_leads_were_sent_has_a_sentence_and_no_figure() -> None:
    page = render(MIXED, make_traffic(sent=(), allowed=()))
    assert "rate" not in drawings(page)
    assert "2,000 leads were answered. When they were sent is not recorded" in page


def test_a_rate_that_nobody_kept_is_not_drawn() -> None:
    page = render(MIXED, make_traffic(allowed=()))
    assert not any(words.startswith("allowed") for words in words_in(drawings(page)["rate"]))
    assert "<p>What was allowed is not recorded. " in page


def test_stretches_shorter_than_a_second_are_told_apart() -> None:
    page = render(MIXED, make_traffic(200, 100))
    begins = [row[0] for row in rows_under(page, "Rate")[1:]]
    assert begins == [
        f"2026-11-01 02:26:{second} UTC" for second in ("40.0", "40.5", "41.0", "41.5")
    ]


def count_fills(svg: ET.Element, colour: str) -> int:
    return sum(each.get("fill") == colour for each in svg.iter("path"))


def test_hostile_text_stays_text() -> None:
    report = make_report(
        cycle=HOSTILE,
        extract=make_extract(
            files=(HOSTILE,), quarantine_reasons={HOSTILE: 1}, unmapped=(HOSTILE,)
        ),
        tables={HOSTILE: {RowEnd.DELIVERED: 87, RowEnd.REFUSED: 1}},
        slots=(make_slot(slot=HOSTILE, table=HOSTILE, reason=HOSTILE),),
        refused=(LeadRow(1, HOSTILE, HOSTILE, HOSTILE, 422, HOSTILE, HOSTILE, 1),),
        problems=(Problem(code="C", table=HOSTILE, message=HOSTILE, hint=HOSTILE),),
        warnings=(HOSTILE,),
    )
    page = render(report)
    assert re.findall(r"<(?:script|img)\b", page) == []
    assert re.findall(r"<[^>]*\son\w+=", page) == []
    assert "49" not in page.partition("<body>")[2].partition("<dl>")[0]
    assert rows_under(page, "Refused by Clay")[1][5:] == [HOSTILE] * 3
    assert set(drawings(page)) == {"ends", "rate", "tables", "slots", "reasons"}


@pytest.mark.parametrize("is_mixed", [True, False])
def test_the_page_leads_nowhere_and_runs_nothing(*, is_mixed: bool) -> None:
    page = render_mixed() if is_mixed else render(make_report())
    assert re.findall(r"\w+://", page) == []
    assert re.findall(r"(?:href|src|action|xmlns)=|@import|url\(|<script|<link", page) == []
    assert "default-src 'none'" in page


def test_one_drawing_serves_light_dark_and_paper() -> None:
    page = render_mixed()
    light, _, dark = page.partition("@media screen and (prefers-color-scheme: dark)")
    used = set(re.findall(r"var\((--\w+)\)", page))
    assert {"--ink", "--line", "--delivered"} <= used
    for style in (light, dark.partition("</style>")[0].partition("* {")[0]):
        assert used - set(re.findall(r"(--\w+):", style)) <= {"--mark"}
    for svg in drawings(page).values():
        painted = {each.get(paint) for each in svg.iter() for paint in ("fill", "stroke")}
        assert all(
            colour is None or colour in {"none", "transparent"} or colour.startswith("var(")
            for colour in painted
        ), painted
    assert "@media print" in page


def test_keys_and_answers_of_leads_are_named_only_on_request() -> None:
    assert "lead7@firm.example" in render_mixed()
    assert "@firm.example" not in render(MIXED, with_keys=False)


def test_fifty_leads_are_listed_and_the_page_says_how_many_there_are() -> None:
    page = render_mixed()
    listed = [row[0] for row in rows_under(page, "Refused by Clay")[1:]]
    assert listed == [str(i) for i in range(50)]
    all_of_them = f"<code>clayload status {MIXED.run_id} --json</code> has all."
    assert f"The first 50 of 77; {all_of_them}" in page


def test_a_run_that_sent_nothing_has_no_empty_figure() -> None:
    nothing = make_report(
        extract=make_extract(n_rows=0, n_unrouted=0), tables={}, slots=(), duration_s=0.0
    )
    page = render(nothing, make_traffic(0))
    assert drawings(page) == {}
    assert re.findall(r"<h2>(.*?)</h2>", page) == ["The books", "Rate"]
    assert "0 leads were answered: too few, or too fast, for a curve." in page


def test_many_tables_slots_and_reasons_are_all_in_the_tables_and_the_greatest_are_drawn() -> None:
    names = [f"a-table-with-a-long-name-{i:02}-of-forty" for i in range(40)]
    report = make_report(
        extract=make_extract(
            n_rows=4_000 + 12,
            n_quarantined=0,
            quarantine_reasons={f"rule_{name}": i + 1 for i, name in enumerate(names)},
        ),
        tables={name: {RowEnd.DELIVERED: 100} for name in names},
        slots=tuple(make_slot(slot=name, table=name) for name in names),
    )
    page = render(report)
    assert [row[0] for row in rows_under(page, "Clay tables")[1:]] == names
    assert len(rows_under(page, "Quarantine by reason")) == 41
    assert "What is left of each webhook slot: the 20 busiest of 40" in page
    drawn = words_in(drawings(page)["reasons"])
    assert {"40", "21"} <= drawn
    assert "rule_a-table-with-…-name-39-of-forty" in drawn
