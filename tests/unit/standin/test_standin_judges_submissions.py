"""Behaviours 1 to 6, 10 to 12, 21, 32 and 33 of clay-facts.md §8, and the order of the checks."""

from __future__ import annotations

import json

import pytest
from support.benches.standin_bench import Bench

from clayload.standin.spec import RotationSpec
from clayload.standin.views import columns_readback, row_view, table_readback


def test_01_an_unknown_or_deleted_source_answers_404() -> None:
    bench = Bench()
    assert bench.post({"a": 1}, source="nowhere").status == 404
    bench.clay.put_source("s1", {"deleted": True})
    assert bench.post({"a": 1}).status == 404
    assert bench.payloads() == []
    assert bench.clay.source("s1").n_accepted == 0


@pytest.mark.parametrize(
    "content_type", [None, b"", b"text/plain", b"application/x-www-form-urlencoded", b"json"]
)
def test_02_a_missing_or_other_content_type_answers_400(content_type: bytes | None) -> None:
    bench = Bench()
    assert bench.post_raw(b'{"a": 1}', content_type=content_type).status == 400
    assert bench.payloads() == []


@pytest.mark.parametrize(
    "content_type", [b"application/json", b"Application/JSON; charset=utf-8", b"application/json "]
)
def test_02_json_content_types_are_taken(content_type: bytes) -> None:
    assert Bench().post_raw(b'{"a": 1}', content_type=content_type).status == 200


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"{'a': 1}", b'{"a": NaN}', b'{"a": -Infinity}', b"\xff\xfe", b'{"a": 1}x',
     b"[" * 50_000],
)  # fmt: skip
def test_02_invalid_json_answers_400(body: bytes) -> None:
    bench = Bench()
    assert bench.post_raw(body).status == 400
    assert bench.payloads() == []
    assert bench.clay.source("s1").n_accepted == 0


@pytest.mark.parametrize("token", [None, b"", b"wrong", b"Bearer right", b"right "])
def test_03_a_missing_or_wrong_token_answers_401(token: bytes | None) -> None:
    bench = Bench()
    bench.clay.put_source("s1", {"token": "right"})
    assert bench.post({"a": 1}, token=token).status == 401
    assert bench.payloads() == []
    assert bench.post({"a": 1}, token=b"right").status == 200


@pytest.mark.parametrize("token", [None, b"anything"])
def test_04_a_source_without_token_accepts_with_or_without_the_header(token: bytes | None) -> None:
    assert Bench().post({"a": 1}, token=token).status == 200


def test_05_a_rotated_token_kills_the_old_at_once_and_the_new_works_after_a_while() -> None:
    bench = Bench()
    bench.clay.put_source("s1", {"token": "old"})
    rotation = RotationSpec(token="new", new_refused_for_s=60)  # noqa: S106 - a test's token
    assert bench.clay.rotate_token("s1", rotation) == "new"
    assert bench.post({"a": 1}, token=b"old").status == 401
    assert bench.post({"a": 1}, token=b"new").status == 401
    bench.clock.now += 59.9
    assert bench.post({"a": 1}, token=b"new").status == 401
    bench.clock.now += 0.1
    assert bench.post({"a": 1}, token=b"new").status == 200
    assert bench.post({"a": 1}, token=b"old").status == 401


def test_05_a_rotation_without_a_token_makes_a_new_one_each_time() -> None:
    bench = Bench()
    first = bench.clay.rotate_token("s1", RotationSpec())
    second = bench.clay.rotate_token("s1", RotationSpec())
    assert first != second
    assert bench.post({"a": 1}, token=first.encode()).status == 401
    assert bench.post({"a": 1}, token=second.encode()).status == 200


def body_of(n_bytes: int) -> bytes:
    return b'{"notes":"' + b"x" * (n_bytes - 12) + b'"}'


def test_06_a_body_of_102400_bytes_is_taken_and_one_more_answers_413() -> None:
    bench = Bench()
    assert bench.post_raw(body_of(102_400)).status == 200
    assert bench.post_raw(body_of(102_401)).status == 413
    assert len(bench.payloads()) == 1


def test_06_oversize_can_be_switched_to_400() -> None:
    bench = Bench()
    bench.clay.put_workspace("main", {"oversize_status": 400})
    assert bench.post_raw(body_of(102_401)).status == 400


