"""How did the sample of a table end, and does it wait for a person's approval?

In:    how the sample stands in the ledger, what is allowed, what the run still owes there.
Out:   figures, and a sentence of them.
Never: a lead or its key.
"""

from pydantic import BaseModel, ConfigDict

from clayload.delivery.sample import Decision
from clayload.model import RowEnd
from clayload.plural import count


class SampleAccount(BaseModel):
    """The leads of a table sent for one extract and cycle, `n_allowed` at most (None: all).

    `ends` says what became of them, refused ones included, which count no more; `n_in_flight` await
    their answers. `n_owed` leads of the run are to follow. Credits and Actions are estimates.
    """

    model_config = ConfigDict(frozen=True)

    run_id: str
    table: str
    n_sent: int
    n_allowed: int | None
    decision: Decision | None
    decided_at: float | None
    ends: dict[RowEnd, int]
    n_in_flight: int
    n_owed: int
    credits: float
    actions: float

    @property
    def is_used_up(self) -> bool:
        """Whether not one lead more may go, whatever comes of those on their way."""
        return self.n_allowed is not None and self.n_sent - self.n_in_flight >= self.n_allowed

    @property
    def needs_approval(self) -> bool:
        """Whether leads wait because nobody has said that they may follow."""
        return self.is_used_up and self.n_owed > 0 and self.decision is not Decision.STOP

    def describe(self) -> str:
        """Say it in a sentence."""
        ends = [f"{n:,} {end}" for end, n in self.ends.items() if n]
        if self.n_in_flight:
            ends.append(f"{self.n_in_flight:,} on their way")
        what = ", ".join(ends) or "none sent"
        cost = f", about {self.credits:,.10g} credits and {self.actions:,.10g} Actions"
        return f"{self.table}: {what}{cost if ends else ''}; {self._describe_rest()}"

    def _describe_rest(self) -> str:
        owed = count(self.n_owed, "lead")
        if not self.n_owed:
            return "no lead of the run is owed there"
        if self.decision is Decision.STOP:
            return f"{owed} not sent: a person has stopped the table"
        if self.n_allowed is None:
            return f"a person has approved it, and {owed} may follow"
        if self.is_used_up:
            wait = count(self.n_owed, "lead waits", "leads wait")
            return f"{wait} for approval: `clayload approve {self.run_id}`"
        n_left = min(self.n_allowed - self.n_sent, self.n_owed)
        return f"{n_left:,} of {owed} may follow before a person is asked again"
