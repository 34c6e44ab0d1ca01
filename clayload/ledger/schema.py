"""Which tables does the ledger have?

In:    nothing.
Out:   SQLAlchemy Core tables; `migrations/` makes the same, and a test compares the two.
Never: a URL, a token, or a field of a lead other than its key.

Times are epoch seconds, UTC (`_at`, `_until`), so that SQLite and Postgres agree to the bit.
"""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

LEDGER_VERSION = "0001"
"""The newest revision in `migrations/versions`."""

metadata = MetaData()

workspaces = Table(
    "workspaces",
    metadata,
    Column("workspace", Text, primary_key=True),
    Column("tat", Float, nullable=False),
    Column("paused_until", Float, nullable=False),
    Column("n_rate_limited", Integer, nullable=False),
)

clay_tables = Table(
    "clay_tables",
    metadata,
    Column("table_name", Text, primary_key=True),
    Column("rows_used", Integer, nullable=False),
)

slots = Table(
    "slots",
    metadata,
    Column("slot", Text, primary_key=True),
    Column("table_name", Text, nullable=False),
    Column("used", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("run_id", Text, primary_key=True),
    Column("extract_id", Text, nullable=False),
    Column("cycle", Text, nullable=False),
    Column("preparation", Text, nullable=False),
    Column("started_at", Float, nullable=False),
    Column("finished_at", Float),
    Column("outcome", Text),
    Column("problems", Text),
    Column("halted_by", Text),
)

chunks = Table(
    "chunks",
    metadata,
    Column("chunk_no", Integer, primary_key=True),
    Column("run_id", Text, ForeignKey("runs.run_id"), nullable=False),
    Column("chunk_id", Text, nullable=False),
    Column("table_name", Text, nullable=False),
    UniqueConstraint("run_id", "chunk_id"),
)

submissions = Table(
    "submissions",
    metadata,
    Column("submission_id", Integer, primary_key=True),
    Column("table_name", Text, nullable=False),
    Column("cycle", Text, nullable=False),
    Column("lead_key", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("run_id", Text),
    Column("slot", Text),
    Column("grant_id", Text),
    Column("give_up_at", Float),
    Column("n_attempts", Integer, nullable=False),
    Column("status", Integer),
    Column("reason", Text),
    Column("body", Text),
    Column("updated_at", Float, nullable=False),
    UniqueConstraint("table_name", "cycle", "lead_key"),
    Index(
        "submissions_sending",
        "give_up_at",
        sqlite_where=text("state = 'sending'"),
        postgresql_where=text("state = 'sending'"),
    ),
)

chunk_leads = Table(
    "chunk_leads",
    metadata,
    Column("chunk_no", Integer, ForeignKey("chunks.chunk_no"), nullable=False),
    Column("row_number", Integer, nullable=False),
    Column("submission_id", Integer, ForeignKey("submissions.submission_id"), nullable=False),
    PrimaryKeyConstraint("chunk_no", "row_number"),
    sqlite_with_rowid=False,
)
