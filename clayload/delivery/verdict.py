"""What does an answer mean for the lead that was sent?

In:    what came back: an HTTP answer, no connection, or silence after the body left.
Out:   a verdict: delivered, refused, retry or in doubt, with what it means for the slot and rate.
Never: a retry of something Clay may have accepted: what cannot be proven undelivered is in doubt.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum

DEFAULT_RETRY_AFTER_S = 1.0
MAX_RETRY_AFTER_S = 300.0
_BODY_CLIP_CHARS = 300
_REASON_CLIP_CHARS = 80
_OK = range(200, 300)
_SERVER_ERRORS = range(500, 600)
_REDIRECTS = range(300, 400)
_OF_THE_WEBHOOK = (401, 402, 403, 404, 405, 407, 410, *_REDIRECTS)


class VerdictKind(StrEnum):
    """The four meanings an answer can have (design words)."""

    DELIVERED = "delivered"
    REFUSED = "refused"
    RETRY = "retry"
    IN_DOUBT = "in_doubt"


class SlotEffect(StrEnum):
    """What an answer says about the webhook slot it came through."""

    USED_UP = "used_up"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True)
class Answered:
    """The server answered: status, lower-case headers, and the clipped, redacted body."""

    status: int
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True, slots=True)
class NotConnected:
    """No connection was made, so no byte of the lead left: provably not accepted."""

    reason: str


@dataclass(frozen=True, slots=True)
class AnswerLost:
    """The body left (or may have), and no answer came back."""

    reason: str


Answer = Answered | NotConnected | AnswerLost


@dataclass(frozen=True, slots=True)
class Verdict:
    """A verdict and its consequences.

    `is_attempt`: the lead used one of its attempts. `throttle_s`: for so many seconds the whole
    workspace must be silent. `slot_effect`: the slot must not be used further. `was_sent` is False
    where the lead was granted but never put on the wire.
    """

    kind: VerdictKind
    reason: str
    status: int | None = None
    body: str = ""
    is_attempt: bool = True
    throttle_s: float | None = None
    slot_effect: SlotEffect | None = None
    was_sent: bool = True

    @property
    def is_charged(self) -> bool:
        """Whether Clay has, or may have, counted it against the slot and the table."""
        return self.kind in (VerdictKind.DELIVERED, VerdictKind.IN_DOUBT)


def unsent(reason: str) -> Verdict:
    """Give the verdict of a lead that was granted but never left us; it stays owed."""
    return Verdict(VerdictKind.RETRY, reason, is_attempt=False, was_sent=False)


def too_large(n_bytes: int, limit_bytes: int) -> Verdict:
    """Give the verdict of a body past Clay's payload limit, which is refused before it is sent."""
    reason = f"payload of {n_bytes:,} bytes is over {limit_bytes:,}"
    return Verdict(VerdictKind.REFUSED, reason, is_attempt=False, was_sent=False)


def judge(answer: Answer, now: datetime) -> Verdict:
    """Judge one answer (clay-facts.md §1, table of status codes).

    Args:
        answer: what the destination reported.
        now: UTC, to turn a Retry-After date into seconds.
    """
    match answer:
        case NotConnected(reason):
            return Verdict(VerdictKind.RETRY, reason)
        case AnswerLost(reason):
            return Verdict(VerdictKind.IN_DOUBT, reason)
        case Answered():
            return _judge_answered(answer, now)


def _judge_answered(answer: Answered, now: datetime) -> Verdict:
    status, body = answer.status, answer.body[:_BODY_CLIP_CHARS]
    if status in _OK:
        return Verdict(VerdictKind.DELIVERED, "accepted", status)
    # 408: the server gave up waiting, perhaps after it had read enough.
    if status in _SERVER_ERRORS or status == 408:  # noqa: PLR2004 - the HTTP code is its own name
        return Verdict(VerdictKind.IN_DOUBT, "the server failed", status, body)
    if status == 429:  # noqa: PLR2004 - the HTTP code is its own name
        throttle_s = retry_after_s(answer.headers.get("retry-after"), now)
        return Verdict(
            VerdictKind.RETRY, "over the rate", status, is_attempt=False, throttle_s=throttle_s
        )
    if (effect := _slot_effect(status, body)) is not None:
        reason = f"slot answers {status}" + (f": {body[:_REASON_CLIP_CHARS]}" if body else "")
        return Verdict(
            VerdictKind.RETRY, reason, status, body, is_attempt=False, slot_effect=effect
        )
    return Verdict(VerdictKind.REFUSED, f"refused with {status}", status, body)


def _slot_effect(status: int, body: str) -> SlotEffect | None:
    """Tell whether the answer speaks of the webhook, not of the lead: another slot may take it.

    A redirect too: a wrong URL or a login page in between must not refuse lead after lead.
    """
    if status == 403 and "record limit reached" in body.lower():  # noqa: PLR2004 - HTTP code
        return SlotEffect.USED_UP
    return SlotEffect.SUSPENDED if status in _OF_THE_WEBHOOK else None


def retry_after_s(header: str | None, now: datetime) -> float:
    """Read Retry-After, given in seconds or as an HTTP date; between 0 and MAX_RETRY_AFTER_S."""
    if header is None:
        return DEFAULT_RETRY_AFTER_S
    try:
        wait_s = float(header)
    except ValueError:
        wait_s = _seconds_until(header, now)
    if not wait_s >= 0:  # also catches NaN
        return DEFAULT_RETRY_AFTER_S
    return min(wait_s, MAX_RETRY_AFTER_S)


def _seconds_until(http_date: str, now: datetime) -> float:
    try:
        at = parsedate_to_datetime(http_date)
    except (ValueError, OverflowError):
        return DEFAULT_RETRY_AFTER_S
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - now).total_seconds())
