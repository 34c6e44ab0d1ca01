"""Columns by the words of the glossary: a person pauses, a 429 throttles, a person decides."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_RENAMED = {
    "workspaces": {
        "paused_until": "throttled_until",
        "held_at": "paused_at",
        "held_because": "paused_because",
    },
    "runs": {"preparation": "extract_summary"},
    "samples": {"word": "decision"},
    "alerts": {"told_at": "reported_at"},
}


def upgrade() -> None:
    """Bring the ledger to this revision; budgets' keys and slots' states by new names, too."""
    for table, names in _RENAMED.items():
        for before, after in names.items():
            # SQLite's own RENAME COLUMN, where Alembic's batch mode would copy the table.
            op.execute(sa.text(f"ALTER TABLE {table} RENAME COLUMN {before} TO {after}"))
    op.execute(
        sa.text(
            "UPDATE workspaces SET budgets = replace(budgets, 'per_cycle', 'per_billing_month')"
        )
    )
    op.execute(sa.text("UPDATE slots SET state = 'suspended' WHERE state = 'benched'"))
