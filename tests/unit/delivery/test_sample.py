"""Is never one lead more of a sample granted than may be sent before a person speaks?"""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from clayload.delivery.budget import FREE
from clayload.delivery.grant import Room, SlotSnapshot, TableSnapshot, find_fitting
from clayload.delivery.limits import stop_of
from clayload.delivery.sample import ApprovalRequired, Decision, Sample, count_allowed
from clayload.errors import ApprovalRequiredError, Code

RUN = "20261126T071153Z-6022b6"
SLOTS = (SlotSnapshot("tech-1", 0, 1_000),)


def _sample(n_sent: int, n_allowed: int | None, decision: Decision | None = None) -> Sample:
    return Sample(RUN, n_sent, n_allowed, decision)


@given(st.integers(0, 200), st.integers(0, 200), st.integers(1, 25), st.integers(1, 300))
def test_granting_until_it_stops_sends_the_sample_to_the_last_lead_and_not_one_more(
    n_sent: int, n_allowed: int, n_at_once: int, n_leads: int
) -> None:
    sample, n_granted = _sample(n_sent, n_allowed), 0
    while n_granted < n_leads:
        n = count_allowed(sample, min(n_at_once, n_leads - n_granted))
        if isinstance(n, ApprovalRequired):
            break
        assert 1 <= n <= n_at_once
        n_granted += n
        sample = replace(sample, n_sent=sample.n_sent + n)
    assert n_granted == min(n_leads, max(n_allowed - n_sent, 0))


@given(st.integers(0, 200), st.integers(1, 25))
def test_without_a_sample_or_once_a_person_said_go_on_all_may_go(n_sent: int, n: int) -> None:
    assert count_allowed(None, n) == n
    assert count_allowed(_sample(n_sent, None, Decision.GO_ON), n) == n


def test_of_room_sample_and_budget_the_least_is_granted() -> None:
    table = TableSnapshot(0, 50, SLOTS, sample=_sample(95, 100))
    assert find_fitting(table, 10, FREE) == Room("tech-1", 5)
    assert find_fitting(replace(table, rows_used=48), 10, FREE) == Room("tech-1", 2)
    used_up = replace(table, sample=_sample(100, 100))
    assert find_fitting(used_up, 10, FREE) == ApprovalRequired(_sample(100, 100))


def test_a_sample_that_is_sent_says_its_figures_and_who_has_to_speak() -> None:
    error = stop_of(ApprovalRequired(_sample(100, 100)))
    assert isinstance(error, ApprovalRequiredError)
    assert error.code is Code.SAMPLE_SENT
    assert error.message == (
        "100 leads of this extract are sent, and only 100 may be before a person has looked at them"
    )
    assert error.hint == (
        f"look at the rows in Clay, then `clayload approve {RUN}`, and `clayload resume-deferred` "
        "or the same load again: it sends what may follow"
    )


def test_a_table_that_a_person_has_stopped_says_how_it_goes_on_after_all() -> None:
    error = stop_of(ApprovalRequired(_sample(40, 0, Decision.STOP)))
    assert error.message.startswith("a person has stopped the table after 40 leads")
    assert f"`clayload approve {RUN}`" in error.hint
