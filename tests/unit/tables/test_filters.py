"""What a filter may say, what it selects, and what it is refused for."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from clayload.errors import Code, ConfigError
from clayload.lead_schema import LEAD_SCHEMA
from clayload.tables.filters import FILTER_FUNCTIONS, parse_filter

TECH = "industry IN ('Software', 'SaaS', 'Technology')"


def leads(**columns: list[object]) -> pl.DataFrame:
    n = len(next(iter(columns.values())))
    whole = {name: columns.get(name, [None] * n) for name in LEAD_SCHEMA}
    return pl.DataFrame(whole, schema=LEAD_SCHEMA)


def matches(sql: str, frame: pl.DataFrame) -> list[bool | None]:
    return frame.select(match=parse_filter(sql)).get_column("match").to_list()


def test_a_missing_value_is_no_match_and_never_null() -> None:
    frame = leads(industry=["Software", "software", None, "Banking"])
    assert matches(TECH, frame) == [True, False, False, False]
    assert matches(f"NOT ({TECH})", frame) == [False, True, False, True]


def test_case_counts_unless_the_filter_says_otherwise() -> None:
    frame = leads(industry=["SOFTWARE", "Software"])
    assert matches("LOWER(industry) = 'software'", frame) == [True, True]


def test_true_takes_every_lead() -> None:
    frame = leads(email=["a@example.com", None])
    assert frame.filter(parse_filter("TRUE")).height == 2


def test_the_answer_is_the_same_lazily_and_in_a_stream() -> None:
    frame = leads(industry=["Software", None, "Banking"])
    lazy = frame.lazy().filter(parse_filter(TECH)).collect(engine="streaming")
    assert lazy.get_column("industry").to_list() == ["Software"]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("employee_count BETWEEN 10 AND 50", [True, False]),
        ("created_at >= DATE '2026-11-01'", [True, False]),
        ("source = 'web form' OR (form_id IS NOT NULL AND country = 'NL')", [False, True]),
        ("email LIKE '%@example.com'", [True, False]),
        ("company = 'O''Neil (select; -- $$)'", [True, False]),
        ("CASE WHEN country = 'NL' THEN TRUE ELSE FALSE END", [False, True]),
        ("industry NOT IN ('Banking')", [True, False]),
        ("SPLIT_PART(email, '@', 2) = 'example.com'", [True, False]),
        ("\"country\" = 'NL'", [False, True]),
    ],
)
def test_a_condition_selects_its_leads(sql: str, expected: list[bool]) -> None:
    frame = leads(
        email=["ann@example.com", "ben@example.org"],
        employee_count=[20, 51],
        created_at=[datetime(2026, 11, 2, tzinfo=UTC), datetime(2026, 10, 2, tzinfo=UTC)],
        form_id=[None, "f1"],
        country=[None, "NL"],
        company=["O'Neil (select; -- $$)", None],
        industry=["Software", None],
    )
    assert matches(sql, frame) == expected


@pytest.mark.parametrize(
    ("sql", "words", "nearest"),
    [
        ("industri = 'x'", "unknown lead field 'industri'", "industry"),
        ("EMAIL = 'x'", "unknown lead field 'EMAIL'", "email"),
        ('source = "web"', "unknown lead field 'web'", "website"),
        ("", "not a condition", None),
        ("   ", "not a condition", None),
        ("email = 'a", "not a condition", None),
        ("email IN ('a', 'b'", "not a condition", None),
        ("email = 'a', form_id = 'b'", "not a condition", None),
        ("*", "not a condition", None),
        ("email", "gives String, not true or false", None),
        ("employee_count + 1", "gives Int64, not true or false", None),
        ("NULL", "gives Null, not true or false", None),
        ("employee_count > 'x'", "types do not fit", None),
        ("email > 3", "types do not fit", None),
        ("employee_count IN ('1')", "types do not fit", None),
        ("industry ~ '('", "types do not fit", None),
        ("created_at > '2026-01-01'", "types do not fit", None),
        ("SELECT 1", "SELECT is not part of a condition", None),
        ("email IN (SELECT a FROM read_csv('x.csv'))", "SELECT is not part of a condition", None),
        ("EXISTS (SELECT 1)", "is not part of a condition", None),
        ("email IN (VALUES ('x'))", "VALUES is not part of a condition", None),
        ("ROW_NUMBER() OVER (ORDER BY email) = 1", "OVER is not part of a condition", None),
        ("MAX(employee_count) > 3", "max() is not for filters", None),
        ('"max"(email) = email', "max() is not for filters", None),
        ("COUNT(*) > 1", "count() is not for filters", "concat"),
        ("COLUMNS('.*') IS NOT NULL", "columns() is not for filters", None),
        ("email = ANY('a')", "any() is not for filters", None),
        ("CAST(lead_id AS BIGINT) > 1", "cast() is not for filters", "try_cast"),
        ("loweer(email) = 'a'", "loweer() is not for filters", "lower"),
        ("NOW() > created_at", "now() is not for filters", None),
        ("created_at < CURRENT_TIMESTAMP", "CURRENT_TIMESTAMP gives another answer", None),
        ("lead_id::bigint > 1", "a filter cannot hold ::", None),
        ("email = 'a'; DROP TABLE x", "a filter cannot hold ;", None),
        ("email = 'a' -- note", "a filter cannot hold --", None),
        ("email = $$'$$ OR MAX(email) = $$'$$", "a filter cannot hold $", None),
        ("email = `x`", "a filter cannot hold `", None),
        ("source = 'web' form_id", "the word 'form_id' follows a whole condition", None),
        ("email = 'a' AS foo", "the word 'foo' follows a whole condition", None),
    ],
)
def test_a_filter_that_is_no_condition_on_one_lead_is_refused(
    sql: str, words: str, nearest: str | None
) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_filter(sql)
    assert caught.value.code == Code.CONFIG_BAD_FILTER
    assert words in caught.value.message
    assert "\n" not in str(caught.value)
    assert caught.value.facts["nearest"] == nearest


CALLS = {
    "abs": "abs(employee_count) > 1",
    "coalesce": "coalesce(email, 'x') = 'x'",
    "concat": "concat(first_name, last_name) = 'x'",
    "date_part": "date_part('year', created_at) = 2026",
    "ends_with": "ends_with(email, 'x')",
    "extract": "extract(YEAR FROM created_at) = 2026",
    "greatest": "greatest(employee_count, 1) > 1",
    "if": "if(email = 'x', TRUE, FALSE)",
    "ifnull": "ifnull(email, 'x') = 'x'",
    "initcap": "initcap(email) = 'x'",
    "least": "least(employee_count, 1) > 0",
    "left": "left(email, 9) = 'x'",
    "length": "length(email) > 3",
    "lower": "lower(email) = 'x'",
    "ltrim": "ltrim(email) = 'x'",
    "mod": "mod(employee_count, 2) = 0",
    "nullif": "nullif(email, 'x') IS NULL",
    "position": "position('x' IN email) > 0",
    "regexp_like": "regexp_like(email, '^x')",
    "replace": "replace(email, 'x', 'y') = 'y'",
    "right": "right(email, 9) = 'x'",
    "rtrim": "rtrim(email) = 'x'",
    "split_part": "split_part(email, '@', 2) = 'x'",
    "starts_with": "starts_with(email, 'x')",
    "strpos": "strpos(email, 'x') > 0",
    "substr": "substr(email, 1, 9) = 'x'",
    "trim": "trim(email) = 'x'",
    "try_cast": "try_cast(lead_id AS BIGINT) > 1",
    "upper": "upper(email) = 'X'",
}


def test_every_function_on_the_list_looks_at_one_lead_and_fails_on_none() -> None:
    frame = leads(
        email=["x", "", None, "ä@example.com"],
        lead_id=["1", "x", None, ""],
        employee_count=[0, -5, None, 2**62],
        created_at=[datetime(2026, 1, 1, tzinfo=UTC), None, None, datetime(1, 1, 1, tzinfo=UTC)],
    )
    assert set(CALLS) == FILTER_FUNCTIONS
    for sql in CALLS.values():
        together = matches(sql, frame)
        alone = [matches(sql, frame[i])[0] for i in range(frame.height)]
        assert together == alone, sql
