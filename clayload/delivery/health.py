"""Is Clay, or the slot, out of order, by what it answered lately?

In:    the verdicts of one chunk, as they come and grant by grant; what other chunks have met.
Out:   whether to go on, to rest, or to blame the slot.
Never: a single lead's end changed: one bad answer is that lead's alone.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from clayload.delivery.grant import Verdicts
from clayload.delivery.verdict import SlotEffect, Verdict, VerdictKind

_log = logging.getLogger(__name__)

REFUSALS_TO_BENCH = 20
DOUBTS_TO_REST = 3
"""After so many leads in doubt in a row Clay is taken to be out of order: each more is one more
that a person must look at."""


@dataclass(slots=True)
class Outage:
    """Whether Clay seems out of order, as the chunks of a process tell each other.

    Without that each would find out for itself, with as many leads in doubt as it has in flight.
    """

    is_known: bool = False

    def begin(self) -> None:
        """Let all chunks know that Clay seems out of order."""
        if not self.is_known:
            _log.info("outage: Clay gives no sure answer, one lead at a time tries again")
        self.is_known = True

    def end(self) -> None:
        """Let all chunks know that Clay answers."""
        if self.is_known:
            _log.info("outage over: Clay answers again")
        self.is_known = False


@dataclass(slots=True)
class Health:
    """How one chunk's leads have fared in a row, and what all chunks know together."""

    outage: Outage = field(default_factory=Outage)
    n_failed_grants: int = 0
    n_refused_in_a_row: int = 0
    n_doubts_in_a_row: int = 0

    @property
    def is_doubtful(self) -> bool:
        """Whether the last answers were lost, one after the other."""
        return self.n_doubts_in_a_row >= DOUBTS_TO_REST

    def record(self, verdict: Verdict) -> None:
        """Take note of an answer as it comes."""
        is_doubt = verdict.kind is VerdictKind.IN_DOUBT
        self.n_doubts_in_a_row = self.n_doubts_in_a_row + 1 if is_doubt else 0

    def see_grant(self, verdicts: Verdicts) -> str | None:
        """Take note of a whole grant; says what failed if Clay seems out of order by it."""
        reason = next(self._find_failures(verdicts), None)
        if reason is not None:
            self.n_failed_grants += 1
            self.outage.begin()
        elif any(verdict.was_sent for _, verdict in verdicts):
            self.n_failed_grants = 0
            self.outage.end()
        return reason

    def _find_failures(self, verdicts: Verdicts) -> Iterator[str]:
        for _, verdict in verdicts:
            is_doubt = verdict.kind is VerdictKind.IN_DOUBT
            is_bad_sign = self.is_doubtful or self.outage.is_known
            if _is_no_connection(verdict) or (is_doubt and is_bad_sign):
                yield verdict.reason

    def blame_slot(self, verdicts: Verdicts) -> Verdicts:
        """Blame the slot when lead after lead is refused alike: it is hardly the leads."""
        sent = [verdict for _, verdict in verdicts if verdict.was_sent]
        refusals = {verdict.status for verdict in sent if verdict.kind is VerdictKind.REFUSED}
        is_all_alike = len(refusals) == 1 and all(v.kind is VerdictKind.REFUSED for v in sent)
        self.n_refused_in_a_row = self.n_refused_in_a_row + len(sent) if is_all_alike else 0
        if self.n_refused_in_a_row < REFUSALS_TO_BENCH:
            return verdicts
        self.n_refused_in_a_row = 0
        _log.info("slot blamed: refused in a row: %(n_leads)d", {"n_leads": REFUSALS_TO_BENCH})
        lead, last = verdicts[-1]
        reason = f"refused {REFUSALS_TO_BENCH} leads in a row with {refusals.pop()}"
        blamed = replace(last, slot_effect=SlotEffect.SUSPENDED, reason=reason)
        return [*verdicts[:-1], (lead, blamed)]


def _is_no_connection(verdict: Verdict) -> bool:
    return verdict.kind is VerdictKind.RETRY and verdict.is_attempt
