"""What may a workspace and its tables spend?

In:    plain values read from YAML.
Out:   frozen models of budgets, and all of them together as the ledger keeps them.
Never: what was spent; that is the ledger's question.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from clayload.tables.values import Amount, ConfigModel


class Counted(StrEnum):
    """Which estimate of a lead's cost is counted."""

    LIKELY = "likely"
    HIGH = "high"


class Budget(ConfigModel):
    """Limits in credits and Actions; a key that is left out is no limit, 0 lets nothing through."""

    credits_per_billing_month: Amount | None = Field(
        default=None, description="Credits that leads may cost in a billing month."
    )
    actions_per_billing_month: Amount | None = Field(
        default=None, description="Actions that leads may cost in a billing month."
    )
    credits_per_day: Amount | None = Field(
        default=None, description="Credits that leads may cost in a day."
    )
    actions_per_day: Amount | None = Field(
        default=None, description="Actions that leads may cost in a day."
    )


class WorkspaceBudget(Budget):
    """What all tables together may spend, and how it is counted for every budget."""

    count: Counted = Field(
        default=Counted.LIKELY,
        description="Which estimate of a lead's cost is counted: likely, or high.",
    )
    renews_on_day: Annotated[int, Field(strict=True, ge=1, le=31)] = Field(
        default=1,
        description="The day of the month on which Clay's billing month begins; in a shorter "
        "month its last day.",
    )


class Budgets(ConfigModel):
    """The budgets of a workspace and of its tables by name; days are those of `time_zone`."""

    time_zone: str = "UTC"
    workspace: WorkspaceBudget = WorkspaceBudget()
    tables: dict[str, Budget] = Field(default={})
