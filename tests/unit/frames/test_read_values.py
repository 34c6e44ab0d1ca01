from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clayload.frames.mail import is_mail, is_role
from clayload.frames.text import read_domain, read_headcount, read_moment, tidy


def read(function: Callable[..., Any], *values: str | None) -> list[Any]:
    return function(pl.Series(values, dtype=pl.String)).to_list()


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("12", 12),
        ("0", 0),
        ("1,200", 1_200),
        ("1.200", 1_200),
        ("1 200", 1_200),
        ("1,234,567", 1_234_567),
        ("1200.0", 1_200),
        ("51-200", 51),
        ("51 – 200", 51),  # noqa: RUF001 -- LinkedIn writes an en dash
        ("201 to 500", 201),
        ("10,001+", 10_001),
        ("5k", 5_000),
        ("1.2K", 1_200),
        ("1k-5k", 1_000),
        ("~500", 500),
        ("500 employees", 500),
    ],
)
def test_headcounts_are_read_by_their_lower_bound(text: str, count: int) -> None:
    assert read(read_headcount, text, None) == [count, None]


@pytest.mark.parametrize("text", ["Nov-50", "-5", "1,5k", "1-5k", "1,2", "many", "99999999999"])
def test_an_unclear_headcount_is_not_guessed(text: str) -> None:
    assert read(read_headcount, text, "7") == [None, 7]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-03T10:11:12Z", (10, 11, 12)),
        ("2026-11-03T10:11:12+02:00", (8, 11, 12)),
        ("2026-11-03 10:11:12", (10, 11, 12)),
        ("2026-11-03 10:11", (10, 11, 0)),
        ("2026-11-03", (0, 0, 0)),
        ("11/03/2026", (0, 0, 0)),
        ("11/03/2026 2:05 PM", (14, 5, 0)),
        ("03.11.2026", (0, 0, 0)),
        ("Nov 3, 2026", (0, 0, 0)),
        ("3 November 2026", (0, 0, 0)),
        ("46329", (0, 0, 0)),
        ("46329.5", (12, 0, 0)),
    ],
)
def test_dates_are_read_as_utc(text: str, expected: tuple[int, int, int]) -> None:
    assert read(read_moment, text, None) == [datetime(2026, 11, 3, *expected, tzinfo=UTC), None]


@pytest.mark.parametrize("text", ["13/03/2026", "31/31/2026", "2026-02-30", "0026-01-01", "soon"])
def test_a_date_that_is_none_is_not_guessed(text: str) -> None:
    assert read(read_moment, text, "2026-01-01") == [None, datetime(2026, 1, 1, tzinfo=UTC)]


def test_the_form_of_the_first_date_does_not_bind_the_others() -> None:
    forms = ["2026-11-03T00:00:00Z", "2026-11-03", "11/03/2026", None, "2026-11-03T02:00:00+02:00"]
    day = datetime(2026, 11, 3, tzinfo=UTC)
    assert read(read_moment, *forms, "soon") == [day, day, day, None, day, None]


@given(st.datetimes(datetime(1990, 1, 2), datetime(2099, 12, 30)))  # noqa: DTZ001 -- naive is the case
def test_any_iso_moment_survives_the_reading(moment: datetime) -> None:
    expected = moment.replace(tzinfo=UTC)
    assert read(read_moment, expected.isoformat(), str(moment)) == [expected, expected]


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("https://www.Acme.example/about", "acme.example"),
        ("acme.example", "acme.example"),
        ("http://acme.example:8080/x", "acme.example"),
        ("ftp://u:p@www.acme.example?x", "acme.example"),
        ("https://acme.example?x=1", "acme.example"),
        ("www.acme.example.", "acme.example"),
        ("acme.example/about", "acme.example"),
        ("Müller.example", "müller.example"),
        ("acme", None),
        ("n/a", None),
        ("see our page", None),
    ],
)
def test_the_bare_domain_is_read(text: str, domain: str | None) -> None:
    assert read(read_domain, text, None) == [domain, None]


def test_accents_are_composed_and_empty_text_is_null() -> None:
    frame = pl.DataFrame({"a": ["Ame\u0301lie", "", None, "é"], "b": ["x", "y", "z", "\u2019"]})
    assert tidy(frame, ["a", "b"]).rows() == [
        ("Amélie", "x"),
        (None, "y"),
        (None, "z"),
        ("é", "\u2019"),
    ]


def judge(function: Callable[..., Any], *values: str | None) -> list[bool]:
    return pl.DataFrame({"v": values}).select(function(pl.col("v"))).to_series().to_list()


@pytest.mark.parametrize(
    ("address", "good"),
    [
        ("a@b.example", True),
        ("first.last+tag@mail.b.example", True),
        ("ü@müller.example", True),
        ("a@b", False),
        ("a@b.c", False),
        ("a..b@c.example", False),
        (".a@c.example", False),
        ("a@b@c.example", False),
        ("a b@c.example", False),
        ("a@-b.example", False),
        ("a at b.example", False),
        ("x\0@b.example", False),
        (f"{'a' * 250}@b.example", False),
    ],
)
def test_the_form_of_an_address_is_judged(address: str, *, good: bool) -> None:
    assert judge(is_mail, address) == [good]


def test_the_address_of_a_role_is_no_persons() -> None:
    assert judge(is_role, "info@a.example", "information@a.example") == [True, False]
