"""How is it said how fast a workspace goes?

In:    how a workspace stands, as the ledger holds it.
Out:   a sentence: what is allowed now, what was reached, what slowed it.
Never: a figure that was not read.
"""

from __future__ import annotations

from collections.abc import Iterator

from clayload.ledger.books.pauses import Pause
from clayload.ledger.books.traffic import WorkspaceUse
from clayload.plural import count
from clayload.report.moments import describe_pause, describe_seconds


def describe_workspace(use: WorkspaceUse) -> str:
    """Say how fast a workspace may go and goes, and what last slowed it."""
    return f"workspace {use.workspace}: {'; '.join(_list_parts(use))}"


def is_held_up(use: WorkspaceUse) -> bool:
    """Whether a workspace may not go as fast as it is configured to, right now."""
    return use.allowed_per_s < use.rate_per_s


def _list_parts(use: WorkspaceUse) -> Iterator[str]:
    yield f"allowed now {use.allowed_per_s:.1f}/s of {use.rate_per_s:g}/s"
    answers = count(use.n_rate_limited, "answer 429", "answers 429")
    yield f"sent in the last minute {use.achieved_per_s:.1f}/s, {answers}"
    if use.slowed_at:
        ago = describe_seconds(max(use.now - use.slowed_at, 0.0))
        yield f"last slowed down {ago} ago, to {use.slowed_to:.0%} of the rate"
    if use.throttled_until > use.now:
        yield f"silent for another {describe_seconds(use.throttled_until - use.now)} after a 429"
    if use.paused_at is not None:
        yield describe_pause(Pause(use.workspace, use.paused_at, use.paused_because or ""))
