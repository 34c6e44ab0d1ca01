"""How is work that failed for a moment tried again?

In:    the work, which failures pass by themselves, and for how long it is worth trying.
Out:   what the work gives; of the last attempt, its failure.
Never: another failure held back, and never an attempt without an end to them.

Not a library: stamina, which nothing else here needs, would be two packages for these few lines.
Its names for the same things are ours, too.
"""

from __future__ import annotations

import logging
import math
import random
import time
from collections.abc import Callable
from functools import partial, wraps
from typing import ParamSpec, TypeVar

from clayload.errors import LedgerConflictError

_log = logging.getLogger(__name__)

CONFLICT_ATTEMPTS = 6
_CONFLICT_JITTER_S = (0.01, 0.1)

_Asked = ParamSpec("_Asked")
_Done = TypeVar("_Done")


def retry(
    work: Callable[[], _Done],
    *,
    on: Callable[[Exception], bool],
    attempts: float = math.inf,
    timeout_s: float = math.inf,
    jitter_s: tuple[float, float] = (0.0, 0.0),
) -> _Done:
    """Do the work, and again after a failure that passes by itself.

    Args:
        work: What is done; an attempt that failed must have left nothing behind.
        on: Whether another attempt may go better after this failure.
        attempts: How many there are at most, with the first.
        timeout_s: Seconds after which no other attempt begins.
        jitter_s: Between attempts, a random time within these seconds: so that those who got in
            each other's way do not meet again.
    """
    n_attempts, give_up_at = 0, time.monotonic() + timeout_s
    while True:
        n_attempts += 1
        try:
            return work()
        except Exception as error:
            if not on(error) or n_attempts >= attempts or time.monotonic() > give_up_at:
                raise
            tried = {"n_attempts": n_attempts, "error": type(error).__name__}
            _log.debug("ledger asked again: after %(error)s, attempt %(n_attempts)d", tried)
        time.sleep(random.uniform(*jitter_s))  # noqa: S311 - spreads waits


def retry_on_conflict(work: Callable[_Asked, _Done]) -> Callable[_Asked, _Done]:
    """Let work that is one transaction be tried again where a server gives it up for another.

    Nothing of what was given up is written. The last attempt's LedgerConflictError comes out;
    SQLite has none: there one writes at a time.
    """

    @wraps(work)
    def do(*args: _Asked.args, **kwargs: _Asked.kwargs) -> _Done:
        return retry(
            partial(work, *args, **kwargs),
            on=lambda error: isinstance(error, LedgerConflictError),
            attempts=CONFLICT_ATTEMPTS,
            jitter_s=_CONFLICT_JITTER_S,
        )

    return do
