"""How is it said how far a run is?

In:    leads that are through and leads it began with, the rate of the last moments, a pause.
Out:   a sentence: how many of how many, how fast, how long to go.
Never: an estimate from anything but the rate that was measured.
"""

from __future__ import annotations

from clayload.ledger.books.pauses import Pause
from clayload.plural import count
from clayload.report.moments import describe_pause, describe_seconds


def describe_progress(
    n_done: int, n_all: int, rate_per_s: float, pause: Pause | None = None
) -> str:
    """Say how far a run is: `226 of 1,624 leads, 110.9/s, 13 s to go`; or that it is paused."""
    done = f"{n_done:,} of {count(n_all, 'lead')}"
    if pause is not None:
        return f"{done}; {describe_pause(pause)}"
    if not rate_per_s:
        return done
    return f"{done}, {rate_per_s:.1f}/s, {describe_seconds((n_all - n_done) / rate_per_s)} to go"


def describe_stop(halted_by: str | None, idle_s: float) -> str:
    """Say what ended a run that was not closed, and when: `interrupted 18 s ago`."""
    # A process that was killed leaves no word of what ended it.
    what = "interrupted" if halted_by in (None, "interrupted") else f"stopped by {halted_by}"
    return f"{what} {describe_seconds(idle_s)} ago"
