"""How far is a run, how fast, and when will it be done?

In:    a prepared load and the ledger.
Out:   a moment's progress, in figures and in words.
Never: an estimate from anything but what the ledger has recorded.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from clayload.ledger.books.pauses import Pause, find_pause
from clayload.ledger.books.run_books import Books
from clayload.model import RowEnd
from clayload.report.run.progress import describe_progress
from clayload.setup import Setup

if TYPE_CHECKING:
    # Only a type here: what prepares a load takes half a second to import.
    from clayload.loading.prepare import PreparedLoad

_WINDOW_S = 15.0


@dataclass(frozen=True, slots=True)
class Progress:
    """`n_done` of `n_owed` leads are settled; `rate_per_s` over the last seconds.

    `hold`: the workspace is paused by a person.
    """

    n_done: int
    n_owed: int
    rate_per_s: float
    pause: Pause | None = None

    @property
    def percent(self) -> float:
        """Between 0 and 100; a load that owes nothing is done."""
        return 100.0 * self.n_done / self.n_owed if self.n_owed else 100.0

    @property
    def eta_s(self) -> float | None:
        """Seconds still to go at the present rate; None while nothing moves."""
        return (self.n_owed - self.n_done) / self.rate_per_s if self.rate_per_s else None

    def __str__(self) -> str:
        return describe_progress(self.n_done, self.n_owed, self.rate_per_s, self.pause)


@dataclass(slots=True)
class ProgressMeter:
    """Measures a run's progress each time it is asked."""

    load: PreparedLoad
    setup: Setup
    _seen: deque[tuple[float, int]] = field(default_factory=deque)

    def read(self) -> Progress:
        """Count what is settled now, and the rate over the last quarter of a minute."""
        now, n_done = time.monotonic(), self._count_done()
        self._seen.append((now, n_done))
        while self._seen[0][0] < now - _WINDOW_S and len(self._seen) > 1:
            self._seen.popleft()
        then, n_then = self._seen[0]
        rate = (n_done - n_then) / (now - then) if now > then else 0.0
        return Progress(n_done, self.load.n_owed, rate, self.find_pause())

    def find_pause(self) -> Pause | None:
        """Tell whether a person has paused the workspace."""
        return find_pause(self.setup.ledger, self.setup.config.workspace.name)

    def _count_done(self) -> int:
        """Count the leads of the run that were owed at its start and no longer are."""
        ends = Books(self.setup.ledger).count_ends(self.load.run_id)
        n_pending = sum(of_table.get(RowEnd.PENDING, 0) for of_table in ends.values())
        # What another process had in flight at the start counts as pending too.
        return max(self.load.n_owed - n_pending, 0)
