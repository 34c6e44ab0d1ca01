from __future__ import annotations

import polars as pl

from clayload.frames.lead import differs, to_leads
from clayload.frames.source import RAW
from clayload.lead_schema import LEAD_SCHEMA


def make(columns_of: dict[str, tuple[str, ...]], **raw: list[str | None]) -> pl.DataFrame:
    rows = pl.LazyFrame(
        {RAW + name: pl.Series(values, dtype=pl.String) for name, values in raw.items()}
    )
    return to_leads(rows, columns_of).collect()


def test_every_lead_field_is_there_with_its_type() -> None:
    leads = make({"email": ("e",)}, e=["a@a.example"])
    assert {field: leads.schema[field] for field in LEAD_SCHEMA} == LEAD_SCHEMA


def test_mail_is_lower_case_and_freed_of_brackets() -> None:
    leads = make({"email": ("e",)}, e=[" <ANA@Acme.Example>; ", "  ", None])
    assert leads["email"].to_list() == ["ana@acme.example", None, None]


def test_the_domain_comes_from_its_column_then_website_then_company_mail() -> None:
    leads = make(
        {"email": ("e",), "website": ("w",), "domain": ("d",)},
        e=["a@m.example", "a@m.example", "a@m.example", "a@freemail.example"],
        w=["https://w.example/x", "https://w.example/x", None, None],
        d=["www.D.example", None, None, None],
    )
    assert leads["domain"].to_list() == ["d.example", "w.example", "m.example", None]
    assert leads["website"][0] == "https://w.example/x"


def test_a_full_name_is_joined_and_two_words_are_split() -> None:
    joined = make(
        {"first_name": ("f",), "last_name": ("l",)}, f=["Ana", "Bo", None], l=["Li", None, None]
    )
    assert joined["full_name"].to_list() == ["Ana Li", "Bo", None]
    split = make({"full_name": ("n",)}, n=["Ana Li", "Ana van Li", "Li"])
    assert split["first_name"].to_list() == ["Ana", None, None]
    assert split["last_name"].to_list() == ["Li", None, None]


def test_a_name_in_parts_is_not_overwritten_by_the_full_name() -> None:
    leads = make({"full_name": ("n",), "first_name": ("f",)}, n=["Ana Li"], f=["Anna"])
    assert leads.select("first_name", "last_name").row(0) == ("Anna", None)


def test_the_first_filled_of_several_columns_counts() -> None:
    columns = {"email": ("a", "b")}
    raw = {"a": [" ", "x@a.example", None], "b": ["y@b.example", "z@b.example", None]}
    assert make(columns, **raw)["email"].to_list() == ["y@b.example", "x@a.example", None]
    rows = pl.LazyFrame({RAW + name: values for name, values in raw.items()})
    assert rows.select(differs(("a", "b"))).collect().to_series().to_list() == [False, True, False]


def test_what_was_typed_stays_beside_what_was_read() -> None:
    leads = make({"employee_count": ("n",), "created_at": ("c",)}, n=["Nov-50"], c=["soon"])
    assert leads.select("employee_count:text", "employee_count").row(0) == ("Nov-50", None)
    assert leads.select("created_at:text", "created_at").row(0) == ("soon", None)


def test_the_delivered_columns_are_not_changed() -> None:
    assert make({"email": ("e",)}, e=[" A@A.EXAMPLE "])[RAW + "e"].to_list() == [" A@A.EXAMPLE "]
