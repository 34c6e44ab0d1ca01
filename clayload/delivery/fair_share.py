"""How much of the workspace's rate may leads of one priority take just now?

In:    what each priority was granted so far, the weights, and who has asked lately.
Out:   how many leads the asker may have, and its new share.
Never: a moment left unused because somebody more important might come.

It is fair queueing: each priority has a virtual time, the leads it was granted divided by its
weight, and none may run ahead of the others that are waiting by more than a little. Who was silent
starts level with the others: silence earns no credit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from clayload.model import Priority

WAIT_FOR_TURN_S = 0.25
"""When a priority that must let others pass may ask again."""
PRESENT_S = 5.0
"""How long after it was due to ask again a priority still counts as waiting: answers take their
time. What it leaves unused meanwhile goes to the others all the same (`pace.count_unused`)."""
_AHEAD_S = 0.1
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class FairShare:
    """What one priority was granted, in leads divided by its weight, and until when it counts."""

    served: float = 0.0
    present_until: float = 0.0


@dataclass(frozen=True, slots=True)
class FairShares:
    """The shares of a workspace; `weights` says how the rate is divided when all want it."""

    of: Mapping[Priority, FairShare]
    weights: Mapping[Priority, int]
    rate_per_s: float

    def allow(self, asker: Priority, now: float, n: int) -> int:
        """Count how many of `n` leads the asker may have before it must let others pass."""
        level = self._level_beside(asker, now)
        if level is None:
            return n
        room = level + self._tolerance - self._served(asker, now)
        return min(n, max(math.floor(room * self.weights[asker] + _ROUNDING), 0))

    def after(self, asker: Priority, now: float, n: int, asks_again_in_s: float) -> FairShare:
        """Give the asker's share once `n` leads are granted to it."""
        served = self._served(asker, now) + n / self.weights[asker]
        level = self._level_beside(asker, now)
        if level is not None:
            # What nobody else wanted is not held against it later.
            served = min(served, level + self._tolerance)
        return FairShare(served, now + asks_again_in_s + PRESENT_S)

    def waiting(self, asker: Priority, now: float, asks_again_in_s: float) -> FairShare:
        """Give the asker's share while it waits: it counts as present until it asks again."""
        share = self.of[asker]
        if share.present_until > now + asks_again_in_s:
            return share
        return FairShare(self._served(asker, now), now + asks_again_in_s + PRESENT_S)

    def gone(self, asker: Priority) -> FairShare:
        """Give the asker's share once it wants nothing more for now."""
        return replace(self.of[asker], present_until=0.0)

    def forget_who_waits(self) -> FairShares:
        """Forget until when each counts as waiting: whoever still does will ask again."""
        return replace(self, of={priority: self.gone(priority) for priority in self.of})

    def _served(self, asker: Priority, now: float) -> float:
        share, level = self.of[asker], self._level_beside(asker, now)
        if level is None or share.present_until > now:
            return share.served
        return min(max(share.served, level), level + self._tolerance)

    def _level_beside(self, asker: Priority, now: float) -> float | None:
        """How far the least served of the others that are waiting is; None if nobody is."""
        others = (share for priority, share in self.of.items() if priority is not asker)
        return min((share.served for share in others if share.present_until > now), default=None)

    @property
    def _tolerance(self) -> float:
        """How far ahead one may run: a tenth of a second's leads of the least weight."""
        return max(1.0, self.rate_per_s * _AHEAD_S) / min(self.weights.values())
