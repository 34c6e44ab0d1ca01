"""What does Clay do with this submission?

In:    one POST: content type, token header, body.
Out:   an `Outcome`: the answer or a reset, and the waits around it; the state is changed.
Never: HTTP, sleeping, or a clock of its own.

Order of checks (undocumented by Clay, so assumed): source known, rate, content type, size, JSON,
token, plan, source's lifetime, table's rows. Faults that replace the answer come before all of
them but the first and take no token.
"""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from clayload.standin import answers
from clayload.standin.clay import LastAnswer
from clayload.standin.faults import FaultSpec, ForcedAnswer, Phase, SlowBody
from clayload.standin.plans import PLANS
from clayload.standin.table import Row

if TYPE_CHECKING:
    from clayload.standin.answers import Answer
    from clayload.standin.clay import Clay, Source

BODY_LIMIT_BYTES = 102_400
"""Clay says 100 KB; which 100 KB it does not say, so the larger (clay-facts.md §8, 6)."""


@dataclass(frozen=True, slots=True)
class Submission:
    """One POST as it came. `n_bytes` is its true size, also where `body` was cut off."""

    content_type: bytes | None
    token: bytes | None
    body: bytes
    n_bytes: int


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the client gets: `answer`, or a reset where it is None, and how slowly."""

    answer: Answer | None
    wait_s: float = 0.0
    body_over_s: float = 0.0


class _RefusedError(Exception):
    """Ends the checks with the answer of the one that failed."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.why)
        self.answer = answer


def wait_before_s(clay: Clay, source_id: str) -> float:
    """Return the seconds injected before this submission may be judged."""
    source = clay.sources.get(source_id)
    return 0.0 if source is None else _wait_s(clay, source, Phase.WAIT_BEFORE)


def judge(clay: Clay, source_id: str, submission: Submission) -> Judgement:
    """Decide one submission, store its row if it is accepted, and count it."""
    source = clay.sources.get(source_id)
    if source is None:
        clay.unknown_source_answers[str(answers.NOT_FOUND.status)] += 1
        return Judgement(answers.NOT_FOUND)
    now = clay.now()
    workspace = source.table.workspace
    workspace.traffic.count_attempt(now, workspace.spec.rate_per_s, workspace.spec.burst)
    answer = _decide(clay, source, submission, now)
    label = "reset" if answer is None else str(answer.status)
    why = "connection reset" if answer is None else answer.why
    workspace.traffic.count_answer(now, label)
    clay.last_answers.append(LastAnswer(now, source.label, source.table.name, label, why))
    if not clay.faults.armed:
        return Judgement(answer)
    slow = _strike(clay, source, Phase.BODY)
    body_over_s = slow.duration_s if isinstance(slow, SlowBody) else 0.0
    return Judgement(answer, _wait_s(clay, source, Phase.WAIT_AFTER), body_over_s)


def _decide(clay: Clay, source: Source, submission: Submission, now: float) -> Answer | None:
    if source.spec.deleted:
        return answers.NOT_FOUND
    instead = _strike(clay, source, Phase.INSTEAD)
    if instead is not None:
        return _struck(instead)
    try:
        payload = _check(source, submission, now)
    except _RefusedError as refused:
        return refused.answer
    _accept(clay, source, Row(submission.body, source.id, now), payload)
    after = _strike(clay, source, Phase.AFTER_STORE)
    if after is not None:
        return _struck(after)
    spec = source.table.workspace.spec
    return answers.SUCCESS[spec.success_status, spec.success_body]


def _check(source: Source, submission: Submission, now: float) -> object:
    workspace = source.table.workspace
    if not workspace.bucket.take(now):
        raise _RefusedError(answers.TOO_MANY_REQUESTS)
    if not _is_json_type(submission.content_type):
        raise _RefusedError(answers.NOT_JSON_TYPE)
    if submission.n_bytes > BODY_LIMIT_BYTES:
        raise _RefusedError(answers.TOO_LARGE[workspace.spec.oversize_status])
    try:
        payload: object = _JSON.decode(submission.body.decode())
    except (ValueError, RecursionError):
        raise _RefusedError(answers.NOT_JSON) from None
    if not _is_token_good(source, submission.token, now):
        raise _RefusedError(answers.WRONG_TOKEN)
    if not PLANS[workspace.spec.plan].has_webhooks:
        raise _RefusedError(answers.NO_WEBHOOKS)
    if source.n_accepted >= source.spec.lifetime_limit:
        raise _RefusedError(answers.SOURCE_SPENT)
    if _is_full(source) and source.table.spec.when_full == "refuse":
        raise _RefusedError(answers.TABLE_FULL)
    return payload


def _accept(clay: Clay, source: Source, row: Row, payload: object) -> None:
    workspace = source.table.workspace
    source.n_accepted += 1
    workspace.traffic.count_accepted(
        row.received_s, workspace.spec.rate_per_s, workspace.spec.burst
    )
    if _is_full(source) or _strike(clay, source, Phase.STORE) is not None:
        return
    source.n_records += 1
    source.table.store(row, payload)


def _is_full(source: Source) -> bool:
    return source.table.n_rows >= source.table.row_limit


def _is_json_type(content_type: bytes | None) -> bool:
    return (content_type or b"").partition(b";")[0].strip().lower() == b"application/json"


def _is_token_good(source: Source, given: bytes | None, now: float) -> bool:
    wanted = source.spec.token
    if wanted is None:
        return True
    return now >= source.token_from and hmac.compare_digest(wanted.encode(), given or b"")


def _struck(fault: FaultSpec) -> Answer | None:
    if not isinstance(fault, ForcedAnswer):
        return None
    return answers.forced_answer(fault.code, fault.retry_after_s)


def _strike(clay: Clay, source: Source, phase: Phase) -> FaultSpec | None:
    return clay.faults.strike(phase, source.table.workspace.name, source.id, clay.now())


def _wait_s(clay: Clay, source: Source, phase: Phase) -> float:
    return clay.faults.wait_s(phase, source.table.workspace.name, source.id, clay.now())


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_JSON = json.JSONDecoder(parse_constant=_refuse_constant)
"""Strict: Python's own decoder would take NaN and Infinity, which are not JSON."""
