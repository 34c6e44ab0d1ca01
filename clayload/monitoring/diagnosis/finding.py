"""What can be found wrong with a run, and how bad is it?

In:    nothing; these are values.
Out:   the stable name of every trouble, and a finding: what, in figures, and what fixes it.
Never: a name that `docs/how-to/diagnose-a-run.md` does not explain.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Trouble(StrEnum):
    """Everything that can be found; each has its heading in the how-to, in this order."""

    THROTTLED = "throttled"
    NO_WEBHOOKS = "no-webhooks"
    QUEUE_BACKING_UP = "queue-backing-up"
    PAUSED = "paused"
    PROCESS_ENDED = "process-ended"
    STOPPED = "stopped"
    SLOT_USED_UP = "slot-used-up"
    SLOT_BENCHED = "slot-suspended"
    TABLE_TOO_LARGE = "table-too-large"
    CREDIT_OVERRUN = "credit-overrun"
    SAMPLE_WAITS = "sample-waits"
    IN_DOUBT = "in-doubt"
    REFUSED = "refused"
    QUARANTINE_HIGH = "quarantine-high"
    UNROUTED_HIGH = "unrouted-high"
    SUPPRESSED_HIGH = "suppressed-high"
    NOTHING_TO_SEND = "nothing-to-send"
    SENT_AGAIN = "sent-again"
    UNBALANCED = "unbalanced"


class Severity(StrEnum):
    """How bad it is: leads or credits are lost or held up; will be; or it could be better."""

    TROUBLE = "trouble"
    SOON = "soon"
    ADVICE = "advice"


@dataclass(frozen=True, slots=True)
class Finding:
    """One trouble: `about` which table, slot or budget, if one; what, and what fixes it."""

    name: Trouble
    severity: Severity
    what: str
    next_step: str
    about: str = ""

    @property
    def needs_somebody(self) -> bool:
        """Whether a person should act; what is only advice can wait."""
        return self.severity is not Severity.ADVICE
