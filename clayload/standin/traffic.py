"""Was a workspace's limit ever passed, as the server itself saw it?

In:    one call per request when it is judged, one per answer.
Out:   counts per answer, requests per second, and the largest overshoot over all windows.
Never: a word about the client's clock.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Overshoot:
    """The most by which any window of time held more than `burst + rate x seconds` requests.

    Over all windows the largest `count - rate x seconds` is the highest level of a bucket that
    every request fills by one and that leaks at the rate, so one number kept per request stands
    for all windows. `most` is requests; 0 or less means never over; None means nothing metered.
    """

    most: float | None = None
    _level: float = 0.0
    _at: float = 0.0

    def add(self, now: float, rate_per_s: float | None, burst: int) -> None:
        """Count one request at `now` against the rate in force."""
        if rate_per_s is None:
            self._level, self._at = 0.0, now
            return
        self._level = max(0.0, self._level - (now - self._at) * rate_per_s) + 1
        self._at = now
        over = self._level - burst
        self.most = over if self.most is None else max(self.most, over)


@dataclass(slots=True)
class Traffic:
    """What one workspace saw. `seconds` maps a whole second to attempted, accepted, refused."""

    answers: Counter[str] = field(default_factory=Counter)
    seconds: dict[int, list[int]] = field(default_factory=dict)
    attempted: Overshoot = field(default_factory=Overshoot)
    accepted: Overshoot = field(default_factory=Overshoot)
    n_attempted: int = 0
    n_accepted: int = 0

    def count_attempt(self, now: float, rate_per_s: float | None, burst: int) -> None:
        """Count a request that reached one of the workspace's sources."""
        self.n_attempted += 1
        self.attempted.add(now, rate_per_s, burst)
        self._second(now)[0] += 1

    def count_accepted(self, now: float, rate_per_s: float | None, burst: int) -> None:
        """Count a submission that spent one of its source's lifetime."""
        self.n_accepted += 1
        self.accepted.add(now, rate_per_s, burst)
        self._second(now)[1] += 1

    def count_answer(self, now: float, label: str) -> None:
        """Count what the client got: a status such as `429`, or `reset`."""
        self.answers[label] += 1
        if label == "429":
            self._second(now)[2] += 1

    def _second(self, now: float) -> list[int]:
        second = int(now)
        counts = self.seconds.get(second)
        if counts is None:
            counts = self.seconds[second] = [0, 0, 0]
        return counts
