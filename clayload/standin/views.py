"""What does the stand-in show of its state?

In:    `Clay`.
Out:   JSON data: Clay's read-back shapes, rows, traffic, and the page's overview.
Never: a token in the overview, nor the whole of an id that may be Clay's: secrets in real life.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clayload.standin.clay import Clay, Source
    from clayload.standin.table import Row, Table
    from clayload.standin.traffic import Overshoot, Traffic
    from clayload.standin.workspace import Workspace

N_SECONDS_SHOWN = 60


def table_readback(table: Table) -> dict[str, Any]:
    """Return what `clay tables get` prints: `.rowCount` (behaviour 32)."""
    return {"id": table.name, "name": table.name, "rowCount": table.n_rows}


def credits_readback(workspace: Workspace) -> dict[str, Any]:
    """Return what `clay credits` prints: `.balance` and `.actionExecutionBalance`."""
    balance = workspace.balance
    return {"balance": float(balance.credits), "actionExecutionBalance": float(balance.actions)}


def columns_readback(clay: Clay, table: Table) -> dict[str, Any]:
    """Return what `clay tables columns list` prints: `.data[].sources[].numSourceRecords`."""
    sources = [
        {"id": source.id, "name": source.label, "numSourceRecords": source.n_records}
        for source in clay.sources.values()
        if source.table is table
    ]
    webhook = {"id": "f_webhook", "name": "Webhook", "type": "source", "sources": sources}
    columns = [
        {"id": f"f_{number}", "name": name, "type": "text", "sources": []}
        for number, name in enumerate(table.columns)
    ]
    return {"data": [webhook, *columns]}


def row_view(clay: Clay, table: Table, row: Row) -> dict[str, Any]:
    """Return one row: the whole `payload`, the mapped `cells`, its source and arrival."""
    payload = row.payload()
    fields = payload if isinstance(payload, dict) else {}
    return {
        "payload": payload,
        "cells": {name: fields[name] for name in table.columns if name in fields},
        "source": row.source_id,
        "received_at": clay.time_of(row.received_s),
    }


def key_values(table: Table, key: str, offset: int, limit: int | None) -> list[Any]:
    """Return one top-level key of every row; None where a row has no such key."""
    payloads = (row.payload() for row in table.rows(offset, limit))
    return [payload.get(key) if isinstance(payload, dict) else None for payload in payloads]


def traffic_view(traffic: Traffic) -> dict[str, Any]:
    """Return counts per answer, [second, attempted, accepted] and the largest overshoots."""
    return {
        "answers": dict(traffic.answers),
        "attempted": traffic.n_attempted,
        "accepted": traffic.n_accepted,
        "per_second": [
            [second, attempted, accepted]
            for second, (attempted, accepted, _) in sorted(traffic.seconds.items())
        ],
        "largest_overshoot": {
            "attempted": _rounded(traffic.attempted),
            "accepted": _rounded(traffic.accepted),
        },
    }


def overview(clay: Clay) -> dict[str, Any]:
    """Return all that the page shows."""
    now = clay.now()
    return {
        "now": clay.time_of(now),
        "workspaces": [_workspace(workspace, now) for workspace in clay.workspaces.values()],
        "tables": [_table(table) for table in clay.tables.values()],
        "sources": [_source(source) for source in clay.sources.values()],
        "n_faults": sum(fault.n_left != 0 for fault in clay.faults.armed),
        "unknown_source_answers": dict(clay.unknown_source_answers),
        "last_answers": [
            {
                "at": clay.time_of(last.at_s),
                "source": last.source,
                "table": last.table,
                "answer": last.label,
                "why": last.why,
            }
            for last in reversed(clay.last_answers)
        ],
    }


def _rounded(overshoot: Overshoot) -> float | None:
    # Far below one request, so that a float's last digit is no overshoot; "+ 0.0" ends -0.0.
    return None if overshoot.most is None else round(overshoot.most, 6) + 0.0


def _workspace(workspace: Workspace, now: float) -> dict[str, Any]:
    spec, traffic = workspace.spec, workspace.traffic
    nothing = [0, 0, 0]
    return {
        "name": workspace.name,
        "plan": spec.plan,
        "rate_per_s": spec.rate_per_s,
        "burst": spec.burst,
        "tokens": round(workspace.bucket.tokens(now), 1),
        "credits": float(workspace.balance.credits),
        "actions": float(workspace.balance.actions),
        "answers": dict(traffic.answers),
        "seconds": [
            traffic.seconds.get(second, nothing)
            for second in range(int(now) - N_SECONDS_SHOWN, int(now))
        ],
    }


def _table(table: Table) -> dict[str, Any]:
    return {
        "name": table.name,
        "workspace": table.workspace.name,
        "rows": table.n_rows,
        "row_limit": table.row_limit,
        "enrichment_runs": table.n_runs,
        "unpaid_runs": table.n_unpaid,
    }


def _source(source: Source) -> dict[str, Any]:
    return {
        "name": source.label,
        "table": source.table.name,
        "submissions": source.n_accepted,
        "lifetime_limit": source.spec.lifetime_limit,
        "deleted": source.spec.deleted,
    }
