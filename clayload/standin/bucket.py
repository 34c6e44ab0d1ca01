"""May this request pass the workspace's rate limit now?

In:    times in seconds on a clock that never goes back.
Out:   yes or no.
Never: a queue; Clay drops what is over the rate (clay-facts.md §1).

Assumed: a plain token bucket, so a refused request takes no token. Clay's words do not say.
"""

from __future__ import annotations

_ROUNDING = 1e-9
"""A sender spaced exactly at the rate must not be refused for a float's last digit."""


class TokenBucket:
    """Holds up to `burst` tokens, refilled at `rate_per_s`; None is no limit."""

    def __init__(self, rate_per_s: float | None, burst: int, now: float) -> None:
        self._rate_per_s = rate_per_s
        self._burst = burst
        self._tokens = float(burst)
        self._at = now

    def take(self, now: float) -> bool:
        """Take one token if there is one."""
        if self._rate_per_s is None:
            return True
        self._refill(now)
        if self._tokens < 1 - _ROUNDING:
            return False
        self._tokens -= 1
        return True

    def adjust(self, rate_per_s: float | None, burst: int, now: float) -> None:
        """Change the rate from now on; tokens earned so far stay, up to the new burst."""
        self._refill(now)
        self._rate_per_s = rate_per_s
        self._burst = burst
        self._tokens = min(self._tokens, float(burst))

    def tokens(self, now: float) -> float:
        """Return the tokens there are now."""
        self._refill(now)
        return self._tokens

    def _refill(self, now: float) -> None:
        rate_per_s = self._rate_per_s
        earned = float(self._burst) if rate_per_s is None else (now - self._at) * rate_per_s
        self._tokens = min(float(self._burst), self._tokens + earned)
        self._at = now
