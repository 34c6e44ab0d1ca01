"""At which moments may the next leads of a workspace be sent?

In:    the workspace's rate and burst, its pacing state, and the time.
Out:   delays from now for the leads that may go within the horizon, and the new state.
Never: a moment that would put more than burst + rate x t submissions into any t seconds.

It is the generic cell rate algorithm (GCRA): one number, the theoretical arrival time (`tat`),
holds the whole history. Clay allows 10/s with a burst of 20 per workspace (clay-facts.md §1).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

HORIZON_S = 1.0
"""How far ahead moments are given out: short, so that a pause or a priority acts within it."""

_MARGIN_LEADS = 2
_MARGIN_S = 0.1


@dataclass(frozen=True, slots=True)
class Rate:
    """What the workspace allows: submissions a second, and how many at once after silence."""

    per_s: float
    burst: int

    @property
    def margin(self) -> int:
        """How far the burst is kept below what Clay allows.

        Two leads, or a tenth of a second's worth: leads that reach Clay up to `lateness_s` later
        than granted then still cannot overrun the limit (measured.md, "Pacing").
        """
        wanted = max(_MARGIN_LEADS, math.ceil(self.per_s * _MARGIN_S))
        return min(wanted, self.burst - 1)

    @property
    def lateness_s(self) -> float:
        """How late after its granted moment a lead may still be sent without any risk."""
        return max(self.margin, 1) / self.per_s

    @property
    def _tolerance_s(self) -> float:
        return (self.burst - self.margin - 1) / self.per_s


@dataclass(frozen=True, slots=True)
class PaceState:
    """The pacing state of a workspace, in epoch seconds of the ledger's clock."""

    tat: float = 0.0
    paused_until: float = 0.0


@dataclass(frozen=True, slots=True)
class Moments:
    """Delays in seconds from now (ascending, at most as many as asked for), or a wait in s."""

    delays_s: tuple[float, ...]
    wait_s: float
    state: PaceState


def take_moments(state: PaceState, rate: Rate, now: float, n: int) -> Moments:
    """Take up to `n` moments within the horizon.

    Args:
        state: the workspace's pacing state.
        rate: what the workspace allows.
        now: the ledger's clock, epoch seconds.
        n: how many are wanted, at least 1.
    """
    interval_s = 1 / rate.per_s
    tolerance_s = rate._tolerance_s  # noqa: SLF001 - one algorithm in two pieces
    start = max(now, state.paused_until)
    # A clock stepped back must not freeze the workspace: nothing real lies further ahead.
    tat = min(state.tat, start + HORIZON_S + tolerance_s + interval_s)
    delays: list[float] = []
    while len(delays) < n and (at := max(start, tat - tolerance_s)) <= now + HORIZON_S:
        delays.append(at - now)
        tat = max(tat, at) + interval_s
    first_at = max(start, tat - tolerance_s)
    wait_s = 0.0 if delays else max(first_at - now - HORIZON_S / 2, interval_s)
    return Moments(tuple(delays), wait_s, replace(state, tat=tat))


def pause(state: PaceState, rate: Rate, now: float, pause_s: float) -> PaceState:
    """Silence the workspace for `pause_s`, then go on at the plain rate, with no burst."""
    until = max(state.paused_until, now + pause_s)
    no_burst_tat = until + rate._tolerance_s  # noqa: SLF001 - one algorithm in two pieces
    return PaceState(tat=max(state.tat, no_burst_tat), paused_until=until)
