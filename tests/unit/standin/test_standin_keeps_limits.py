"""Behaviours 13 to 17 of clay-facts.md §8: lifetimes, table caps, and no de-duplication."""

from __future__ import annotations

import json

import pytest
from support.benches.standin_bench import Bench

from clayload.standin.views import table_readback


def test_13_the_lifetime_counter_rises_per_accepted_post_and_deletion_never_lowers_it() -> None:
    bench = Bench()
    for number in range(3):
        bench.post({"n": number})
    bench.post_raw(b"{")
    assert bench.clay.table("leads").delete_rows() == 3
    assert bench.payloads() == []
    assert bench.clay.source("s1").n_accepted == 3


def test_13_auto_dedupe_does_not_give_submissions_back() -> None:
    bench = Bench(auto_dedupe={"column": "email", "blind_s": 0})
    bench.post({"email": "a@example.com"})
    bench.post({"email": "a@example.com"})
    assert len(bench.payloads()) == 1
    assert bench.clay.source("s1").n_accepted == 2


def test_14_the_50001st_submission_answers_403_for_ever() -> None:
    bench = Bench(row_limit=100_000)
    bench.clay.put_source("s1", {"submissions": 49_999})
    assert bench.post({"n": 50_000}).status == 200
    refused = bench.post({"n": 50_001})
    assert refused.status == 403
    assert json.loads(refused.body)["message"] == "Record limit reached for webhook"
    assert set(json.loads(refused.body)) == {"type", "message", "details"}
    bench.clay.table("leads").delete_rows()
    assert bench.post({"n": 50_002}).status == 403
    assert bench.payloads() == []
    assert bench.clay.source("s1").n_accepted == 50_000


@pytest.mark.parametrize(("plan", "limit"), [("growth", 50_000), ("free", 200), ("trial", 1_000)])
def test_15_the_table_cap_is_the_plans(plan: str, limit: int) -> None:
    bench = Bench()
    bench.clay.put_workspace("main", {"plan": plan})
    assert bench.clay.table("leads").row_limit == limit


def test_15_many_sources_feed_one_table_whose_cap_is_apart_from_theirs() -> None:
    bench = Bench(row_limit=3)
    assert [bench.post({"n": n}, source=s).status for n, s in enumerate(["s1", "s2", "s1"])] == [
        200, 200, 200
    ]  # fmt: skip
    assert bench.post({"n": 3}, source="s2").status == 403
    assert [bench.clay.source(s).n_accepted for s in ("s1", "s2")] == [2, 1]


def test_15_a_trial_table_takes_its_1000th_row_and_no_more() -> None:
    bench = Bench()
    bench.clay.put_workspace("main", {"plan": "trial"})
    statuses = [bench.post({"n": number}).status for number in range(1_001)]
    assert statuses == [200] * 1_000 + [403]


def test_16_a_full_table_refuses_and_the_row_is_lost() -> None:
    bench = Bench(row_limit=1)
    bench.post({"n": 1})
    refused = bench.post({"n": 2})
    assert refused.status == 403
    assert json.loads(refused.body)["message"] != "Record limit reached for webhook"
    assert bench.payloads() == [{"n": 1}]
    assert bench.clay.source("s1").n_accepted == 1


def test_16_a_full_table_in_silent_mode_answers_success_and_makes_no_row() -> None:
    bench = Bench(row_limit=1, when_full="drop")
    assert [bench.post({"n": number}).status for number in (1, 2)] == [200, 200]
    assert bench.payloads() == [{"n": 1}]
    assert table_readback(bench.clay.table("leads"))["rowCount"] == 1
    assert bench.clay.source("s1").n_accepted == 2
    assert bench.clay.source("s1").n_records == 1


def test_17_identical_posts_make_two_rows_and_run_enrichments_twice() -> None:
    bench = Bench()
    bench.post({"email": "a@example.com"})
    bench.post({"email": "a@example.com"})
    assert bench.payloads() == [{"email": "a@example.com"}] * 2
    assert bench.clay.table("leads").n_runs == 2


def test_17_with_auto_run_off_rows_come_in_and_nothing_runs() -> None:
    bench = Bench(auto_run=False)
    bench.post({"email": "a@example.com"})
    assert len(bench.payloads()) == 1
    assert bench.clay.table("leads").n_runs == 0
