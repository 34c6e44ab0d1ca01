"""What does one Clay workspace meter?

In:    its spec, and the time of each change.
Out:   `Workspace`: one token bucket over all its sources, its credits and Actions, and what it
       saw of traffic.
Never: tables or sources; they point at their workspace.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from clayload.standin.bucket import TokenBucket
from clayload.standin.traffic import Traffic

if TYPE_CHECKING:
    from typing import Self

    from clayload.standin.spec import TableSpec, WorkspaceSpec


@dataclass(slots=True)
class Balance:
    """The data credits and Actions a workspace has left; never below 0 (behaviour 24)."""

    credits: Decimal
    actions: Decimal

    @classmethod
    def of(cls, spec: WorkspaceSpec) -> Self:
        """Give what the workspace begins with."""
        return cls(_exact(spec.credits), _exact(spec.actions))

    def pay_for_row(self, table: TableSpec) -> bool:
        """Pay what a row's enrichment takes; False, and nothing paid, if that is not there."""
        credits_, actions = _exact(table.credits_per_row), _exact(table.actions_per_row)
        if credits_ > self.credits or actions > self.actions:
            return False
        self.credits -= credits_
        self.actions -= actions
        return True


def _exact(figure: float) -> Decimal:
    # As it was written: ten times 0.1 is 1.
    return Decimal(str(figure))


class Workspace:
    """One Clay workspace: one token bucket over all its sources, one balance over all tables."""

    def __init__(self, name: str, spec: WorkspaceSpec, now: float) -> None:
        self.name = name
        self.spec = spec
        self.bucket = TokenBucket(spec.rate_per_s, spec.burst, now)
        self.traffic = Traffic()
        self.balance = Balance.of(spec)

    def adjust(self, spec: WorkspaceSpec, now: float) -> None:
        """Take new settings, the rate from now on; credits and Actions only if they were set."""
        if Balance.of(spec) != Balance.of(self.spec):
            self.balance = Balance.of(spec)
        self.spec = spec
        self.bucket.adjust(spec.rate_per_s, spec.burst, now)
