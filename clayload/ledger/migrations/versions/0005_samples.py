"""Which leads are a sample, and what a person said of it."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Bring the ledger to this revision; what was sent before it is of no sample."""
    op.create_table(
        "samples",
        sa.Column("sample_no", sa.Integer(), primary_key=True),
        sa.Column("extract_id", sa.Text(), nullable=False),
        sa.Column("cycle", sa.Text(), nullable=False),
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("n_sent", sa.Integer(), nullable=False),
        sa.Column("n_allowed", sa.Integer(), nullable=True),
        sa.Column("word", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.Float(), nullable=True),
        sa.UniqueConstraint("extract_id", "cycle", "table_name", name="samples_once"),
    )
    op.add_column("submissions", sa.Column("sample_no", sa.Integer(), nullable=True))
    is_sampled = sa.text("sample_no IS NOT NULL")
    op.create_index(
        "submissions_sampled",
        "submissions",
        ["sample_no"],
        sqlite_where=is_sampled,
        postgresql_where=is_sampled,
    )
