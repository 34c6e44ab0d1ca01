"""At which moments may the next leads of a workspace be sent?

In:    the workspace's rate and burst, its pacing state, and the time.
Out:   delays from now for the leads that may go within the horizon, and the new state.
Never: a moment that would put more than burst + rate x t submissions into any t seconds.

It is the generic cell rate algorithm (GCRA): one number, the theoretical arrival time (`tat`),
holds the whole history. Clay allows 10/s with a burst of 20 per workspace (clay-facts.md §1).

A 429 means that somebody else takes part of that rate: ours falls at once by a factor and comes
back little by little (additive up, multiplicative down), without anybody's help.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from clayload.delivery.verdict import MAX_RETRY_AFTER_S

HORIZON_S = 0.5
"""How far ahead moments are given out: short, so that a pause or a priority acts within it."""
SLOWER = 0.7
"""What part of the present rate is left after a 429."""
FASTER_PER_S = 0.03
"""What part of the full rate comes back each second."""
LEAST_PART = 0.1
"""Below this part of the full rate no 429 slows us."""

_STEP_S = 0.02
"""What two clocks may differ by and no clock was stepped: they are not read at the very same time.

At Clay's 10/s it is a fifth of a lead.
"""
_MARGIN_LEADS = 2
_MARGIN_PART = 0.1


@dataclass(frozen=True, slots=True)
class Rate:
    """What the workspace allows: submissions a second, and how many at once after silence."""

    per_s: float
    burst: int

    @property
    def margin(self) -> int:
        """How far the burst is kept below what Clay allows.

        Two leads of Clay's twenty, or as great a part of a raised burst: leads that reach Clay up
        to `lateness_s` later than granted then still cannot overrun the limit.
        """
        wanted = max(_MARGIN_LEADS, math.ceil(self.burst * _MARGIN_PART))
        return min(wanted, self.burst - 1)

    @property
    def lateness_s(self) -> float:
        """How late after its granted moment a lead may still be sent without any risk.

        With n leads late by at most margin / rate, a window holds at most rate x lateness =
        margin more than was granted. A burst of 1 leaves no margin: there one may be too many.
        """
        return max(self.margin, 1) / self.per_s

    @property
    def _tolerance_s(self) -> float:
        return (self.burst - self.margin - 1) / self.per_s


@dataclass(frozen=True, slots=True)
class PaceState:
    """The pacing state of a workspace, in epoch seconds of the ledger's clock.

    `slowed_to`: the part of the full rate that was left at `slowed_at`, the last slow-down.
    `clock_ahead_s`: how far the ledger's clock was ahead of one that nobody steps; None where
    there is no such clock.
    """

    tat: float = 0.0
    throttled_until: float = 0.0
    slowed_to: float = 1.0
    slowed_at: float = 0.0
    clock_ahead_s: float | None = None

    def part_at(self, now: float) -> float:
        """Which part of the full rate is in use, between LEAST_PART and 1."""
        back = FASTER_PER_S * max(now - self.slowed_at, 0.0)
        return min(self.slowed_to + back, 1.0)


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
    # Epoch seconds are rounded to a quarter of a microsecond, and never so that leads go faster.
    interval_s = 1 / (rate.per_s * state.part_at(now)) + math.ulp(now)
    tolerance_s = rate._tolerance_s  # noqa: SLF001 - one algorithm in pieces
    start = max(now, state.throttled_until)
    tat = state.tat
    delays: list[float] = []
    while len(delays) < n and (at := max(start, tat - tolerance_s)) <= now + HORIZON_S:
        delays.append(at - now)
        tat = max(tat, at) + interval_s
    first_at = max(start, tat - tolerance_s)
    wait_s = 0.0 if delays else first_at - now - HORIZON_S / 2
    # A pause that is over is forgotten: a clock stepped back would bring it to life again.
    throttled_until = state.throttled_until if state.throttled_until > now else 0.0
    return Moments(tuple(delays), wait_s, replace(state, tat=tat, throttled_until=throttled_until))


def count_unused(state: PaceState, rate: Rate, now: float) -> int:
    """Count the leads that could go at once and still leave half the burst for others.

    More than none says that nobody else has used the rate for a while.
    """
    if state.throttled_until > now:
        return 0
    tolerance_s = rate._tolerance_s  # noqa: SLF001 - one algorithm in pieces
    unused_s = tolerance_s / 2 - max(state.tat - now, 0.0)
    return max(math.floor(unused_s * rate.per_s * state.part_at(now)) + 1, 0)


def undo_clock_step(
    state: PaceState, rate: Rate, now: float, steady: float | None = None
) -> PaceState:
    """Take out of the state what a step of the ledger's clock did to it, whichever way.

    Args:
        state: the workspace's pacing state.
        rate: what the workspace allows.
        now: the ledger's clock, epoch seconds.
        steady: a clock that nobody steps and all who share the ledger see alike, seconds since
            whenever; None where there is none.

    Returns:
        The state as if the clock had not been stepped. It must be kept, or `now` pushes it along.
    """
    if steady is not None:
        state = _undo_step_forward(state, rate, now, now - steady)
    return _undo_step_back(state, rate, now)


def _undo_step_forward(state: PaceState, rate: Rate, now: float, ahead_s: float) -> PaceState:
    """Take the state along with the clock: time that did not pass is no silence."""
    before_s = state.clock_ahead_s
    if before_s is not None and abs(ahead_s - before_s) <= _STEP_S:
        return state
    looked_at = replace(state, clock_ahead_s=ahead_s)
    if before_s is None or ahead_s < before_s:
        return looked_at
    forward_s = ahead_s - before_s
    taken = replace(
        looked_at,
        tat=state.tat + forward_s,
        throttled_until=state.throttled_until + forward_s,
        slowed_at=state.slowed_at + forward_s if state.slowed_at else 0.0,
    )
    # So far ahead is nothing: the machine was started anew, and with it the clock nobody steps.
    furthest = _find_furthest_tat(state, rate, now, now + MAX_RETRY_AFTER_S)
    return looked_at if max(taken.tat, taken.throttled_until) > furthest else taken


def _undo_step_back(state: PaceState, rate: Rate, now: float) -> PaceState:
    """Take out of the state what lies further ahead than anything granted or paused ever can.

    The workspace would stand still until the clock caught up.
    """
    throttled_until = min(state.throttled_until, now + MAX_RETRY_AFTER_S)
    fixed = replace(state, throttled_until=throttled_until, slowed_at=min(state.slowed_at, now))
    furthest_tat = _find_furthest_tat(fixed, rate, now, throttled_until)
    return replace(fixed, tat=min(state.tat, furthest_tat))


def _find_furthest_tat(state: PaceState, rate: Rate, now: float, throttled_until: float) -> float:
    tolerance_s = rate._tolerance_s  # noqa: SLF001 - one algorithm in pieces
    interval_s = 1 / (rate.per_s * state.part_at(now))
    return max(now, throttled_until) + HORIZON_S + tolerance_s + interval_s


def throttle(state: PaceState, rate: Rate, now: float, throttle_s: float) -> PaceState:
    """Silence the workspace for `throttle_s`, then go on at the plain rate, with no burst."""
    until = max(state.throttled_until, now + throttle_s)
    no_burst_tat = until + rate._tolerance_s  # noqa: SLF001 - one algorithm in pieces
    return replace(state, tat=max(state.tat, no_burst_tat), throttled_until=until)


def change_rate(state: PaceState, before: Rate, after: Rate, now: float) -> PaceState:
    """Go on at another rate from the next moment on, with no burst.

    What was granted at the rate before is a burst spent; at another rate it would look unspent.
    """
    if before == after:
        return state
    next_at = max(now, state.tat - before._tolerance_s)  # noqa: SLF001 - one algorithm in pieces
    return replace(state, tat=next_at + after._tolerance_s)  # noqa: SLF001


def slow_down(state: PaceState, now: float, granted_at: float) -> PaceState:
    """Go slower after a 429 to a lead that was granted at `granted_at`.

    One granted before the last slow-down tells nothing of the rate since: a burst of 429s is one.
    """
    if granted_at <= state.slowed_at:
        return state
    return replace(state, slowed_to=max(state.part_at(now) * SLOWER, LEAST_PART), slowed_at=now)


_GRANTS_PER_S = 20
_MIN_GRANT, _MAX_GRANT = 10, 25


def grant_size(rate_per_s: float) -> int:
    """Choose how many leads one grant names: few, as a crash may leave so many in doubt.

    Ten cost nothing at Clay's ten a second; at raised rates a twentieth of a second's worth.
    """
    return min(_MAX_GRANT, max(_MIN_GRANT, round(rate_per_s / _GRANTS_PER_S)))
