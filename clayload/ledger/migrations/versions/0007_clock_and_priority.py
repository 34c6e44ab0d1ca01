"""How far the clock was ahead of one that nobody steps, and the priority that a run was given."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Bring the ledger to this revision; earlier runs have the priorities of their tables."""
    op.add_column("workspaces", sa.Column("clock_ahead_s", sa.Float(), nullable=True))
    op.add_column("runs", sa.Column("priority", sa.Text(), nullable=True))
