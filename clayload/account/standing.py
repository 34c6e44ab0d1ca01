"""How does a run stand that was not closed?

In:    nothing; this is a value.
Out:   `RunStanding`: whether somebody works on it, how fast it goes, and since when it does not.
Never: a guess of when it ends; that is arithmetic for who shows it.
"""

from __future__ import annotations

from dataclasses import dataclass

from clayload.ledger.books.pauses import Pause


@dataclass(frozen=True, slots=True)
class RunStanding:
    """A run that was not closed, at one moment.

    `is_running`: somebody works on it. `rate_per_s` of its leads were answered over the last
    minute. None of them was granted or answered for `idle_s` seconds. `halted_by`: what stopped it,
    if it was told to stop. `pause`: its workspace is paused by a person.
    """

    is_running: bool
    rate_per_s: float
    idle_s: float
    halted_by: str | None = None
    pause: Pause | None = None
