"""What if something cannot be shown, or looked at, because Prefect does not answer?

In:    an attempt to show or to look.
Out:   the same; of a failure, a line in the log.
Never: a load ended, or its end changed, for want of what is only looked at.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from clayload.errors import ClayloadError

_EVERY_S = 10.0
_LATER_EVERY_S = 60.0
_LATER_AFTER_S = 60.0


@dataclass(slots=True)
class ThrottledPrinter:
    """Prints the first line at once, then one every ten seconds, after a minute every minute.

    News, such as a pause, is printed at once.
    """

    _began_at: float = field(default_factory=time.monotonic)
    _due_at: float = 0.0

    def print_due(self, line: str, *, is_news: bool = False) -> None:
        """Print a line, if one is due or it is news."""
        now = time.monotonic()
        if now < self._due_at and not is_news:
            return
        print(line)
        is_later = now - self._began_at >= _LATER_AFTER_S
        self._due_at = now + (_LATER_EVERY_S if is_later else _EVERY_S)


@contextmanager
def best_effort(what: str, printer: ThrottledPrinter | None = None) -> Iterator[None]:
    """Print a failure, and let nothing else come of it: `the report cannot be shown: ...`."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - no load ends for want of what is only looked at
        # The message of an unforeseen error may hold anything, even a secret.
        why = error.message if isinstance(error, ClayloadError) else type(error).__name__
        (printer or ThrottledPrinter()).print_due(f"{what}: {why}; the load continues")