def test_10_an_array_body_becomes_one_row() -> None:
    bench = Bench()
    leads = [{"email": "a@example.com"}, {"email": "b@example.com"}]
    assert bench.post(leads).status == 200
    assert bench.payloads() == [leads]
    assert bench.clay.source("s1").n_accepted == 1


def test_11_nested_and_flat_keys_are_kept_with_a_column_per_top_level_key() -> None:
    bench = Bench()
    bench.post({"email": "a@example.com", "company": {"name": "Example", "tags": ["x"]}})
    bench.post({"email": "b@example.com", "notes": None})
    table = bench.clay.table("leads")
    assert table.columns == ("email", "company", "notes")
    first = row_view(bench.clay, table, next(table.rows()))
    assert first["cells"]["company"] == {"name": "Example", "tags": ["x"]}


def test_11_unmapped_keys_stay_in_the_source_cell() -> None:
    bench = Bench(columns=("email",))
    bench.post({"email": "a@example.com", "notes": "kept"})
    table = bench.clay.table("leads")
    row = row_view(bench.clay, table, next(table.rows()))
    assert row["cells"] == {"email": "a@example.com"}
    assert row["payload"] == {"email": "a@example.com", "notes": "kept"}
    assert row["received_at"] == "2026-11-23T00:00:00.000000+00:00"
    assert row["source"] == "s1"


@pytest.mark.parametrize(
    ("status", "kind", "body"), [(200, "json", b'{"success":true}'), (202, "text", b"OK")]
)
def test_12_success_is_200_or_202_without_a_row_id(status: int, kind: str, body: bytes) -> None:
    bench = Bench()
    bench.clay.put_workspace("main", {"success_status": status, "success_body": kind})
    answer = bench.post({"a": 1})
    assert (answer.status, answer.body) == (status, body)


def test_21_a_ping_is_a_real_row_and_spends_one_submission() -> None:
    bench = Bench()
    assert bench.post({"ping": True}).status == 200
    assert bench.payloads() == [{"ping": True}]
    assert bench.clay.source("s1").n_accepted == 1


def test_32_read_back_has_the_shape_of_clays_cli() -> None:
    bench = Bench()
    bench.clay.put_source("s2", {"submissions": 44_990})
    bench.post({"email": "a@example.com"})
    bench.post({"email": "b@example.com"}, source="s2")
    table = bench.clay.table("leads")
    assert table_readback(table)["rowCount"] == 2
    data = columns_readback(bench.clay, table)["data"]
    records = {s["id"]: s["numSourceRecords"] for column in data for s in column["sources"]}
    assert records == {"s1": 1, "s2": 44_991}
    assert [column["name"] for column in data] == ["Webhook", "email"]


@pytest.mark.parametrize(
    ("plan", "status"),
    [
        ("growth", 200),
        ("enterprise", 200),
        ("trial", 200),
        ("explorer", 200),
        ("pro", 200),
        ("free", 403),
        ("launch", 403),
        ("starter", 403),
    ],
)
def test_33_only_plans_with_webhooks_take_submissions(plan: str, status: int) -> None:
    bench = Bench()
    bench.clay.put_workspace("main", {"plan": plan})
    assert bench.post({"a": 1}).status == status
    assert len(bench.payloads()) == (1 if status == 200 else 0)


def test_a_refusal_names_the_first_check_that_fails_in_the_documented_order() -> None:
    bench = Bench(row_limit=0)
    bench.clay.put_source("s1", {"token": "right", "submissions": 50_000})
    bench.clay.put_workspace("main", {"plan": "free", "rate_per_s": 1e-9, "burst": 1})

    def ask(body: bytes, content_type: bytes = b"application/json") -> int:
        bench.clay.put_workspace("main", {"rate_per_s": None})
        return bench.post_raw(body, content_type=content_type).status

    bench.post({"a": 1})
    assert bench.post_raw(body_of(102_401), content_type=b"text/plain").status == 429
    assert ask(body_of(102_401), content_type=b"text/plain") == 400
    assert ask(b"x" * 102_401) == 413
    assert ask(b"x") == 400
    assert ask(b"{}") == 401
    assert json.loads(bench.post({}, token=b"right").body)["message"].startswith("Webhooks are")
    bench.clay.put_workspace("main", {"plan": "growth"})
    assert json.loads(bench.post({}, token=b"right").body)["message"].startswith("Record limit")
    bench.clay.put_source("s1", {"submissions": 0})
    assert json.loads(bench.post({}, token=b"right").body)["message"].startswith("Row limit")
