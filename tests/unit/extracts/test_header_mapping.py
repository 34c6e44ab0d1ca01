from __future__ import annotations

import io
import string
from collections.abc import Callable

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars import selectors as cs

from clayload.extracts.headers import name_columns
from clayload.extracts.open import Extract


def test_synonyms_mean_their_fields(open_bytes: Callable[..., Extract]) -> None:
    extract = open_bytes(
        b"E-mail Address,Company Name for Emails,# Employees,Person Linkedin Url,Shoe size\n"
        b"a@a.example,A,5,x,42\n"
    )
    assert extract.columns_of == {
        "email": ("E-mail Address",),
        "company": ("Company Name for Emails",),
        "employee_count": ("# Employees",),
        "linkedin_url": ("Person Linkedin Url",),
    }
    assert extract.unmapped == ("Shoe size",)


def test_two_columns_for_one_field_are_named_in_their_order(
    open_bytes: Callable[..., Extract],
) -> None:
    extract = open_bytes(b"Work Email,email,Email 1\na@a.example,b@b.example,\n")
    assert extract.merged == {"email": ("Work Email", "email", "Email 1")}


def test_equal_headers_are_told_apart_and_merged(open_bytes: Callable[..., Extract]) -> None:
    extract = open_bytes(b"Email,Email,\na@a.example,b@b.example,z\n")
    assert extract.columns == ("Email", "Email (2)", "column 3")
    assert extract.merged == {"email": ("Email", "Email (2)")}
    assert extract.unmapped == ("column 3",)


def test_a_delivered_row_number_does_not_shadow_ours(open_bytes: Callable[..., Extract]) -> None:
    extract = open_bytes(b"row_number,email\n77,a@a.example\n")
    frame = extract.scan().collect(engine="streaming")
    assert frame["row_number"].to_list() == [1]
    assert frame["row_number (2)"].to_list() == ["77"]


@given(st.lists(st.text(alphabet=string.ascii_letters[:3] + " ()2", max_size=4)))
def test_names_are_always_unique_and_filled(headers: list[str]) -> None:
    names = name_columns(headers)
    assert len(set(names)) == len(names) == len(headers)
    assert all(name.strip() for name in names)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_header_that_looks_like_a_pattern_is_a_name(
    open_bytes: Callable[..., Extract], kind: str
) -> None:
    rows = pl.DataFrame({"email": ["a@a.example"], "*": ["1"], "^no.*$": ["2"]})
    content = io.BytesIO()
    if kind == "csv":
        rows.write_csv(content)
    else:
        rows.write_parquet(content)
    extract = open_bytes(content.getvalue(), f"leads.{kind}")
    read = extract.scan().collect()
    assert read.select("email", cs.by_name("*", "^no.*$")).rows() == [("a@a.example", "1", "2")]
