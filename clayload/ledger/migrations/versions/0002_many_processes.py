"""Adaptive pace, priorities, holds; editions, senders and past verdicts; traffic by slot."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_SHARES = [
    f"{figure}_{priority}"
    for priority in ("high", "normal", "low")
    for figure in ("served", "present_until")
]
# 0001 left its constraint without a name; this is the one by which it can be dropped.
_NAMES = {"uq": "uq_%(table_name)s_%(column_0_name)s"}


def upgrade() -> None:
    """Bring the ledger to this revision."""
    _extend_workspaces()
    with op.batch_alter_table("runs") as runs:
        runs.add_column(sa.Column("kind", sa.Text(), nullable=False, server_default="load"))
        runs.add_column(sa.Column("parent_run_id", sa.Text(), nullable=True))
    _extend_submissions()
    op.create_table(
        "past_verdicts",
        sa.Column("past_no", sa.Integer(), nullable=False),
        sa.Column("submission_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=True),
        sa.Column("slot", sa.Text(), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["submission_id"], ["submissions.submission_id"]),
        sa.PrimaryKeyConstraint("past_no"),
    )
    op.create_index("chunk_leads_of_submission", "chunk_leads", ["submission_id"])
    op.create_index("ix_past_verdicts_submission_id", "past_verdicts", ["submission_id"])
    op.create_table(
        "traffic",
        sa.Column("slot", sa.Text(), nullable=False),
        sa.Column("bucket_at", sa.Integer(), nullable=False),
        sa.Column("workspace", sa.Text(), nullable=False),
        sa.Column("n_accepted", sa.Integer(), nullable=False),
        sa.Column("n_refused", sa.Integer(), nullable=False),
        sa.Column("n_in_doubt", sa.Integer(), nullable=False),
        sa.Column("n_rate_limited", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("slot", "bucket_at"),
        sqlite_with_rowid=False,
    )


def _extend_workspaces() -> None:
    with op.batch_alter_table("workspaces") as workspaces:
        for name, default in (("rate_per_s", "10"), ("slowed_to", "1"), ("slowed_at", "0")):
            workspaces.add_column(
                sa.Column(name, sa.Float(), nullable=False, server_default=default)
            )
        workspaces.add_column(sa.Column("burst", sa.Integer(), nullable=False, server_default="20"))
        workspaces.add_column(sa.Column("held_at", sa.Float(), nullable=True))
        workspaces.add_column(sa.Column("held_because", sa.Text(), nullable=True))
        for name in _SHARES:
            workspaces.add_column(sa.Column(name, sa.Float(), nullable=False, server_default="0"))


def _extend_submissions() -> None:
    old = "submissions_table_name_cycle_lead_key_key"
    if op.get_bind().dialect.name == "sqlite":
        old = "uq_submissions_table_name"
    with op.batch_alter_table("submissions", naming_convention=_NAMES) as submissions:
        submissions.add_column(sa.Column("edition", sa.Text(), nullable=False, server_default=""))
        submissions.add_column(sa.Column("payload_hash", sa.Text(), nullable=True))
        submissions.add_column(sa.Column("sender", sa.Text(), nullable=True))
        submissions.drop_constraint(old, type_="unique")
        submissions.create_unique_constraint(
            "submissions_owed_once", ["lead_key", "table_name", "cycle", "edition"]
        )
