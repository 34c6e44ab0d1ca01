"""What did the rules keep from Clay, and what would it have cost?

In:    nothing; these are values, kept in the ledger with the run.
Out:   `Saving`: one rule's leads of one table, at the costs and prices of the day they were read.
Never: a price looked up anew: an old report does not change when prices do.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from clayload.model import RowEnd


class Saving(BaseModel):
    """`n_leads` that a rule kept from a table, and what they would have taken there in Clay.

    `rule` is the first that the leads broke, or the suppression list they are on. Leads that no
    table's filter takes have no `table`, and cost nothing in any case. `dollars` are at Clay's unit
    prices.
    """

    model_config = ConfigDict(frozen=True)

    end: RowEnd
    rule: str
    table: str | None
    n_leads: int
    credits: float
    actions: float
    dollars: float
