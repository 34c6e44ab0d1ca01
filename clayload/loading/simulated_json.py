"""What is a machine told of a simulated month?

In:    a simulated month.
Out:   plain values, for JSON.
Never: a sentence; those are `clayload.loading.simulated`'s.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from clayload.loading.simulated import Simulated
from clayload.loading.simulated_budgets import lines_for_machines


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
        "budgets": lines_for_machines(month),
        "work": asdict(month.work),
        "mishaps": [
            {"workspace": number} | asdict(mishap)
            for number, scenario in enumerate(month.scenarios, 1)
            for mishap in scenario.mishaps
        ],
        "sent": month.sent,
        "owed": month.owed,
        "deferred": month.deferred,
    }
