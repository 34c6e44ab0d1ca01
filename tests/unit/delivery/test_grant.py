"""Is nothing granted past a limit of slot or table, and does the refusal say its figures?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.scenes.fakes import workspace_at

from clayload.delivery.grant import (
    Exhausted,
    Limit,
    Reservation,
    Room,
    SlotSnapshot,
    SlotState,
    TableSnapshot,
    Wait,
    find_room,
    reserve,
)
from clayload.delivery.pace import HORIZON_S, PaceState, Rate, throttle
from clayload.model import Priority

CLAY = Rate(10.0, 20)
NOW = 1_790_000_000.0

slot_states = st.sampled_from(SlotState)
slots = st.lists(
    st.tuples(st.integers(0, 120), st.integers(1, 100), slot_states), min_size=1, max_size=5
).map(lambda rows: [SlotSnapshot(f"slot-{i}", *row) for i, row in enumerate(rows)])


def _reserve(table: TableSnapshot, pace: PaceState, n: int) -> Reservation | Wait | Exhausted:
    return reserve(workspace_at(NOW, pace, CLAY), table, Priority.NORMAL, n)


def _table(*slots: SlotSnapshot, rows_used: int = 0, row_limit: int = 50_000) -> TableSnapshot:
    return TableSnapshot(rows_used, row_limit, slots)


@given(slots, st.integers(0, 120), st.integers(1, 100), st.integers(1, 50))
def test_room_is_within_the_slots_life_and_the_tables_rows(
    table_slots: list[SlotSnapshot], rows_used: int, row_limit: int, n: int
) -> None:
    table = TableSnapshot(rows_used, row_limit, table_slots)
    room = find_room(table, n)
    n_left_of = {slot.name: slot.n_left for slot in table_slots}
    if isinstance(room, Exhausted):
        assert rows_used >= row_limit or not any(n_left_of.values())
    else:
        assert 1 <= room.n <= min(n, n_left_of[room.slot], row_limit - rows_used)


@given(slots)
def test_slots_are_used_up_in_their_order(table_slots: list[SlotSnapshot]) -> None:
    room = find_room(_table(*table_slots), 1)
    usable = [slot.name for slot in table_slots if slot.n_left]
    assert (room.slot if isinstance(room, Room) else None) == (usable[0] if usable else None)


def test_a_retired_slot_is_told_as_retired() -> None:
    table = _table(
        SlotSnapshot("a", 22, 45_000, SlotState.RETIRED),
        SlotSnapshot("b", 7, 45_000, SlotState.RETIRED, "its token leaked"),
    )
    detail = "a 22 of 45,000 (retired); b 7 of 45,000 (retired: its token leaked)"
    assert find_room(table, 10) == Exhausted(Limit.SLOTS_RETIRED, detail)


@given(slots, st.integers(0, 300), st.integers(1, 50))
def test_granting_until_it_stops_fills_the_limits_exactly(
    table_slots: list[SlotSnapshot], row_limit: int, n: int
) -> None:
    n_free = sum(slot.n_left for slot in table_slots)
    n_granted, rows_used = 0, 0
    current = list(table_slots)
    while isinstance(room := find_room(TableSnapshot(rows_used, row_limit, current), n), Room):
        n_granted += room.n
        rows_used += room.n
        current = [
            SlotSnapshot(s.name, s.used + room.n * (s.name == room.slot), s.safe_limit, s.state)
            for s in current
        ]
    assert n_granted == min(n_free, row_limit)


def test_a_slot_at_its_safe_limit_gives_way_to_the_next() -> None:
    room = find_room(_table(SlotSnapshot("a", 45_000, 45_000), SlotSnapshot("b", 3, 45_000)), 10)
    assert room == Room("b", 10)


def test_the_last_of_a_slot_are_granted_before_the_next_slot_begins() -> None:
    room = find_room(_table(SlotSnapshot("a", 44_996, 45_000), SlotSnapshot("b", 0, 45_000)), 10)
    assert room == Room("a", 4)


@pytest.mark.parametrize("state", [SlotState.USED_UP, SlotState.SUSPENDED])
def test_a_slot_clay_refuses_is_passed_over_though_life_is_left(state: SlotState) -> None:
    refused = SlotSnapshot("a", 10, 45_000, state, "slot answers 401")
    assert find_room(_table(refused, SlotSnapshot("b", 0, 45_000)), 10) == Room("b", 10)


def test_used_up_slots_are_told_with_their_figures() -> None:
    table = _table(
        SlotSnapshot("tech-1", 45_000, 45_000),
        SlotSnapshot("tech-2", 44_990, 45_000, SlotState.USED_UP, "slot used up"),
    )
    detail = "tech-1 45,000 of 45,000; tech-2 44,990 of 45,000 (slot used up)"
    assert find_room(table, 10) == Exhausted(Limit.SLOTS_USED_UP, detail)


def test_a_benched_slot_among_used_up_ones_is_what_a_person_can_mend() -> None:
    table = _table(
        SlotSnapshot("tech-1", 45_000, 45_000),
        SlotSnapshot("tech-2", 7, 45_000, SlotState.SUSPENDED, "slot answers 401"),
    )
    detail = "tech-1 45,000 of 45,000; tech-2 7 of 45,000 (slot answers 401)"
    assert find_room(table, 10) == Exhausted(Limit.SLOTS_SUSPENDED, detail)


@pytest.mark.parametrize("rows_used", [50_000, 50_001])
def test_a_full_table_is_told_with_its_figures(rows_used: int) -> None:
    table = _table(SlotSnapshot("a", 0, 45_000), rows_used=rows_used)
    assert find_room(table, 1) == Exhausted(Limit.TABLE_FULL, f"{rows_used:,} of 50,000 rows")


def test_an_auto_delete_table_has_neither_limit() -> None:
    spent = [SlotSnapshot("a", 90_000, 45_000)]
    table = TableSnapshot(90_000, 50_000, spent, auto_delete=True)
    assert find_room(table, 10) == Room("a", 10)


@pytest.mark.parametrize("state", [SlotState.USED_UP, SlotState.SUSPENDED])
def test_an_auto_delete_table_passes_over_the_slots_clay_refuses(state: SlotState) -> None:
    refused = SlotSnapshot("a", 0, 45_000, state, "slot answers 404")
    healthy = SlotSnapshot("b", 90_000, 45_000)
    assert find_room(TableSnapshot(0, 50_000, [refused, healthy], auto_delete=True), 3) == Room(
        "b", 3
    )
    alone = find_room(TableSnapshot(0, 50_000, [refused], auto_delete=True), 3)
    assert isinstance(alone, Exhausted)
    assert alone.detail == "a 0 of 45,000 (slot answers 404)"


def test_a_reservation_takes_no_more_moments_than_there_is_room_for() -> None:
    answer = _reserve(_table(SlotSnapshot("a", 44_998, 45_000)), PaceState(), 10)
    assert isinstance(answer, Reservation)
    assert (answer.slot, len(answer.delays_s)) == ("a", 2)


def test_a_paused_workspace_waits_and_a_full_table_does_not_wait_for_it() -> None:
    paused = throttle(PaceState(), CLAY, NOW, 30.0)
    usable = _table(SlotSnapshot("a", 0, 45_000))
    answer = _reserve(usable, paused, 10)
    assert isinstance(answer, Wait)
    assert answer.wait_s == pytest.approx(30 - HORIZON_S / 2)
    full = _table(SlotSnapshot("a", 0, 45_000), rows_used=9, row_limit=9)
    assert isinstance(_reserve(full, paused, 10), Exhausted)
