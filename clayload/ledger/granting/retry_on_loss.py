"""What if the connection to the ledger breaks in the middle of a transaction?

In:    a ledger, and work for one transaction that finds out, when told so, what is done already.
Out:   what the work gives; it is in the ledger once.
Never: for ever: after a few tries the ledger is lost.

A connection that breaks does not tell whether its transaction was committed.
"""

from __future__ import annotations

from typing import Protocol, TypeVar

from sqlalchemy import Connection

from clayload.errors import LedgerLostError
from clayload.ledger.database.retry_on_conflict import retry_on_conflict
from clayload.ledger.store import Ledger

_N_RETRIES = 3
_Done = TypeVar("_Done")
_Done_co = TypeVar("_Done_co", covariant=True)


class Work(Protocol[_Done_co]):
    """What is done in one transaction; on a retry, the try before may have been committed."""

    def __call__(self, tx: Connection, *, is_retry: bool) -> _Done_co:
        """Do it."""


def retry_on_loss(ledger: Ledger, work: Work[_Done]) -> _Done:
    """Do the work in one transaction, and again if the connection broke on the way.

    Raises:
        LedgerLostError: it broke each time.
        LedgerConflictError: a server gave the transaction up each time.
    """
    for is_retry in (False, *[True] * _N_RETRIES):
        try:
            return _do_once(ledger, work, is_retry=is_retry)
        except LedgerLostError as error:
            lost = error
    raise lost


@retry_on_conflict
def _do_once(ledger: Ledger, work: Work[_Done], *, is_retry: bool) -> _Done:
    with ledger.transaction() as tx:
        return work(tx, is_retry=is_retry)
