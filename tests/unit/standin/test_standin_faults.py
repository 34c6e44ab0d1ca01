"""Behaviours 19 and 20 of clay-facts.md §8, and the other injected faults, on the core."""

from __future__ import annotations

import pytest
from pydantic import ValidationError
from support.benches.standin_bench import Bench

from clayload.standin.faults import FaultsSpec
from clayload.standin.judge import Judgement, Submission, wait_before_s

LEAD = Submission(b"application/json", None, b'{"n": 1}', 8)


def statuses(bench: Bench, n: int, source: str = "s1") -> list[int | None]:
    """Post n times; None stands for a reset."""
    answers = [bench.outcome(LEAD, source).answer for _ in range(n)]
    return [None if answer is None else answer.status for answer in answers]


def test_19_a_lost_acknowledgement_stores_the_row_and_answers_nothing() -> None:
    bench = Bench()
    bench.fault(kind="reset_after_store", count=1)
    assert statuses(bench, 2) == [None, 200]
    assert len(bench.payloads()) == 2
    assert bench.clay.source("s1").n_accepted == 2
    assert bench.clay.workspace("main").traffic.answers == {"reset": 1, "200": 1}


def test_19_a_lost_acknowledgement_is_not_used_up_by_a_refused_submission() -> None:
    bench = Bench()
    bench.fault(kind="reset_after_store", count=1)
    assert bench.post_raw(b"{").status == 400
    assert statuses(bench, 1) == [None]


def test_a_reset_before_the_store_keeps_nothing() -> None:
    bench = Bench()
    bench.fault(kind="reset_before_store", count=1)
    assert statuses(bench, 2) == [None, 200]
    assert len(bench.payloads()) == 1
    assert bench.clay.source("s1").n_accepted == 1


@pytest.mark.parametrize("code", [500, 502, 503, 599])
def test_20_a_5xx_burst_stores_nothing_and_takes_no_token(code: int) -> None:
    bench = Bench()
    bench.clay.put_workspace("main", {"rate_per_s": 10, "burst": 1})
    bench.fault(kind="answer", code=code, count=3)
    assert statuses(bench, 5) == [code, code, code, 200, 429]
    assert len(bench.payloads()) == 1


def test_20_a_5xx_after_the_store_keeps_the_row() -> None:
    bench = Bench()
    bench.fault(kind="answer", code=503, stored=True, count=1)
    assert statuses(bench, 2) == [503, 200]
    assert len(bench.payloads()) == 2


def test_20_slow_answers_wait_after_the_row_is_stored() -> None:
    bench = Bench()
    bench.fault(kind="latency", latency_s=2, jitter_s=0.5)
    outcomes = [bench.outcome(LEAD) for _ in range(100)]
    waits = [outcome.wait_s for outcome in outcomes]
    assert 2 <= min(waits) < max(waits) <= 2.5
    assert wait_before_s(bench.clay, "s1") == 0
    assert len(bench.payloads()) == 100


def test_20_latency_can_come_before_the_judgement() -> None:
    bench = Bench()
    bench.fault(kind="latency", latency_s=2, when="before", count=1)
    assert wait_before_s(bench.clay, "nowhere") == 0
    assert [wait_before_s(bench.clay, "s1") for _ in range(2)] == [2, 0]
    assert bench.outcome(LEAD).wait_s == 0


def test_20_a_slow_body_is_an_ordinary_answer_sent_slowly() -> None:
    bench = Bench()
    bench.fault(kind="slow_body", duration_s=3, count=1)
    outcomes: list[Judgement] = [bench.outcome(LEAD) for _ in range(2)]
    assert [outcome.body_over_s for outcome in outcomes] == [3, 0]


def test_a_429_storm_lasts_its_seconds() -> None:
    bench = Bench()
    bench.fault(kind="answer", code=429, for_s=5)
    bench.clock.now += 4.99
    assert statuses(bench, 3) == [429] * 3
    bench.clock.now += 0.01
    assert statuses(bench, 1) == [200]
    assert len(bench.payloads()) == 1


def test_accept_but_drop_spends_the_submission_and_makes_no_row() -> None:
    bench = Bench()
    bench.fault(kind="drop", count=1)
    assert statuses(bench, 2) == [200, 200]
    source = bench.clay.source("s1")
    assert (len(bench.payloads()), source.n_accepted, source.n_records) == (1, 2, 1)


def test_a_fault_strikes_only_its_source_or_workspace() -> None:
    bench = Bench()
    bench.fault(kind="answer", code=500, source="s2")
    assert statuses(bench, 1, "s1") + statuses(bench, 1, "s2") == [200, 500]
    bench.fault(kind="answer", code=500, workspace="other")
    assert statuses(bench, 1) == [200]


def test_a_probability_with_a_seed_repeats_itself() -> None:
    def strikes(seed: int) -> list[int | None]:
        bench = Bench()
        bench.fault(kind="answer", code=500, probability=0.3, seed=seed)
        return statuses(bench, 200)

    assert strikes(1) == strikes(1)
    assert strikes(1) != strikes(2)
    assert 30 <= strikes(1).count(500) <= 90


def test_the_first_fault_that_fires_ends_the_submission() -> None:
    bench = Bench()
    storms = [{"kind": "answer", "code": code, "count": 1} for code in (429, 503)]
    specs = FaultsSpec.model_validate({"faults": storms})
    bench.clay.faults.arm(specs.faults, bench.clay.now())
    assert statuses(bench, 3) == [429, 503, 200]


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "answer", "code": 200},
        {"kind": "answer", "code": 429, "stored": True},
        {"kind": "earthquake"},
        {"kind": "drop", "probability": 0},
        {"kind": "drop", "cuont": 1},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(fault: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        FaultsSpec.model_validate({"faults": [fault]})
