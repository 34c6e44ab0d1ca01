"""Behaviours 7 to 9 of clay-facts.md §8, and the server's own proof that nobody was over."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.benches.standin_bench import Bench

from clayload.standin.bucket import TokenBucket
from clayload.standin.traffic import Overshoot
from clayload.standin.views import overview, traffic_view

GAPS = st.lists(st.floats(0, 3), min_size=1, max_size=200)


def metered(rate_per_s: float | None = 10.0, burst: int = 20) -> Bench:
    bench = Bench()
    bench.clay.put_workspace("main", {"rate_per_s": rate_per_s, "burst": burst})
    return bench


def post_many(bench: Bench, n: int, source: str = "s1") -> list[int]:
    return [bench.post({"n": number}, source=source).status for number in range(n)]


def test_07_twenty_at_once_pass_and_then_ten_a_second() -> None:
    bench = metered()
    assert post_many(bench, 25) == [200] * 20 + [429] * 5
    bench.clock.now += 1
    assert post_many(bench, 12) == [200] * 10 + [429] * 2
    bench.clock.now += 100
    assert post_many(bench, 21) == [200] * 20 + [429]


def test_07_the_bucket_is_the_workspaces_over_all_its_sources() -> None:
    bench = metered()
    assert post_many(bench, 15, "s1") == [200] * 15
    assert post_many(bench, 6, "s2") == [200] * 5 + [429]


def test_07_another_workspace_has_a_bucket_of_its_own() -> None:
    bench = metered(burst=1)
    bench.clay.put_workspace("other", {"burst": 1})
    bench.clay.put_table("elsewhere", {"workspace": "other"})
    bench.clay.put_source("s3", {"table": "elsewhere"})
    assert [bench.post({}, source=source).status for source in ("s1", "s1", "s3")] == [
        200, 429, 200
    ]  # fmt: skip


def test_07_requests_refused_for_other_reasons_count_one_too() -> None:
    bench = metered(burst=2)
    assert [bench.post_raw(b"{").status for _ in range(3)] == [400, 400, 429]


def test_07_a_429_takes_no_token() -> None:
    bench = metered(burst=1)
    post_many(bench, 50)
    bench.clock.now += 0.1
    assert post_many(bench, 1) == [200]


def test_07_a_sender_spaced_exactly_at_the_rate_is_never_refused() -> None:
    bench = metered(burst=1)
    statuses = []
    for _ in range(1_000):
        statuses += post_many(bench, 1)
        bench.clock.now += 0.1
    assert statuses == [200] * 1_000


def test_08_over_the_rate_answers_429_with_clays_exact_body_and_makes_no_row() -> None:
    bench = metered(burst=1)
    bench.post({"n": 1})
    refused = bench.post({"n": 2})
    assert refused.status == 429
    assert (b"retry-after", b"1") in refused.headers
    assert refused.body == (
        b'{"type":"TooManyRequests","message":"Too many requests. Wait a bit and retry.",'
        b'"details":null}'
    )
    bench.clock.now += 3_600
    assert bench.payloads() == [{"n": 1}]
    assert bench.clay.source("s1").n_accepted == 1


def test_09_the_rate_is_adjustable_live_and_earned_tokens_stay() -> None:
    bench = metered()
    post_many(bench, 20)
    bench.clay.put_workspace("main", {"rate_per_s": 500, "burst": 100})
    assert post_many(bench, 1) == [429]
    bench.clock.now += 0.1
    assert post_many(bench, 51) == [200] * 50 + [429]


def test_09_lowering_the_burst_takes_tokens_away() -> None:
    bench = metered()
    bench.clay.put_workspace("main", {"burst": 3})
    assert post_many(bench, 4) == [200] * 3 + [429]


def test_09_no_rate_means_no_limit_and_the_burst_is_full_when_one_returns() -> None:
    bench = metered(rate_per_s=None)
    assert post_many(bench, 5_000) == [200] * 5_000
    bench.clay.put_workspace("main", {"rate_per_s": 10})
    assert post_many(bench, 21) == [200] * 20 + [429]


@given(gaps=GAPS, rate_per_s=st.floats(0.5, 100), burst=st.integers(1, 30))
def test_07_what_the_bucket_lets_pass_never_overshoots(
    gaps: list[float], rate_per_s: float, burst: int
) -> None:
    bucket, seen, now = TokenBucket(rate_per_s, burst, 0.0), Overshoot(), 0.0
    for gap in gaps:
        now += gap
        if bucket.take(now):
            seen.add(now, rate_per_s, burst)
    assert seen.most is None or seen.most <= 1e-6


@given(gaps=GAPS, rate_per_s=st.floats(0.5, 100), burst=st.integers(1, 30))
def test_the_overshoot_is_the_largest_over_all_windows(
    gaps: list[float], rate_per_s: float, burst: int
) -> None:
    times = [sum(gaps[: end + 1]) for end in range(len(gaps))]
    seen = Overshoot()
    for time in times:
        seen.add(time, rate_per_s, burst)
    over_windows = (
        (end - start + 1) - rate_per_s * (times[end] - times[start]) - burst
        for start in range(len(times))
        for end in range(start, len(times))
    )
    assert seen.most == pytest.approx(max(over_windows), abs=1e-6)


def test_traffic_tells_attempted_and_accepted_overshoot_apart() -> None:
    bench = metered()
    post_many(bench, 23)
    traffic = traffic_view(bench.clay.workspace("main").traffic)
    assert traffic["largest_overshoot"] == {"attempted": 3.0, "accepted": 0.0}
    assert traffic["answers"] == {"200": 20, "429": 3}
    assert (traffic["attempted"], traffic["accepted"]) == (23, 20)
    bench.clock.now += 2
    post_many(bench, 4)
    assert traffic_view(bench.clay.workspace("main").traffic)["per_second"] == [
        [0, 23, 20], [2, 4, 4]
    ]  # fmt: skip


def test_the_overview_holds_no_token_and_no_id_as_clays_are() -> None:
    bench = metered()
    source_id = "3f6d0cf8-52b1-4f6e-9d0a-0123456789ab"
    bench.clay.put_source(source_id, {"table": "leads", "token": "hush-hush"})
    bench.post({"n": 1}, source=source_id, token=b"hush-hush")
    shown = json.dumps(overview(bench.clay), ensure_ascii=False)
    assert "hush-hush" not in shown
    assert source_id not in shown
    assert "…6789ab" in shown


@pytest.mark.parametrize("source_id", ["inbound-1", "outbound-leads-technology-1"])
def test_a_source_is_called_by_its_name_or_by_the_whole_id_that_it_was_given(
    source_id: str,
) -> None:
    bench = metered()
    bench.clay.put_source(source_id, {"table": "leads"})
    bench.post({"n": 1}, source=source_id)
    shown = overview(bench.clay)
    assert source_id in {source["name"] for source in shown["sources"]}
    assert shown["last_answers"][0]["source"] == source_id
    bench.clay.put_source(source_id, {"name": "first"})
    assert "first" in {source["name"] for source in overview(bench.clay)["sources"]}
