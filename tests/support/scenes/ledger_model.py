"""What must become of leads, by the rules of the promises alone?

In:    grants, verdicts, crashes, pauses and replays, as they happen to the real ledger.
Out:   where each lead must stand, what each slot must have been charged, and what each day spent.
Never: a look into the ledger, or its arithmetic.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from clayload.delivery.grant import Grant, Verdicts
from clayload.delivery.verdict import VerdictKind

STATE_AFTER = {
    VerdictKind.DELIVERED: "delivered",
    VerdictKind.REFUSED: "refused",
    VerdictKind.RETRY: "pending",
    VerdictKind.IN_DOUBT: "in_doubt",
}
MAX_ATTEMPTS = 3


@dataclass
class LedgerModel:
    """The leads of one table, extract and cycle; `resends` is the policy on leads in doubt.

    `n_allowed` may be sent before a person speaks (None: all).
    """

    resends: bool = False
    is_paused: bool = False
    states: dict[str, str] = field(default_factory=dict)
    attempts: Counter[str] = field(default_factory=Counter)
    granted_under: dict[str, str] = field(default_factory=dict)
    charged: Counter[str] = field(default_factory=Counter)
    runs: dict[str, set[str]] = field(default_factory=dict)
    moments: list[float] = field(default_factory=list)
    cost_of: dict[str, tuple[str, int]] = field(default_factory=dict)
    spent: Counter[str] = field(default_factory=Counter)
    n_allowed: int | None = None

    def register(self, run_id: str, keys: Iterable[str]) -> int:
        """Owe what nobody knew; how many of the run's leads are to be sent."""
        self.runs[run_id] = set(keys)
        for key in keys:
            self.states.setdefault(key, "pending")
        return len(self.owed_by(run_id))

    def owed_by(self, run_id: str) -> list[str]:
        """The run's leads that may be granted, now or after their rest."""
        return [key for key in self.runs[run_id] if self.may_be_granted(key)]

    def may_be_granted(self, key: str) -> bool:
        """A delivered or refused lead never may, one in doubt only where its table resends."""
        may_be_resent = self.resends and self.attempts[key] < MAX_ATTEMPTS
        return self.states[key] == "pending" or (self.states[key] == "in_doubt" and may_be_resent)

    def grant(self, grant: Grant, now: float, cost_milli: int = 0) -> None:
        """Leads were granted, each at this cost in thousandths of a credit."""
        day = datetime.fromtimestamp(now, UTC).date().isoformat()
        self.cost_of[grant.grant_id] = (day, cost_milli)
        self._spend(grant, len(grant.leads))
        for lead in grant.leads:
            assert self.may_be_granted(lead.lead_key), "granted twice"
            self.states[lead.lead_key] = "sending"
            self.granted_under[lead.lead_key] = grant.grant_id
            self.moments.append(now + lead.delay_s)
        self.charged[grant.slot] += len(grant.leads)
        assert self.n_allowed is None or self.charged.total() <= self.n_allowed, "over the sample"

    def record_decision(self, word: str, n_more: int) -> None:
        """A person said what may follow of the sample."""
        n_sent = self.charged.total()
        self.n_allowed = {"go_on": None, "next": n_sent + n_more, "stop": 0}[word]

    def learn(self, grant: Grant, verdicts: Verdicts) -> None:
        """Only the grant a lead was last sent under may speak of it, and of no settled one."""
        for lead, verdict in verdicts:
            key = lead.lead_key
            self.charged[grant.slot] -= not verdict.is_charged
            self._spend(grant, -(not verdict.is_charged))
            is_its_grant = self.granted_under.get(key) == grant.grant_id
            if is_its_grant and self.states[key] in ("sending", "in_doubt"):
                self.states[key] = STATE_AFTER[verdict.kind]
                self.attempts[key] += verdict.is_attempt

    def give_up(self, keys: Iterable[str]) -> None:
        """No answer can come any more for these."""
        for key in keys:
            assert self.states[key] == "sending"
            self.states[key] = "in_doubt"
            self.attempts[key] += 1

    def recover(self, grant: Grant, departed: Sequence[str]) -> None:
        """The grant's process was killed after these leads had left."""
        mine = [
            lead.lead_key for lead in grant.leads if self.is_sending_under(grant, lead.lead_key)
        ]
        self.give_up(key for key in mine if key in departed)
        for key in mine:
            if key not in departed:
                self.states[key] = "pending"
                self.granted_under.pop(key)
                self.charged[grant.slot] -= 1
                self._spend(grant, -1)

    def _spend(self, grant: Grant, n: int) -> None:
        day, cost_milli = self.cost_of[grant.grant_id]
        self.spent[day] += n * cost_milli

    def is_sending_under(self, grant: Grant, key: str) -> bool:
        """Whether the lead still awaits this grant's answer."""
        return self.states[key] == "sending" and self.granted_under[key] == grant.grant_id

    def replay(self, run_id: str, keys: Sequence[str]) -> None:
        """A person has these sent again; what an earlier replay left pending is so already."""
        self.runs[run_id] = set(keys)
        for key in keys:
            assert self.states[key] in ("refused", "in_doubt", "pending")
            self.states[key] = "pending"
            self.granted_under.pop(key, None)
