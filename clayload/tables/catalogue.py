"""What does Clay charge, and what does each plan hold?

In:    `clay.yaml` beside `tables.yaml`, or the one that comes with this package.
Out:   a frozen catalogue: plans, unit prices, and what each enrichment step takes of a row.
Never: a price in code: each figure stands in the file, with its source beside it.
"""

from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, StrictBool, ValidationError, model_validator

from clayload.tables.explain import explain
from clayload.tables.problems import Flaw, find_nearest, merge_problems, refuse
from clayload.tables.values import Amount, ConfigModel, Step
from clayload.tables.workspace import ClayPlan
from clayload.tables.yaml_file import read_yaml

BUILT_IN = Path(__file__).with_name("clay.yaml")
"""The catalogue that is used where there is none beside `tables.yaml`."""

Words = Annotated[str, Field(min_length=1)]

_SWAP = "put the smaller number first"


class Level(StrEnum):
    """How careful an estimate is."""

    LOW = "low"
    LIKELY = "likely"
    HIGH = "high"


class _Sourced(ConfigModel):
    source: Words = Field(description="Where the figures come from, in words.")
    disputed: Words | None = Field(
        default=None, description="What other sources say; leave out if they agree."
    )


class Figure(_Sourced):
    """One number, and who says so."""

    value: Amount = Field(description="The number.")


class Bounds(_Sourced):
    """What a plan holds at least, and up to where it can be expanded."""

    least: Amount = Field(description="What the plan's price includes.")
    most: Amount | None = Field(
        default=None, description="Up to where it can be raised; leave out if there is no end."
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.most is not None and self.most < self.least:
            raise refuse(Flaw(f"{self.most:g} is below least {self.least:g}", _SWAP, at=("most",)))
        return self


class Estimate(_Sourced):
    """Three numbers for what nobody knows exactly."""

    low: Amount = Field(description="What it is if all goes well.")
    likely: Amount = Field(description="What it is most often.")
    high: Amount = Field(description="What it is at worst.")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.low <= self.likely <= self.high:
            what = f"{self.low:g}, {self.likely:g}, {self.high:g} do not rise"
            raise refuse(Flaw(what, _SWAP))
        return self

    def at(self, level: Level) -> float:
        """Give the number for a level."""
        return {Level.LOW: self.low, Level.LIKELY: self.likely, Level.HIGH: self.high}[level]


class PlanFacts(ConfigModel):
    """One of Clay's plans: what it costs, and what it holds in a month."""

    is_open: StrictBool = Field(description="Whether a workspace can still choose the plan.")
    has_webhooks: StrictBool = Field(description="Whether tables can have webhooks.")
    has_auto_delete: StrictBool = Field(description="Whether tables can have auto-delete.")
    price_per_month: Figure | None = Field(
        default=None,
        description="US dollars a month, paid monthly; leave out if it is by agreement.",
    )
    credits_per_month: Bounds = Field(description="Data credits a month.")
    actions_per_month: Bounds | None = Field(
        default=None, description="Actions a month; leave out if the plan does not count them."
    )
    credit_price: Estimate | None = Field(
        default=None,
        description="US dollars for a further credit, where it is not the catalogue's.",
    )
    top_up_premium: Figure | None = Field(
        default=None,
        description="What part more a credit costs as a one-time top-up; leave out if there is "
        "none.",
    )


class StepCost(ConfigModel):
    """What an enrichment step takes of the rows of its table."""

    credits: Estimate = Field(description="Data credits of a run that is charged, on Clay's keys.")
    actions: Estimate = Field(description="Actions of a run.")
    runs_on: Estimate | None = Field(
        default=None, description="The part of the rows on which it runs; all, if left out."
    )
    charged_on: Estimate | None = Field(
        default=None, description="The part of its runs that cost credits; all, if left out."
    )

    @model_validator(mode="after")
    def _parts_are_parts(self) -> Self:
        parts = {"runs_on": self.runs_on, "charged_on": self.charged_on}
        over = [key for key, part in parts.items() if part is not None and part.high > 1]
        if over:
            hint = "0.6 means 60 % of the rows"
            raise refuse(*(Flaw("is more than 1, all rows", hint, at=(key,)) for key in over))
        return self


class Catalogue(ConfigModel):
    """The whole of `clay.yaml`; every number in it is an estimate that its owner may fix."""

    version: Literal[1] = Field(default=1, description="The version of this file's form.")
    as_of: date = Field(description="The day on which the sources were read.")
    plans: dict[ClayPlan, PlanFacts] = Field(
        description="All of Clay's plans by name, from the smallest to the greatest."
    )
    credit_price: Estimate = Field(description="US dollars for a data credit.")
    action_price: Estimate = Field(description="US dollars for an Action.")
    rollover_months: Figure = Field(
        description="How many months' credits a workspace can hold, top-ups included."
    )
    lead_credits: Estimate = Field(description="Data credits of a lead whose steps are not known.")
    lead_actions: Estimate = Field(description="Actions of a lead whose steps are not known.")
    steps: dict[Step, StepCost] = Field(
        description="What each step takes; the names are those for enrichment in tables.yaml."
    )
    unknown_step: StepCost = Field(description="What a step takes that is not under steps.")

    @model_validator(mode="after")
    def _has_every_plan(self) -> Self:
        missing = [plan for plan in ClayPlan if plan not in self.plans]
        if missing:
            what = f"the plan '{missing[0]}' is missing"
            raise refuse(Flaw(what, f"the plans are {', '.join(ClayPlan)}", at=("plans",)))
        return self

    def cost_of_step(self, name: str) -> StepCost:
        """Give what a step takes; one that nobody knows takes what `unknown_step` says."""
        return self.steps.get(name, self.unknown_step)

    def nearest_step(self, name: str) -> str | None:
        """Give the known step most like this name, or None when none is near."""
        return find_nearest(name, self.steps)


def read_catalogue(path: Path) -> Catalogue:
    """Read `clay.yaml`; where there is none, the one that comes with this package.

    Raises:
        ConfigError: CONFIG_UNREADABLE, CONFIG_UNKNOWN_KEY or CONFIG_BAD_VALUE; `facts` holds
            file, line, key, nearest and `problems`, one line for every mistake.
    """
    file = read_yaml(path if path.exists() else BUILT_IN)
    problems = list(file.problems)
    try:
        catalogue = Catalogue.model_validate(file.data)
    except ValidationError as exc:
        problems += explain(exc, file, Catalogue)
    if problems:
        raise merge_problems(problems)
    return catalogue
