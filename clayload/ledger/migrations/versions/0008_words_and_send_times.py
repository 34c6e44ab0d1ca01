"""Columns by the words of the glossary; when each lead might leave, and at which rate."""

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
    """Bring the ledger to this revision; budgets' keys and slots' states by new names, too.

    Of what was sent before, nobody knows when it might leave, nor what was allowed then.
    """
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
    op.add_column("submissions", sa.Column("send_at", sa.Float(), nullable=True))
    op.add_column("traffic", sa.Column("rate_per_s", sa.Float(), nullable=True))
