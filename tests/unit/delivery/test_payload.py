"""Is one lead one JSON object, whatever its fields hold?"""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clayload.delivery.payload import build_body

LEAD = {"email": "ada@example.com", "company": None, "employee_count": 51}


def test_a_body_is_one_object_with_the_fields_the_key_and_the_run() -> None:
    document = json.loads(build_body(LEAD, "ada@example.com", "run-1"))
    assert document == {**LEAD, "lead_key": "ada@example.com", "run_id": "run-1"}


def test_an_empty_field_is_sent_as_null_so_that_every_lead_has_the_same_columns() -> None:
    assert b'"company": null' in build_body(LEAD, "k", "run-1")


def test_a_time_is_sent_in_iso_form_with_its_zone() -> None:
    body = build_body({"created_at": datetime(2026, 11, 2, 9, 30, tzinfo=UTC)}, "k", "run-1")
    assert json.loads(body)["created_at"] == "2026-11-02T09:30:00+00:00"


def test_a_value_without_a_json_form_is_told_by_its_type_not_its_content() -> None:
    with pytest.raises(TypeError, match=r"of type set has no JSON form"):
        build_body({"notes": {"secret"}}, "k", "run-1")


@given(st.dictionaries(st.sampled_from(["notes", "title", "city"]), st.text()), st.text())
def test_any_text_survives_the_wire(lead: dict[str, str], key: str) -> None:
    assert json.loads(build_body(lead, key, "r")) == {**lead, "lead_key": key, "run_id": "r"}
