"""How far the clock was ahead of one that nobody steps."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Bring the ledger to this revision; the next grant looks at both clocks."""
    op.add_column("workspaces", sa.Column("clock_ahead_s", sa.Float(), nullable=True))
