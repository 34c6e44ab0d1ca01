"""What does one Clay workspace meter?

In:    its spec, and the time of each change.
Out:   `Workspace`: one token bucket over all its sources, and what it saw of traffic.
Never: tables or sources; they point at their workspace.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from clayload.standin.bucket import TokenBucket
from clayload.standin.traffic import Traffic

if TYPE_CHECKING:
    from clayload.standin.spec import WorkspaceSpec


class Workspace:
    """One Clay workspace: one token bucket over all its sources."""

    def __init__(self, name: str, spec: WorkspaceSpec, now: float) -> None:
        self.name = name
        self.spec = spec
        self.bucket = TokenBucket(spec.rate_per_s, spec.burst, now)
        self.traffic = Traffic()

    def adjust(self, spec: WorkspaceSpec, now: float) -> None:
        """Take new settings, the rate from now on."""
        self.spec = spec
        self.bucket.adjust(spec.rate_per_s, spec.burst, now)
