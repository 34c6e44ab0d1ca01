"""On what terms does a workspace grant: which rate, burst and budgets?

In:    a transaction in which the workspace is locked, the configuration, and the time.
Out:   the workspace's row with the terms of this configuration, for every process to go by.
Never: a burst for a change of the rate.
"""

from __future__ import annotations

from sqlalchemy import Connection

from clayload.delivery.pace import PaceState, Rate, change_rate
from clayload.ledger.rules import statements
from clayload.tables.tables_file import TablesConfig


def set_terms(tx: Connection, config: TablesConfig, now: float) -> None:
    """Write the configuration's terms; `now` is the ledger's clock, epoch seconds."""
    workspace = config.workspace
    row = tx.execute(statements.LOCK_WORKSPACE, {"name": workspace.name}).one()
    before, after = Rate(row.rate_per_s, row.burst), Rate(workspace.rate_per_s, workspace.burst)
    terms = {
        "to_tat": change_rate(PaceState(tat=row.tat), before, after, now).tat,
        "to_rate_per_s": workspace.rate_per_s,
        "to_burst": workspace.burst,
        "to_budgets": config.budgets.model_dump_json(),
    }
    tx.execute(statements.SET_TERMS, {"name": workspace.name, **terms})
