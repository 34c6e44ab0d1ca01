"""When which lead goes: every lead once, never over the rate, high priority first."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clayload.capacity.placement import sending_time_s
from clayload.capacity.timeline import PlannedChunk, SendRate, TableTimes, limit_chunks, time_tables
from clayload.delivery.pace import Rate
from clayload.model import Priority

RATE = Rate(10, 20)
WEIGHTS = {Priority.HIGH: 8, Priority.NORMAL: 3, Priority.LOW: 1}
PRIORITY_OF = {"one": Priority.NORMAL, "two": Priority.NORMAL, "three": Priority.LOW}

pieces_ = st.lists(
    st.builds(
        lambda table, n: PlannedChunk(table, PRIORITY_OF[table], n),
        st.sampled_from(sorted(PRIORITY_OF)),
        st.integers(1, 120),
    ),
    max_size=12,
)
tempos = st.builds(SendRate, st.just(RATE), st.just(WEIGHTS), st.integers(1, 6), st.integers(1, 25))


class Sums(NamedTuple):
    n_of: Counter[str]
    n: int


def add_up(pieces: list[PlannedChunk]) -> Sums:
    n_of: Counter[str] = Counter()
    for piece in pieces:
        n_of[piece.table] += piece.n
    return Sums(n_of, n_of.total())


def moments(times: dict[str, TableTimes], sums: Sums) -> list[float]:
    return sorted(
        one.moment_of(number)
        for name, one in times.items()
        for number in range(1, sums.n_of[name] + 1)
    )


@given(pieces_, tempos)
def test_all_leads_go_one_after_another_exactly_as_fast_as_the_rate_allows(
    pieces: list[PlannedChunk], send_rate: SendRate
) -> None:
    sums = add_up(pieces)
    expected = [sending_time_s(RATE, number) for number in range(1, sums.n + 1)]
    assert moments(time_tables(pieces, send_rate), sums) == pytest.approx(expected)


@given(pieces_, tempos)
def test_a_tables_later_leads_never_go_before_its_earlier_ones(
    pieces: list[PlannedChunk], send_rate: SendRate
) -> None:
    for name, times in time_tables(pieces, send_rate).items():
        of_table = [times.moment_of(n) for n in range(1, add_up(pieces).n_of[name] + 1)]
        assert of_table == sorted(of_table)


@given(pieces_, st.fixed_dictionaries({name: st.integers(0, 300) for name in PRIORITY_OF}))
def test_a_limit_keeps_the_first_leads_of_each_table(
    pieces: list[PlannedChunk], n_of: dict[str, int]
) -> None:
    kept = limit_chunks(pieces, n_of)
    before, after = add_up(pieces).n_of, add_up(kept).n_of
    assert after == Counter({name: min(before[name], n_of[name]) for name in n_of}) - Counter()
    assert all(piece.n for piece in kept)


def test_with_one_chunk_at_a_time_tables_go_one_after_the_other() -> None:
    pieces = [PlannedChunk("one", Priority.NORMAL, 50), PlannedChunk("two", Priority.NORMAL, 50)]
    times = time_tables(pieces, SendRate(RATE, WEIGHTS, 1, 10))
    assert times["one"].moment_of(50) == pytest.approx(3.2)
    assert times["two"].moment_of(1) == pytest.approx(3.3)


def test_chunks_at_once_take_turns_and_the_next_begins_where_one_ends() -> None:
    pieces = [PlannedChunk(name, Priority.NORMAL, 100) for name in ("one", "two", "three")]
    times = time_tables(pieces, SendRate(RATE, WEIGHTS, 2, 10))
    assert times["one"].moment_of(100) == pytest.approx(sending_time_s(RATE, 190))
    assert times["three"].moment_of(1) == pytest.approx(sending_time_s(RATE, 201))


def test_priorities_that_meet_share_the_rate_by_weight() -> None:
    pieces = [PlannedChunk("fast", Priority.HIGH, 800), PlannedChunk("slow", Priority.LOW, 800)]
    times = time_tables(pieces, SendRate(RATE, WEIGHTS, 2, 10))
    assert times["fast"].moment_of(800) == pytest.approx(sending_time_s(RATE, 900), abs=2)
    assert times["slow"].moment_of(800) == pytest.approx(sending_time_s(RATE, 1_600))


def test_a_table_without_leads_has_no_times() -> None:
    assert time_tables([], SendRate(RATE, WEIGHTS, 4, 10)) == {}
