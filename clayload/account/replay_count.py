"""How many leads would a replay send again that are alike?

In:    nothing; this is a value.
Out:   `ReplayCount`: leads of one table, in one state, for one reason.
Never: a lead.
"""

from pydantic import BaseModel, ConfigDict

from clayload.ledger.rules.states import SubmissionState


class ReplayCount(BaseModel):
    """How many leads of a table are in one state for one reason."""

    model_config = ConfigDict(frozen=True)

    table: str
    state: SubmissionState
    reason: str
    n_leads: int
