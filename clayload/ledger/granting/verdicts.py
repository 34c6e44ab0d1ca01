"""What is written when the answers to a grant are in?

In:    a transaction that holds the workspace, the grant, its verdicts.
Out:   each lead's state, the slot's and the table's charge, the answers counted. (The pause that a
       429 asks for is written as soon as it comes, by `grants.py`.)
Never: a verdict of a lead that another grant has taken up since.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row

from clayload.delivery.budget import Bill
from clayload.delivery.grant import Grant, GrantedLead, Verdicts, WorkspaceSnapshot
from clayload.delivery.verdict import Verdict, VerdictKind
from clayload.ledger.database import schema
from clayload.ledger.granting.pacer import Pacer
from clayload.ledger.granting.sampling import count_sent, take_off_rows
from clayload.ledger.granting.spending import give_back, give_back_rows
from clayload.ledger.rules import statements, unanswered
from clayload.ledger.rules.newest import hand_over
from clayload.ledger.rules.states import AFTER_VERDICT

_COLUMN_OF = {
    VerdictKind.DELIVERED: "n_accepted",
    VerdictKind.REFUSED: "n_refused",
    VerdictKind.IN_DOUBT: "n_in_doubt",
}


@dataclass(frozen=True, slots=True)
class OpenGrant:
    """A grant whose answers are awaited: for whom, when given, and until when (ledger's clock).

    `may_be_overtaken`: the table resends what has changed, so a newer content of a lead may have
    been loaded since. `bill`: what each of its leads was charged; `sample_no`: who counts them.
    """

    grant: Grant
    run_id: str
    table: str
    given_at: float
    give_up_at: float
    may_be_overtaken: bool
    bill: Bill
    sample_no: int | None = None


def close_grant(
    tx: Connection, pacer: Pacer, opened: OpenGrant, verdicts: Verdicts, at: WorkspaceSnapshot
) -> None:
    """Write the verdicts of a grant."""
    grant, now = opened.grant, at.now
    if now > opened.give_up_at:
        # Somebody may have given these leads up meanwhile: that is part of their story.
        tx.execute(statements.ARCHIVE_VERDICT, [{"id": lead.submission_id} for lead, _ in verdicts])
    for verdict, ids in _by_verdict(verdicts).items():
        tx.execute(statements.RECORD, {"ids": ids, **_verdict_row(verdict, grant, now)})
    owed_again = [lead.submission_id for lead, v in verdicts if v.kind is VerdictKind.RETRY]
    if opened.may_be_overtaken and owed_again:
        hand_over(tx, owed_again, now)
    if told := [_past_row(lead, v, opened, now) for lead, v in verdicts if _is_told(v)]:
        tx.execute(statements.ADD_PAST_VERDICT, told)
    n_uncharged = sum(not verdict.is_charged for _, verdict in verdicts)
    charge(tx, grant.slot, opened.table, -n_uncharged)
    give_back(tx, opened.table, opened.bill.day, opened.bill.each.times(n_uncharged))
    count_sent(tx, opened.sample_no, -n_uncharged)
    for _, verdict in verdicts:
        if verdict.slot_effect is not None:
            why = {"name": grant.slot, "to": verdict.slot_effect, "why": verdict.reason}
            tx.execute(statements.BLAME_SLOT, why)
    _count_traffic(tx, pacer, grant.slot, verdicts, at)


def is_written(tx: Connection, opened: OpenGrant) -> bool:
    """Whether the verdicts of a grant are written, whatever others did to its leads since."""
    rows = tx.execute(
        unanswered.AFTER_GRANT,
        {
            "ids": [lead.submission_id for lead in opened.grant.leads],
            "grant": opened.grant.grant_id,
            "run": opened.run_id,
            "given_at": opened.given_at,
        },
    ).all()
    # They are all written or none: one that is still under the grant speaks for the others.
    if under_it := [row for row in rows if row.is_under_it]:
        return not any(row.is_unanswered for row in under_it)
    return not any(row.was_given_up for row in rows)


def charge(tx: Connection, slot: str, table: str, n: int) -> None:
    """Count `n` submissions more (or, negative, less) against a slot and its table."""
    if n == 0:
        return
    tx.execute(statements.CHARGE_SLOT, {"name": slot, "n": n})
    tx.execute(statements.CHARGE_TABLE, {"name": table, "n": n})


def take_back(
    tx: Connection, rows: Sequence[Row[*tuple[Any, ...]]], reason: str, now: float
) -> None:
    """Give back granted submissions that provably were not sent; each row as `SENT_BY` reads it."""
    if not rows:
        return
    of_all = {"why": reason, "at": now}
    tx.execute(unanswered.TAKE_BACK, [{"id": row.submission_id} | of_all for row in rows])
    hand_over(tx, [row.submission_id for row in rows], now)
    for (slot, table), n in Counter((row.slot, row.table_name) for row in rows).items():
        charge(tx, slot, table, -n)
    give_back_rows(tx, rows)
    take_off_rows(tx, rows)


def _is_told(verdict: Verdict) -> bool:
    """Whether an answer came that leaves the lead owed: only the story would know of it."""
    return verdict.kind is VerdictKind.RETRY and verdict.was_sent


def _count_traffic(
    tx: Connection, pacer: Pacer, slot: str, verdicts: Verdicts, at: WorkspaceSnapshot
) -> None:
    counts = Counter(
        "n_rate_limited" if verdict.throttle_s is not None else _COLUMN_OF.get(verdict.kind)
        for _, verdict in verdicts
        if verdict.was_sent
    )
    del counts[None]
    if not counts:
        return
    columns = schema.TRAFFIC_COUNTS
    bucket_at = int(at.now) // schema.TRAFFIC_BUCKET_S * schema.TRAFFIC_BUCKET_S
    key = {"slot": slot, "bucket_at": bucket_at, "workspace": pacer.workspace.name}
    tx.execute(
        pacer.ledger.add_traffic,
        {**key, "rate_per_s": at.rate.per_s, **{column: counts[column] for column in columns}},
    )
    if counts["n_rate_limited"]:
        pacer.write(tx, at, n_rate_limited=counts["n_rate_limited"])


def _by_verdict(verdicts: Verdicts) -> dict[Verdict, list[int]]:
    """Name the submissions of each verdict; as a rule all leads of a grant end alike."""
    ids: dict[Verdict, list[int]] = {}
    for lead, verdict in verdicts:
        ids.setdefault(verdict, []).append(lead.submission_id)
    return ids


def _verdict_row(verdict: Verdict, grant: Grant, now: float) -> dict[str, Any]:
    return {
        "grant": grant.grant_id,
        "to": AFTER_VERDICT[verdict.kind],
        "code": verdict.status,
        "why": verdict.reason,
        "text": verdict.body,
        "tries": int(verdict.is_attempt),
        "at": now,
    }


def _past_row(lead: GrantedLead, verdict: Verdict, opened: OpenGrant, now: float) -> dict[str, Any]:
    return {
        "submission_id": lead.submission_id,
        "at": now,
        "what": verdict.kind,
        "run_id": opened.run_id,
        "slot": opened.grant.slot,
        "status": verdict.status,
        "reason": verdict.reason,
        "body": verdict.body,
    }
