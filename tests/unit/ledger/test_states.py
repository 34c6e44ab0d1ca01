"""Does the transition table forbid what must never happen to a lead?"""

from __future__ import annotations

import pytest

from clayload.delivery.verdict import VerdictKind
from clayload.ledger.rules.states import (
    AFTER_VERDICT,
    TRANSITIONS,
    SubmissionState,
    states_before,
)

PENDING, SENDING = SubmissionState.PENDING, SubmissionState.SENDING
DELIVERED, REFUSED = SubmissionState.DELIVERED, SubmissionState.REFUSED
IN_DOUBT = SubmissionState.IN_DOUBT


def test_only_a_lead_that_is_owed_or_in_doubt_can_be_sent() -> None:
    assert states_before(SENDING) == [IN_DOUBT, PENDING]


def test_delivered_is_final() -> None:
    assert TRANSITIONS[DELIVERED] == frozenset()


def test_a_refused_lead_is_owed_again_only_by_a_replay() -> None:
    assert TRANSITIONS[REFUSED] == {PENDING}
    assert states_before(PENDING) == [IN_DOUBT, REFUSED, SENDING]


@pytest.mark.parametrize("state", [DELIVERED, REFUSED, IN_DOUBT])
def test_every_verdict_is_of_a_lead_that_was_granted_or_given_up(state: SubmissionState) -> None:
    assert states_before(state) == [IN_DOUBT, SENDING]


def test_every_verdict_and_every_state_has_its_place() -> None:
    assert set(AFTER_VERDICT) == set(VerdictKind)
    assert set(TRANSITIONS) == set(SubmissionState)
