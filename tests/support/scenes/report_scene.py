"""Which run reports do the tests of reports look at?

In:    what should be different from a plain run of 88 delivered and 12 unrouted leads.
Out:   reports whose books balance, and the traffic of a run at an even rate.
Never: a ledger: these are values.
"""

from __future__ import annotations

from typing import Any

from clayload.account.extract_summary import ExtractSummary
from clayload.account.run_report import RunReport, SlotAccount
from clayload.ledger.books.run_traffic import RunTraffic
from clayload.model import RowEnd

BEGAN_AT = 1_793_500_000.0


def make_extract(**changes: object) -> ExtractSummary:
    """What the frames made of 100 rows."""
    plain: dict[str, Any] = {
        "files": ("leads.csv",),
        "folder": "runs/r",
        "n_rows": 100,
        "n_quarantined": 0,
        "quarantine_reasons": {},
        "n_duplicates": 0,
        "n_unrouted": 12,
        "n_multi_match": 0,
        "n_left_out": 0,
        "unmapped": (),
        "merged": {},
        "conflicts": {},
        "unread": (),
    }
    return ExtractSummary.model_validate(plain | changes)


def make_report(**changes: object) -> RunReport:
    """A run of one table and one slot."""
    plain: dict[str, Any] = {
        "run_id": "20261102T060000Z-a1b2c3",
        "extract_id": "e",
        "cycle": "2026-11",
        "extract": make_extract(),
        "tables": {"tech": {RowEnd.DELIVERED: 88}},
        "slots": (make_slot(),),
        "in_doubt": (),
        "refused": (),
        "problems": (),
        "duration_s": 100.0,
    }
    return RunReport.model_validate(plain | changes)


def make_slot(**changes: object) -> SlotAccount:
    """A slot that took 88 leads in this run and 1,000 before."""
    plain: dict[str, Any] = {
        "table": "tech",
        "slot": "tech-1",
        "used": 1_088,
        "safe_limit": 45_000,
        "used_by_run": 88,
        "state": "active",
        "reason": "",
    }
    return SlotAccount.model_validate(plain | changes)


def make_traffic(n: int = 2_000, rate_per_s: float = 10.0, **changes: Any) -> RunTraffic:  # noqa: ANN401 - any field of it
    """Tell of `n` leads sent one by one, at the even rate that was allowed."""
    plain: dict[str, Any] = {
        "started_at": BEGAN_AT,
        "ended_at": BEGAN_AT + n / rate_per_s,
        "n_answers": n,
        "sent": tuple((BEGAN_AT + i / rate_per_s, 1) for i in range(n)),
        "allowed": ((BEGAN_AT, rate_per_s),),
    }
    return RunTraffic(**(plain | changes))
