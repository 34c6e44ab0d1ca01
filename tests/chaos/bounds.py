"""What do the loader's own settings allow, at most?

In:    the rate of a workspace; what the stand-in saw of it.
Out:   how many leads may be in doubt once a process is killed, and which laws of the rate broke.
Never: a figure of its own where the loader has one.
"""

from __future__ import annotations

from collections.abc import Iterator

from support.servers.standin_process import Document

from clayload.delivery.pace import grant_size
from clayload.settings import Settings

CHUNKS_AT_ONCE: int = Settings.model_fields["chunks_at_once"].default
IN_FLIGHT: int = Settings.model_fields["requests_per_chunk"].default


def most_in_doubt(rate_per_s: float) -> int:
    """Count the leads of a grant for each running chunk."""
    return CHUNKS_AT_ONCE * grant_size(rate_per_s)


def overshoot(traffic: Document) -> float:
    """Give the most by which any window held more submissions than the rate allows; 0 if none."""
    return max(float(traffic["largest_overshoot"]["attempted"]), 0.0)


def broken_by_rate(traffic: Document, n_rate_limited: int) -> Iterator[str]:
    """Say whether more was sent than the rate allows, or an answer was 429."""
    if n_over := overshoot(traffic):
        yield f"{n_over:.1f} submissions over the limit"
    if n_rate_limited:
        yield f"{n_rate_limited} answers 429"
