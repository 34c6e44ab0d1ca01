"""What if a server gives a transaction up because it and another wait for each other?

In:    a function that does its work in one transaction.
Out:   the same, tried again a few times: nothing of what was given up is written.
Never: for ever; and never on SQLite, where one writes at a time.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from clayload.errors import LedgerConflictError

N_TRIES = 6
_REST_S = (0.01, 0.1)

_Asked = ParamSpec("_Asked")
_Done = TypeVar("_Done")


def retry_on_conflict(work: Callable[_Asked, _Done]) -> Callable[_Asked, _Done]:
    """Make the work try again; the last try's LedgerConflictError comes out."""

    @wraps(work)
    def do(*args: _Asked.args, **kwargs: _Asked.kwargs) -> _Done:
        for _ in range(N_TRIES - 1):
            try:
                return work(*args, **kwargs)
            except LedgerConflictError:
                time.sleep(random.uniform(*_REST_S))  # noqa: S311 - spreads waits
        return work(*args, **kwargs)

    return do
