"""May a table send more before a person has looked at its sample?

In:    how many leads of it were sent, how many may be, and what a person said last.
Out:   how many of n leads may go, or that a person's word is awaited.
Never: one lead more than a person has seen or allowed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Decision(StrEnum):
    """What a person can say of a sample: send all, send so many more and ask again, send none."""

    GO_ON = "go_on"
    NEXT = "next"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Sample:
    """Leads of a table sent for one extract and cycle, of those that may be (None: all may).

    `run_id` is a run of that load, by which people name the sample; `word` is what a person said
    last, None before anybody has.
    """

    run_id: str
    n_sent: int
    n_allowed: int | None
    decision: Decision | None = None

    @property
    def n_left(self) -> int | None:
        """Leads that may go before a person speaks; None where all may."""
        return None if self.n_allowed is None else max(self.n_allowed - self.n_sent, 0)


@dataclass(frozen=True, slots=True)
class ApprovalRequired:
    """Not one lead more of the table may go before a person speaks."""

    sample: Sample


def count_allowed(sample: Sample | None, n: int) -> int | ApprovalRequired:
    """Tell how many of `n` leads (at least one) may go; all of them without a sample."""
    if sample is None or sample.n_left is None:
        return n
    return min(n, sample.n_left) or ApprovalRequired(sample)
