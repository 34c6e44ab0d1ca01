"""What each chunk holds of a lead, so that only the newest content is sent."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

# Nothing tells any more which chunk held what: each is taken to hold what is to be sent.
_TAKE_OVER = """
UPDATE chunk_leads SET payload_hash = (
    SELECT payload_hash FROM submissions
    WHERE submissions.submission_id = chunk_leads.submission_id
)
WHERE submission_id IN (SELECT submission_id FROM submissions WHERE payload_hash IS NOT NULL)
"""


def upgrade() -> None:
    """Bring the ledger to this revision."""
    op.add_column("chunk_leads", sa.Column("payload_hash", sa.Text(), nullable=True))
    op.execute(_TAKE_OVER)
