"""Which tables does the ledger have?

In:    nothing.
Out:   SQLAlchemy Core tables; `migrations/` makes the same, and a test compares the two.
Never: a URL, a token, or a field of a lead other than its key.

Times are epoch seconds, UTC (`_at`, `_until`), so that SQLite and Postgres agree to the bit.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
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

from clayload.model import Priority

LEDGER_VERSION = "0008"
"""The newest revision in `migrations/versions`."""

TRAFFIC_BUCKET_S = 10
TRAFFIC_COUNTS = ("n_accepted", "n_refused", "n_in_doubt", "n_rate_limited")
SPENDING_FIGURES = ("credits_milli", "actions_milli")

metadata = MetaData()

workspaces = Table(
    "workspaces",
    metadata,
    Column("workspace", Text, primary_key=True),
    Column("tat", Float, nullable=False),
    Column("throttled_until", Float, nullable=False),
    Column("n_rate_limited", Integer, nullable=False),
    Column("rate_per_s", Float, nullable=False, server_default="10"),
    Column("burst", Integer, nullable=False, server_default="20"),
    Column("slowed_to", Float, nullable=False, server_default="1"),
    Column("slowed_at", Float, nullable=False, server_default="0"),
    Column("clock_ahead_s", Float),
    Column("paused_at", Float),
    Column("paused_because", Text),
    Column("budgets", Text),
    *(
        Column(f"{figure}_{priority}", Float, nullable=False, server_default="0")
        for priority in Priority
        for figure in ("served", "present_until")
    ),
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
    Column("extract_summary", Text, nullable=False),
    Column("started_at", Float, nullable=False),
    Column("finished_at", Float),
    Column("outcome", Text),
    Column("problems", Text),
    Column("halted_by", Text),
    Column("kind", Text, nullable=False, server_default="load"),
    Column("parent_run_id", Text),
    Column("priority", Text),
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
    Column("edition", Text, nullable=False, server_default=""),
    Column("payload_hash", Text),
    Column("state", Text, nullable=False),
    Column("run_id", Text),
    Column("slot", Text),
    Column("grant_id", Text),
    Column("sender", Text),
    Column("send_at", Float),
    Column("give_up_at", Float),
    Column("n_attempts", Integer, nullable=False),
    Column("status", Integer),
    Column("reason", Text),
    Column("body", Text),
    Column("updated_at", Float, nullable=False),
    Column("charged_on", Text),
    Column("credits_milli", BigInteger, nullable=False, server_default="0"),
    Column("actions_milli", BigInteger, nullable=False, server_default="0"),
    Column("sample_no", Integer),
    UniqueConstraint("lead_key", "table_name", "cycle", "edition", name="submissions_owed_once"),
    Index(
        "submissions_sending",
        "give_up_at",
        # So on Postgres, too (migrations 0001 and 0005); naming it here would import that dialect,
        # a tenth of what a short command takes.
        sqlite_where=text("state = 'sending'"),
    ),
    Index(
        "submissions_sampled",
        "sample_no",
        sqlite_where=text("sample_no IS NOT NULL"),
    ),
)
"""The one delivery owed for a (table, cycle, lead_key). `edition` is empty but for a changed lead
that is owed again within its cycle; there it is the hash of what changed, with a number behind it
where that name is taken: it changed back. `send_at` is from when on its last grant let it leave.
`charged_on` is the local day on which that grant charged what it costs, in thousandths;
`sample_no` is the sample that it counted the lead to, if the table had one."""

past_verdicts = Table(
    "past_verdicts",
    metadata,
    Column("past_no", Integer, primary_key=True),
    Column(
        "submission_id",
        Integer,
        ForeignKey("submissions.submission_id"),
        nullable=False,
        index=True,
    ),
    Column("at", Float, nullable=False),
    Column("what", Text, nullable=False),
    Column("run_id", Text),
    Column("slot", Text),
    Column("status", Integer),
    Column("reason", Text),
    Column("body", Text),
)
"""What was known of a submission before a later grant, verdict or replay overtook it."""

traffic = Table(
    "traffic",
    metadata,
    Column("slot", Text, nullable=False),
    Column("bucket_at", Integer, nullable=False),
    Column("workspace", Text, nullable=False),
    Column("n_accepted", Integer, nullable=False),
    Column("n_refused", Integer, nullable=False),
    Column("n_in_doubt", Integer, nullable=False),
    Column("n_rate_limited", Integer, nullable=False),
    Column("rate_per_s", Float),
    PrimaryKeyConstraint("slot", "bucket_at"),
    sqlite_with_rowid=False,
)
"""Answers by slot in buckets of TRAFFIC_BUCKET_S of epoch time, by when they were recorded, and the
workspace's rate when the last of them was."""

spending = Table(
    "spending",
    metadata,
    Column("day", Text, nullable=False),
    Column("table_name", Text, nullable=False),
    Column("workspace", Text, nullable=False),
    Column("credits_milli", BigInteger, nullable=False),
    Column("actions_milli", BigInteger, nullable=False),
    PrimaryKeyConstraint("day", "table_name"),
    sqlite_with_rowid=False,
)
"""What the leads of a table cost by local day, in thousandths: charged as they are granted, given
back where they were provably not accepted. A billing month is the sum of its days."""

samples = Table(
    "samples",
    metadata,
    Column("sample_no", Integer, primary_key=True),
    Column("extract_id", Text, nullable=False),
    Column("cycle", Text, nullable=False),
    Column("table_name", Text, nullable=False),
    Column("n_sent", Integer, nullable=False),
    Column("n_allowed", Integer),
    Column("decision", Text),
    Column("decided_at", Float),
    UniqueConstraint("extract_id", "cycle", "table_name", name="samples_once"),
)
"""Leads of an extract and cycle sent to a table with `sample_first`: counted as they are granted,
given back where they were provably not accepted. `decision` is a person's last one, `n_allowed` how
many may be sent by it (empty: all); before anybody has decided, the configuration says it."""

chunk_leads = Table(
    "chunk_leads",
    metadata,
    Column("chunk_no", Integer, ForeignKey("chunks.chunk_no"), nullable=False),
    Column("row_number", Integer, nullable=False),
    Column("submission_id", Integer, ForeignKey("submissions.submission_id"), nullable=False),
    Column("payload_hash", Text),
    PrimaryKeyConstraint("chunk_no", "row_number"),
    Index("chunk_leads_of_submission", "submission_id"),
    sqlite_with_rowid=False,
)
"""Which lead of which chunk is which submission. `payload_hash` is that of what the chunk's file
holds: only the chunk that holds what the submission has to send may send it."""

alerts = Table(
    "alerts",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("workspace", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("reported_at", Float, nullable=False),
    Column("detail", Text, nullable=False),
    Column("claimed_until", Float),
)
"""What was told last of each thing that is watched. Until `claimed_until` somebody is telling what
has changed since."""
