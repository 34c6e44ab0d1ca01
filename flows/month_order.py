"""What may a person ask of the plan of a month?

In:    the values of a form in the Prefect UI, or of a deployment.
Out:   a frozen model, whose JSON Schema Prefect checks before a run is created; it becomes what
       `clayload capacity` asks of the core.
Never: a load; nothing is sent.
"""

from typing import Annotated

from pydantic import Field

from clayload.capacity.month import MonthAsk
from flows.forms import Order, describe_volumes, leave_empty

_Amount = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]


class MonthOrder(Order):
    """Plan a month; with nothing filled in, of the volumes and steps in tables.yaml."""

    leads: Annotated[int, Field(ge=1)] | None = Field(
        default=None,
        json_schema_extra=describe_volumes,
        title="Leads a month",
        description="Left empty: the volumes in tables.yaml, table by table.",
    )
    credits_per_lead: _Amount | None = Field(
        default=None,
        json_schema_extra=leave_empty,
        title="Data credits a lead",
        description="Left empty: what the tables' steps take by clay.yaml; where leads are filled "
        "in, what a fully enriched lead takes (6 and more).",
    )
    actions_per_lead: _Amount | None = Field(
        default=None,
        json_schema_extra=leave_empty,
        title="Actions a lead",
        description="Left empty: an estimate, as for data credits.",
    )
    own_api_keys: bool = Field(
        default=False,
        title="Own API keys",
        description="Plan as if all steps ran on your own API keys.",
    )
    workspaces: int = Field(
        default=1,
        ge=1,
        le=100,
        title="Workspaces",
        description="Workspaces that share the leads evenly.",
    )

    def ask(self) -> MonthAsk:
        """Ask the core for it."""
        return MonthAsk(
            self.leads,
            self.credits_per_lead,
            self.actions_per_lead,
            self.own_api_keys,
            self.workspaces,
        )

    @property
    def label(self) -> str:
        """Name the run: `plan a month`, `plan a month of 50,000 leads`."""
        return "plan a month" if self.leads is None else f"plan a month of {self.leads:,} leads"
