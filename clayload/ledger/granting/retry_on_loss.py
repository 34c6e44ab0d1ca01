"""What if the connection to the ledger breaks in the middle of a transaction?

In:    a ledger, and work for one transaction that finds out, when told so, what is done already.
Out:   what the work gives; it is in the ledger once.
Never: for ever: after a few attempts the ledger is lost.

A connection that breaks does not tell whether its transaction was committed.
"""

from __future__ import annotations

from itertools import chain, repeat
from typing import Protocol, TypeVar

from sqlalchemy import Connection

from clayload.errors import LedgerLostError
from clayload.ledger.database.retry import retry, retry_on_conflict
from clayload.ledger.store import Ledger

_ATTEMPTS = 4
_Done = TypeVar("_Done")
_Done_co = TypeVar("_Done_co", covariant=True)


class Work(Protocol[_Done_co]):
    """What is done in one transaction; on a retry, the attempt before may have been committed."""

    def __call__(self, tx: Connection, *, is_retry: bool) -> _Done_co:
        """Do it."""


def retry_on_loss(ledger: Ledger, work: Work[_Done]) -> _Done:
    """Do the work in one transaction, and again if the connection broke on the way.

    Raises:
        LedgerLostError: it broke each time.
        LedgerConflictError: a server gave the transaction up each time.
    """
    is_retry = chain((False,), repeat(True))  # noqa: FBT003 - no argument, a sequence
    return retry(
        lambda: _do_once(ledger, work, is_retry=next(is_retry)),
        on=lambda error: isinstance(error, LedgerLostError),
        attempts=_ATTEMPTS,
    )


@retry_on_conflict
def _do_once(ledger: Ledger, work: Work[_Done], *, is_retry: bool) -> _Done:
    with ledger.transaction() as tx:
        return work(tx, is_retry=is_retry)
