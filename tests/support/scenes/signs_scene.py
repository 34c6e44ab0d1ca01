"""Which signs of a run do the tests of its diagnosis look at?

In:    what should be different from a closed run of 88 delivered and 12 unrouted leads.
Out:   signs of which nothing is wrong but for these changes.
Never: a ledger: these are values.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from clayload.capacity.slots import Pace, SlotForecast, TableForecast
from clayload.delivery.grant import SlotState
from clayload.ledger.books.run_activity import RunStatus
from clayload.ledger.books.traffic import WorkspaceUse
from clayload.model import RowEnd
from clayload.monitoring.diagnosis.examine import examine
from clayload.monitoring.diagnosis.finding import Finding, Trouble
from clayload.monitoring.diagnosis.signs import BudgetSigns, ProcessSigns, QueueSigns, Signs
from support.scenes.report_scene import BEGAN_AT, make_report, make_traffic

TODAY = date(2026, 11, 2)


def make_use(**changes: Any) -> WorkspaceUse:  # noqa: ANN401 - any field of it
    """A workspace that may go at its full 10 a second, and does."""
    plain: dict[str, Any] = {
        "workspace": "main",
        "now": BEGAN_AT + 200,
        "rate_per_s": 10.0,
        "burst": 20,
        "part": 1.0,
        "achieved_per_s": 9.9,
        "n_rate_limited": 0,
        "n_rate_limited_ever": 0,
        "slowed_at": 0.0,
        "slowed_to": 1.0,
        "throttled_until": 0.0,
        "paused_at": None,
        "paused_because": None,
    }
    return WorkspaceUse(**(plain | changes))


def make_slot(name: str = "tech-1", used: int = 0, **changes: Any) -> SlotForecast:  # noqa: ANN401 - any field of it
    """An active slot that stops at 45,000."""
    plain: dict[str, Any] = {
        "slot": name,
        "used": used,
        "safe_limit": 45_000,
        "n_left": max(45_000 - used, 0),
        "state": SlotState.ACTIVE,
        "reason": "",
        "pace": Pace(),
        "runs_out_on": None,
    }
    return SlotForecast(**(plain | changes))


def make_table(*slots: SlotForecast, **changes: Any) -> TableForecast:  # noqa: ANN401 - any field of it
    """The table tech, with room for 50,000 rows."""
    plain: dict[str, Any] = {
        "table": "tech",
        "as_of": TODAY,
        "rows_used": 0,
        "row_limit": 50_000,
        "auto_delete": False,
        "pace": Pace(),
        "per_day": 0.0,
        "is_planned": False,
        "rows_run_out_on": None,
        "slots": slots or (make_slot(),),
    }
    return TableForecast(**(plain | changes))


def make_process(**changes: Any) -> ProcessSigns:  # noqa: ANN401 - any field of it
    """A run that was closed."""
    plain: dict[str, Any] = {
        "status": RunStatus.CLOSED,
        "halted_by": None,
        "charged": {},
        "n_left_behind": 0,
        "started_s": 200.0,
        "idle_s": 100.0,
    }
    return ProcessSigns(**(plain | changes))


RUNNING = make_process(status=RunStatus.RUNNING, idle_s=0.1)


def make_budget(**changes: Any) -> BudgetSigns:  # noqa: ANN401 - any field of it
    """A budget of 1,000 credits, of which nothing is used."""
    plain: dict[str, Any] = {
        "key": "workspace.budget.credits_per_billing_month",
        "unit": "credits",
        "limit": 1_000.0,
        "used": 0.0,
        "needed": 0.0,
        "planned": 0.0,
        "renews_on": "2026-12-01",
    }
    return BudgetSigns(**(plain | changes))


def make_signs(n_owed: int = 0, **changes: Any) -> Signs:  # noqa: ANN401 - any field of it
    """Signs of a run that still owes `n_owed` leads of its one table."""
    n_all: int = changes.pop("n_owed_all", n_owed)
    tables = {"tech": {RowEnd.DELIVERED: 88 - n_owed, RowEnd.PENDING: n_owed}}
    queue = QueueSigns(
        n_owed=n_owed, n_owed_all=n_all, n_ahead=changes.pop("n_ahead", 0), within_s=7_200
    )
    plain: dict[str, Any] = {
        "report": make_report(tables=tables),
        "workspace": make_use(),
        "traffic": make_traffic(),
        "process": make_process(),
        "queue": queue,
        "plan": "growth",
        "tables": (make_table(),),
        "budgets": (),
        "refusals": (),
        "credits_per_lead": 6.0,
        "n_sent_before": 0,
    }
    return Signs(**(plain | changes))


def names_of(signs: Signs) -> list[Trouble]:
    """Name what is found."""
    return [finding.name for finding in examine(signs)]


def only_finding(signs: Signs) -> Finding:
    """Give what is found; there must be just one."""
    (finding,) = examine(signs)
    return finding
