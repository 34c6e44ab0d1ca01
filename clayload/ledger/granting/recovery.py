"""What becomes of the leads that were granted to a process that is gone?

In:    the ledger, and the folder in which this machine's processes note what leaves.
Out:   leads that never left are owed again; those that did are in doubt, at once.
Never: a lead taken back that may have been on the wire.
"""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import Connection

from clayload.ledger.books.orphans import NEVER_SENT
from clayload.ledger.database.retry import retry_on_conflict
from clayload.ledger.granting.verdicts import take_back
from clayload.ledger.rules import unanswered
from clayload.ledger.rules.departures import EndedSender, ended_senders
from clayload.ledger.store import Ledger

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recovered:
    """How many leads are owed again, and how many are in doubt now."""

    n_taken_back: int = 0
    n_in_doubt: int = 0


@retry_on_conflict
def recover(ledger: Ledger, folder: Path) -> Recovered:
    """Settle what processes of this machine left behind when they ended.

    What other machines left behind waits for its deadline (`Ledger.give_up_overdue`).

    Raises:
        LedgerError: the ledger cannot be written.
    """
    with ended_senders(folder) as ended, ledger.transaction() as tx:
        if not ended:
            return Recovered()
        ledger.lock_workspaces(tx)
        each = [_recover_one(tx, sender, ledger.read_clock(tx)) for sender in ended]
    recovered = Recovered(
        sum(one.n_taken_back for one in each), sum(one.n_in_doubt for one in each)
    )
    if recovered != Recovered():
        _log.info(
            "orphans recovered: %(n_taken_back)d owed again, %(n_in_doubt)d in doubt",
            asdict(recovered),
        )
    return recovered


def recover_ended(ledger: Ledger, folder: Path) -> None:
    """Settle all that nobody awaits the answer of: as `recover`, and what is past its deadline.

    Whoever begins, closes or looks through a run does this first, so that it sees what is owed.

    Raises:
        LedgerError: the ledger cannot be written.
    """
    recover(ledger, folder)
    if n_overdue := ledger.give_up_overdue():
        _log.info("answers given up: %(n_in_doubt)d in doubt", {"n_in_doubt": n_overdue})


def _recover_one(tx: Connection, ended: EndedSender, now: float) -> Recovered:
    rows = tx.execute(unanswered.SENT_BY, {"by": ended.sender}).all()
    departed = [row for row in rows if row.submission_id in ended.departed]
    stayed = [row for row in rows if row.submission_id not in ended.departed]
    take_back(tx, stayed, NEVER_SENT, now)
    if departed:
        tx.execute(
            unanswered.MARK_IN_DOUBT, [{"id": row.submission_id, "at": now} for row in departed]
        )
    return Recovered(len(stayed), len(departed))
