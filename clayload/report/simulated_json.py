"""What is a machine told of a simulated month?

In:    a simulated month.
Out:   plain values, for JSON.
Never: a sentence; those are `clayload.report.simulated_month`'s.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from clayload.capacity.simulation.simulated import Simulated
from clayload.capacity.simulation.tally import SimulatedMonth
from clayload.delivery.budget import MILLI


def simulated_for_machines(simulated: Simulated) -> dict[str, Any]:
    """Give the month as plain values: leads by hour, `sent` and `owed` by table.

    `deferred` are by budget line.
    """
    month, rate = simulated.month, simulated.month.scenarios[0].rate
    hours = ("hour", "n_leads")
    return {
        "ask": asdict(simulated.ask),
        "rate_per_s": rate.per_s,
        "burst": rate.burst,
        "total": asdict(month.total),
        "spend": asdict(simulated.spend),
        "tables": {
            name: asdict(table) | {"spend": asdict(simulated.spends[name])}
            for name, table in month.tables.items()
        },
        "busiest_hour": dict(zip(hours, month.busiest_hour, strict=True)),
        "most_owed": dict(zip(hours, month.most_owed, strict=True)),
        "most_deferred": dict(zip(hours, month.most_deferred, strict=True)),
        "budgets": _budgets_of(month),
        "work": asdict(month.work),
        "incidents": [
            {"workspace": number} | asdict(incident)
            for number, scenario in enumerate(month.scenarios, 1)
            for incident in scenario.incidents
        ],
        "sent": month.sent,
        "owed": month.owed,
        "deferred": month.deferred,
    }


def _budgets_of(month: SimulatedMonth) -> dict[str, dict[str, Any]]:
    """Give each line by its key in `tables.yaml`; amounts are credits or Actions."""
    return {
        key: {
            "table": line.table,
            "unit": line.unit,
            "span": line.span,
            "limit": line.limit_milli / MILLI,
            "spent": line.spent_milli / MILLI,
            "most_in_a_period": line.most_milli / MILLI,
            "n_deferred": line.n_deferred,
        }
        for key, line in month.lines.items()
    }
