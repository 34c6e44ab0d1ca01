"""What leads cost, and what may be spent."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Bring the ledger to this revision; what was sent before it has no cost."""
    op.add_column("workspaces", sa.Column("budgets", sa.Text(), nullable=True))
    op.add_column("submissions", sa.Column("charged_on", sa.Text(), nullable=True))
    for name in ("credits_milli", "actions_milli"):
        op.add_column(
            "submissions", sa.Column(name, sa.BigInteger(), nullable=False, server_default="0")
        )
    op.create_table(
        "spending",
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("workspace", sa.Text(), nullable=False),
        sa.Column("credits_milli", sa.BigInteger(), nullable=False),
        sa.Column("actions_milli", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "table_name"),
        sqlite_with_rowid=False,
    )
