"""Behaviour 18 of clay-facts.md §8: the auto-dedupe column."""

from __future__ import annotations

import pytest
from support.benches.standin_bench import Bench


@pytest.mark.parametrize(("keep", "kept"), [("oldest", 1), ("newest", 2)])
def test_18_auto_dedupe_keeps_the_oldest_or_the_newest(keep: str, kept: int) -> None:
    bench = Bench(auto_dedupe={"column": "email", "keep": keep})
    bench.post({"email": "a@example.com", "n": 1})
    bench.clock.now += 1
    bench.post({"email": "a@example.com", "n": 2})
    assert [payload["n"] for payload in bench.payloads()] == [kept]


@pytest.mark.parametrize("value", ["", "   ", None, 7, "x" * 201])
def test_18_auto_dedupe_skips_blank_long_and_non_text_values(value: object) -> None:
    bench = Bench(auto_dedupe={"column": "email"})
    for _ in range(2):
        bench.post({"email": value})
        bench.clock.now += 1
    assert len(bench.payloads()) == 2


def test_18_auto_dedupe_takes_values_of_200_characters() -> None:
    bench = Bench(auto_dedupe={"column": "email"})
    for _ in range(2):
        bench.post({"email": "x" * 200})
        bench.clock.now += 1
    assert len(bench.payloads()) == 1


@pytest.mark.parametrize("other", ["A@example.com", " a@example.com", "a@example.com "])
def test_18_auto_dedupe_matches_exactly(other: str) -> None:
    bench = Bench(auto_dedupe={"column": "email"})
    bench.post({"email": "a@example.com"})
    bench.clock.now += 1
    bench.post({"email": other})
    assert len(bench.payloads()) == 2


def test_18_auto_dedupe_misses_inserts_within_100_ms() -> None:
    bench = Bench(auto_dedupe={"column": "email"})
    bench.post({"email": "a@example.com"})
    bench.clock.now += 0.09
    bench.post({"email": "a@example.com"})
    assert len(bench.payloads()) == 2
    bench.clock.now += 0.02
    bench.post({"email": "a@example.com"})
    assert len(bench.payloads()) == 2


def test_18_auto_dedupe_switched_on_later_knows_the_rows_already_there() -> None:
    bench = Bench()
    bench.post({"email": "a@example.com"})
    bench.post({"email": "a@example.com"})
    bench.clay.put_table("leads", {"auto_dedupe": {"column": "email"}})
    bench.clock.now += 1
    bench.post({"email": "a@example.com"})
    assert len(bench.payloads()) == 2


def test_18_a_deleted_row_no_longer_makes_a_duplicate() -> None:
    bench = Bench(auto_dedupe={"column": "email"})
    bench.post({"email": "a@example.com"})
    bench.clay.table("leads").delete_rows(first=1)
    bench.clock.now += 1
    bench.post({"email": "a@example.com"})
    assert len(bench.payloads()) == 1
