"""Is a run that somebody works on told from one that nobody does, whatever holds it up?"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clayload.ledger.books.run_activity import IDLE_S, QUIET_S, RunActivity, RunStatus

NOW = 1_793_500_000.0


def status_of(idle_s: float = 0.0, **changes: object) -> RunStatus:
    """The status of an open run that moved so long ago; nothing else is known of it."""
    plain: dict[str, Any] = {
        "now": NOW,
        "is_closed": False,
        "halted_by": None,
        "in_flight": {},
        "unsent": {},
        "n_lost": 0,
        "moved_at": NOW - idle_s,
        "is_anybody_asking": False,
        "is_paused": False,
        "throttled_until": 0.0,
    }
    return RunActivity(**(plain | changes)).status


def test_a_run_whose_leads_are_in_flight_is_running_however_long_the_answers_take() -> None:
    assert status_of(in_flight={"tech": 5}) is RunStatus.RUNNING
    assert status_of(IDLE_S * 2, in_flight={"tech": 5}) is RunStatus.RUNNING


def test_a_halted_run_is_stopping_until_its_answers_are_in_and_then_abandoned() -> None:
    halted = {"halted_by": "interrupted", "is_anybody_asking": True}
    assert status_of(in_flight={"tech": 5}, **halted) is RunStatus.STOPPING
    assert status_of(**halted) is RunStatus.ABANDONED


def test_a_run_that_is_idle_for_45_s_is_running_and_after_a_minute_of_silence_abandoned() -> None:
    assert status_of(45.0) is RunStatus.RUNNING
    assert status_of(QUIET_S) is RunStatus.RUNNING
    assert status_of(QUIET_S + 0.1) is RunStatus.ABANDONED


def test_a_run_that_waits_through_a_pause_of_20_minutes_is_not_called_dead() -> None:
    assert status_of(1_200.0, is_paused=True, is_anybody_asking=True) is RunStatus.WAITING


def test_a_run_that_was_killed_before_or_during_a_pause_is_abandoned_after_a_minute() -> None:
    assert status_of(45.0, is_paused=True) is RunStatus.RUNNING
    assert status_of(1_200.0, is_paused=True) is RunStatus.ABANDONED


def test_while_somebody_asks_a_silent_run_has_ten_minutes_for_it_may_be_the_one() -> None:
    assert status_of(IDLE_S, is_anybody_asking=True) is RunStatus.RUNNING
    assert status_of(IDLE_S + 0.1, is_anybody_asking=True) is RunStatus.ABANDONED


@pytest.mark.parametrize("is_asking", [False, True])
def test_silence_counts_from_the_end_of_a_throttle_since_nobody_could_move_before(
    *, is_asking: bool
) -> None:
    asking = {"is_anybody_asking": is_asking}
    assert status_of(3_600.0, throttled_until=NOW + 60, **asking) is RunStatus.RUNNING
    assert status_of(3_600.0, throttled_until=NOW - 45, **asking) is RunStatus.RUNNING
    assert status_of(3_600.0, throttled_until=NOW - 700, **asking) is RunStatus.ABANDONED


def test_a_closed_run_is_closed_whatever_became_of_its_leads_since() -> None:
    # Another load may have taken them up.
    closed = status_of(is_closed=True, in_flight={"tech": 5}, is_anybody_asking=True)
    assert closed is RunStatus.CLOSED


@given(
    idle_s=st.floats(0, 10_000),
    in_flight=st.integers(0, 5),
    halted_by=st.sampled_from([None, "interrupted"]),
    is_anybody_asking=st.booleans(),
    is_paused=st.booleans(),
    throttled_s=st.floats(-10_000, 10_000),
)
def test_an_open_run_with_leads_in_flight_is_always_worked_on(
    idle_s: float, in_flight: int, throttled_s: float, **signs: object
) -> None:
    status = status_of(
        idle_s,
        in_flight={"tech": in_flight} if in_flight else {},
        throttled_until=NOW + throttled_s,
        **signs,
    )
    assert status.is_worked_on or not in_flight
    assert status is not RunStatus.CLOSED
