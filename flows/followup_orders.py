"""What may a person ask of a flow that takes up leads of an earlier run?

In:    the values of a form in the Prefect UI, or of a deployment.
Out:   frozen models, as in `flows.orders`.
Never: a secret, or anything personal: Prefect keeps parameters.
"""

from typing import Self

from pydantic import ConfigDict, Field, model_validator

from clayload.ledger.rules.states import SubmissionState
from clayload.loading.followups.replay_plan import ReplayRequest
from flows.forms import File, Order, RunId, TableName, leave_empty


class ReplayOrder(Order):
    """Send a run's refused leads again, or those in doubt; by default, only show which."""

    model_config = ConfigDict(
        json_schema_extra={
            # What is not filled in has its default: refused, only planned.
            "if": {
                "properties": {"in_doubt": {"const": True}, "dry_run": {"const": False}},
                "required": ["in_doubt", "dry_run"],
            },
            "then": {
                "properties": {"looked_in_clay": {"const": True}},
                "required": ["looked_in_clay"],
            },
            "not": {
                "properties": {"refused": {"const": False}, "in_doubt": {"const": False}},
                "required": ["refused"],
            },
        }
    )

    run: RunId = Field(title="Run", description="The run's id, as its report shows it.")
    refused: bool = Field(
        default=True, title="Refused leads", description="Leads that Clay refused."
    )
    in_doubt: bool = Field(
        default=False, title="Leads in doubt", description="Leads that Clay may already have."
    )
    looked_in_clay: bool = Field(
        default=False,
        title="I looked in Clay",
        description="Required to send leads in doubt: Clay gets twice what it already has.",
    )
    table: TableName = Field(default=None, description="Only the leads of this table.")
    dry_run: bool = Field(
        default=True, title="Only plan", description="Show what would be sent; send nothing."
    )

    @model_validator(mode="after")
    def _is_one_chosen_and_certain(self) -> Self:
        if not (self.refused or self.in_doubt):
            what = "choose refused leads, leads in doubt, or both"
            raise ValueError(what)
        if self.in_doubt and not self.dry_run and not self.looked_in_clay:
            what = "leads in doubt are sent only after a look in Clay: set `looked_in_clay`"
            raise ValueError(what)
        return self

    def request(self) -> ReplayRequest:
        """Ask the core for it."""
        wanted = {SubmissionState.REFUSED: self.refused, SubmissionState.IN_DOUBT: self.in_doubt}
        return ReplayRequest(self.run, frozenset(s for s in wanted if wanted[s]), self.table)


class ResubmitOrder(Order):
    """Send the corrected rows of a quarantine, for the cycle of the run that set them aside."""

    files: list[File] = Field(
        title="Files", min_length=1, description="The corrected file, or several of one run."
    )
    run: RunId | None = Field(
        default=None,
        json_schema_extra=leave_empty,
        title="Run",
        description="The run they belong to, where no column clayload_run names it.",
    )
