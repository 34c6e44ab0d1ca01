"""How do a table and its slots stand, as the grant's arithmetic wants to see them?

In:    an open connection, the table's configuration.
Out:   a snapshot: what the ledger counted, plus what the slots took before it kept count.
Never: a write.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row

from clayload.delivery.grant import SlotSnapshot, SlotState, TableSnapshot
from clayload.ledger.rules import statements
from clayload.tables.table import Table


def read_table(connection: Connection, name: str, table: Table) -> TableSnapshot:
    """Read one table; a slot or table the ledger has not met yet is unused."""
    rows = connection.execute(statements.SLOTS_AND_ROWS_USED, {"name": name}).all()
    known = {row.slot: row for row in rows}
    unused = unused_table(table)
    rows_used = (rows[0].rows_used if rows else None) or 0
    return replace(
        unused,
        rows_used=unused.rows_used + rows_used,
        slots=[_counted(slot, known.get(slot.name)) for slot in unused.slots],
    )


def unused_table(table: Table) -> TableSnapshot:
    """Give a table as it stands before the ledger has counted anything."""
    return TableSnapshot(
        rows_used=sum(slot.already_used for slot in table.slots),
        row_limit=table.row_limit,
        slots=[SlotSnapshot(slot.name, slot.already_used, slot.safe_limit) for slot in table.slots],
        auto_delete=table.auto_delete,
    )


def without_suspensions(table: TableSnapshot) -> TableSnapshot:
    """Give a table as it stands once its suspended slots are active again."""
    slots = [
        replace(slot, state=SlotState.ACTIVE, reason="")
        if slot.state is SlotState.SUSPENDED
        else slot
        for slot in table.slots
    ]
    return replace(table, slots=slots)


def _counted(slot: SlotSnapshot, known: Row[Any] | None) -> SlotSnapshot:
    if known is None:
        return slot
    used, state = slot.used + known.used, SlotState(known.state)
    return replace(slot, used=used, state=state, reason=known.reason)
