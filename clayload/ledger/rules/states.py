"""Which states can a submission have, and which may follow which?

In:    nothing.
Out:   the states and the table of legal transitions.
Never: a transition that re-sends a delivered lead.
"""

from __future__ import annotations

from enum import StrEnum

from clayload.delivery.verdict import VerdictKind

MAX_ATTEMPTS = 3
"""How often a lead in doubt is sent at most where its table resends."""


class SubmissionState(StrEnum):
    """Where the one delivery owed for a (table, lead_key, cycle) stands."""

    PENDING = "pending"
    SENDING = "sending"
    DELIVERED = "delivered"
    REFUSED = "refused"
    IN_DOUBT = "in_doubt"


REPLAYABLE = (SubmissionState.REFUSED, SubmissionState.IN_DOUBT)
"""What a person may have sent again."""

CHARGED = (SubmissionState.SENDING, SubmissionState.DELIVERED, SubmissionState.IN_DOUBT)
"""What a slot, a table, a budget and a sample count."""

AFTER_VERDICT: dict[VerdictKind, SubmissionState] = {
    VerdictKind.DELIVERED: SubmissionState.DELIVERED,
    VerdictKind.REFUSED: SubmissionState.REFUSED,
    VerdictKind.RETRY: SubmissionState.PENDING,
    VerdictKind.IN_DOUBT: SubmissionState.IN_DOUBT,
}

TRANSITIONS: dict[SubmissionState, frozenset[SubmissionState]] = {
    SubmissionState.PENDING: frozenset({SubmissionState.SENDING}),
    SubmissionState.SENDING: frozenset(AFTER_VERDICT.values()),
    # A verdict that comes after its grant was given up still tells what happened; a table that
    # resends grants it again; a person replays it.
    SubmissionState.IN_DOUBT: frozenset({*AFTER_VERDICT.values(), SubmissionState.SENDING}),
    SubmissionState.DELIVERED: frozenset(),
    SubmissionState.REFUSED: frozenset({SubmissionState.PENDING}),
}


def states_before(state: SubmissionState) -> list[SubmissionState]:
    """List the states from which `state` may be reached; the store's UPDATEs name them."""
    return sorted(before for before, after in TRANSITIONS.items() if state in after)
