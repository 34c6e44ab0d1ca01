"""What may stand in `config/tables.yaml`?

In:    plain values read from YAML.
Out:   frozen models that refuse unknown keys and contradictions.
Never: a secret; a slot holds references such as `env:CLAY_WEBHOOK_TECH_1`.
"""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, StrictBool, model_validator

from clayload.model import Priority
from clayload.tables.budgets import Budget
from clayload.tables.problems import Flaw, refuse
from clayload.tables.suppression import MailKind
from clayload.tables.values import (
    Amount,
    ClayId,
    ConfigModel,
    Count,
    Filter,
    LeadFields,
    Name,
    SecretRef,
    Steps,
)

REGULATED_FORBIDS = "claygent"
SOURCE_LIMIT = 50_000
"""Accepted submissions a Clay webhook takes in its whole life (clay-facts.md §1)."""
SAFE_LIMIT = 45_000
"""Submissions after which we leave a webhook, so that none is lost at its end."""


class OnInDoubt(StrEnum):
    """What becomes of a lead that Clay may have or not."""

    HOLD = "hold"
    RESEND = "resend"


class Resend(StrEnum):
    """When a lead that was delivered in an earlier cycle is owed again."""

    NEVER = "never"
    EACH_CYCLE = "each_cycle"
    WHEN_CHANGED = "when_changed"


class Slot(ConfigModel):
    """One webhook URL of a table, known by its name, with a lifetime limit of submissions."""

    name: Name = Field(
        description="What the slot is called in reports and the ledger; unique over all tables, "
        "and never given to another webhook."
    )
    url: SecretRef = Field(description="Where the webhook's URL is kept, such as env:NAME.")
    token: SecretRef | None = Field(
        default=None, description="Where the webhook's token is kept; leave out if it has none."
    )
    lifetime_limit: Count = Field(
        default=SOURCE_LIMIT,
        description="Submissions Clay accepts through this webhook in its whole life.",
    )
    safe_limit: Count = Field(
        default=SAFE_LIMIT,
        description="Submissions after which we move on to the next slot.",
    )
    already_used: Annotated[int, Field(strict=True, ge=0)] = Field(
        default=0,
        description="Submissions the webhook took before clayload kept count.",
    )

    @model_validator(mode="after")
    def _counts_within_lifetime(self) -> Self:
        counts = {"safe_limit": self.safe_limit, "already_used": self.already_used}
        over = [key for key, count in counts.items() if count > self.lifetime_limit]
        if over:
            hint = f"Clay takes no more than lifetime_limit: {self.lifetime_limit}"
            above = f"is above lifetime_limit {self.lifetime_limit}"
            raise refuse(*(Flaw(f"{counts[key]} {above}", hint, at=(key,)) for key in over))
        return self


class Table(ConfigModel):
    """One Clay table: which leads it takes, what is sent, and through which slots."""

    filter: Filter = Field(
        description="SQL condition over the fields of a lead; the first table that matches takes "
        "the lead, and an empty field never matches."
    )
    enrichment: Steps = Field(
        default=(), description="The steps the Clay table runs on each row, for estimates."
    )
    credits_per_lead: Amount | None = Field(
        default=None,
        description="Data credits a lead takes in this table, in place of what its steps say.",
    )
    actions_per_lead: Amount | None = Field(
        default=None,
        description="Actions a lead takes in this table, in place of what its steps say.",
    )
    volume_per_month: Count = Field(description="Leads expected a month, for planning.")
    priority: Priority = Field(
        default=Priority.NORMAL, description="Who goes first when tables share the rate."
    )
    regulated: StrictBool = Field(
        default=False, description="Regulated data: the step claygent is forbidden."
    )
    auto_delete: StrictBool = Field(
        default=False,
        description="Whether Clay deletes rows once they are enriched (Enterprise only).",
    )
    key: LeadFields = Field(
        default=("email",),
        min_length=1,
        description="The fields that make the lead_key. They need not be in fields: the lead_key "
        "itself is in every payload.",
    )
    resend: Resend = Field(
        default=Resend.EACH_CYCLE,
        description="When a lead that was delivered is owed again: never, in each_cycle, or "
        "when_changed in what is sent.",
    )
    on_in_doubt: OnInDoubt = Field(
        default=OnInDoubt.HOLD,
        description="What becomes of a lead that Clay may have or not: hold it for a person, or "
        "resend it (only where the Clay table de-duplicates on lead_key).",
    )
    suppress: tuple[MailKind, ...] = Field(
        default=(),
        description="Whom the table does without, besides those on suppression lists: "
        "personal_mail, role_account, or both.",
    )
    fields: LeadFields = Field(min_length=1, description="The only fields that leave the house.")
    row_limit: Count = Field(
        default=50_000, description="Rows the Clay table holds; Clay's cap depends on the plan."
    )
    budget: Budget | None = Field(
        default=None, description="What the leads of this table may cost; see A budget."
    )
    sample_first: Count | None = Field(
        default=None,
        description="Leads of an extract and cycle that are sent before a person has said "
        "`clayload approve`; left out, all of them.",
    )
    clay_table_id: ClayId | None = Field(
        default=None,
        description="The table's id in Clay, as `clay tables get` takes it: a plan then asks Clay "
        "how full the table is.",
    )
    slots: tuple[Slot, ...] = Field(
        min_length=1, description="The table's webhooks, used up in this order."
    )

    @model_validator(mode="after")
    def _regulated_without_agents(self) -> Self:
        for i, step in enumerate(self.enrichment if self.regulated else ()):
            if REGULATED_FORBIDS in step:
                what = f"the step '{step}' is forbidden in a regulated table"
                hint = "take the step out here and in Clay, or regulated: false"
                raise refuse(Flaw(what, hint, at=("enrichment", i)))
        return self

    @model_validator(mode="after")
    def _lifetime_within_clays(self) -> Self:
        for i, slot in enumerate(() if self.auto_delete else self.slots):
            if slot.lifetime_limit > SOURCE_LIMIT:
                what = f"{slot.lifetime_limit} is above the {SOURCE_LIMIT} Clay accepts"
                hint = f"set lifetime_limit: {SOURCE_LIMIT}; only auto_delete lifts it"
                at = ("slots", i, "lifetime_limit")
                raise refuse(Flaw(what, hint, at=at))
        return self
