"""What may stand in `config/tables.yaml` of the Clay workspace?

In:    plain values read from YAML.
Out:   a frozen model of the rate, the plan, the budget, and how the rate is shared.
Never: anything of one table.
"""

import math
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, StrictBool, model_validator

from clayload.model import Priority
from clayload.tables.alerts import Alerts
from clayload.tables.budgets import WorkspaceBudget
from clayload.tables.problems import Flaw, refuse
from clayload.tables.values import ConfigModel, Count, Name, TimeZone

LEAST_BURST_S = 0.04
"""The least burst, in seconds' worth of the rate; Clay's own is two seconds' worth."""


class ClayPlan(StrEnum):
    """Clay plans (clay-facts.md §2); only some of them have webhooks."""

    FREE = "free"
    LAUNCH = "launch"
    GROWTH = "growth"
    ENTERPRISE = "enterprise"
    TRIAL = "trial"
    STARTER = "starter"
    EXPLORER = "explorer"
    PRO = "pro"


class PriorityWeights(ConfigModel):
    """Shares of the workspace's rate; a low weight is slow, never still."""

    high: Count = Field(default=8, description="Share of leads of high priority.")
    normal: Count = Field(default=3, description="Share of leads of normal priority.")
    low: Count = Field(default=1, description="Share of leads of low priority.")

    def by_priority(self) -> Mapping[Priority, int]:
        """Give the weights by priority."""
        return {Priority.HIGH: self.high, Priority.NORMAL: self.normal, Priority.LOW: self.low}


class Workspace(ConfigModel):
    """The Clay workspace that meters rate, credits and Actions."""

    name: Name = Field(description="What the workspace is called in reports and the ledger.")
    plan: ClayPlan = Field(
        description="The workspace's Clay plan; free, launch and starter have none."
    )
    rate_per_s: Annotated[float, Field(strict=True, gt=0, le=10_000, allow_inf_nan=False)] = Field(
        default=10.0,
        description="Submissions a second Clay allows over all webhooks; Clay's support can raise "
        "it.",
    )
    burst: Annotated[int, Field(strict=True, gt=0, le=10_000)] = Field(
        default=20, description="Submissions Clay allows at once after a pause."
    )
    priority_weights: PriorityWeights = Field(
        default=PriorityWeights(),
        description="How the rate is divided among priorities that want it at the same time.",
    )
    time_zone: TimeZone = Field(
        default="UTC",
        description="Where the workspace's people live, such as Europe/Berlin: schedules and the "
        "current month go by it.",
    )
    own_api_keys: StrictBool = Field(
        default=False,
        description="Whether enrichments run on your own providers' keys (no data credits).",
    )
    budget: WorkspaceBudget | None = Field(
        default=None, description="What the leads of all tables together may cost; see A budget."
    )
    alerts: Alerts = Field(
        default=Alerts(), description="From where on an alert is reported; see Alerts."
    )

    @model_validator(mode="after")
    def _burst_fits_rate(self) -> Self:
        # The burst's margin is the lateness we may have; below a few milliseconds no disk keeps up.
        least = math.ceil(self.rate_per_s * LEAST_BURST_S)
        if self.burst < least:
            what = f"{self.burst} is too small for {self.rate_per_s:g} submissions a second"
            raise refuse(Flaw(what, f"set burst to at least {least}", at=("burst",)))
        return self
