"""What may be said to the stand-in about workspaces, tables and sources?

In:    plain values from an admin call or a configuration file.
Out:   frozen models that refuse unknown keys and contradictions.
Never: live state such as rows or counters.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    field_validator,
    model_validator,
)

from clayload.standin.plans import PLANS

Token = Annotated[str, Field(pattern=r"^[\x21-\x7e]+$")]
SourceId = Annotated[str, Field(pattern=r"^[^/\s?#]+$")]


class Spec(BaseModel):
    """What all specs share: frozen, no unknown keys, changed only as a whole."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def changed(self, fields: dict[str, Any]) -> Self:
        """Return this spec with `fields` put over it, validated as a whole."""
        return self.model_validate({**self.model_dump(), **fields})


class WorkspaceSpec(Spec):
    """A Clay workspace: its plan, its rate, and how it words success and oversize.

    `rate_per_s` None means no limit. `credits` and `actions` are what is left when the stand-in
    begins. Defaults are Clay's (clay-facts.md §1; §2, Growth).
    """

    plan: str = "growth"
    rate_per_s: PositiveFloat | None = 10.0
    burst: PositiveInt = 20
    success_status: Literal[200, 202] = 200
    success_body: Literal["json", "text"] = "json"
    oversize_status: Literal[413, 400] = 413
    credits: NonNegativeFloat = 6_000
    actions: NonNegativeFloat = 40_000

    @field_validator("plan")
    @classmethod
    def _known_plan(cls, plan: str) -> str:
        if plan not in PLANS:
            raise ValueError(f"unknown plan {plan!r}; one of: {', '.join(PLANS)}")
        return plan


class AutoDedupeSpec(Spec):
    """Clay's auto-dedupe column: one column, exact match, blind to inserts within `blind_s`."""

    column: str
    keep: Literal["oldest", "newest"] = "oldest"
    blind_s: NonNegativeFloat = 0.1


class TableSpec(Spec):
    """A Clay table. `row_limit` None takes the plan's; `columns` None makes one per key.

    With `auto_run` a row's enrichment takes `credits_per_row` and `actions_per_row`.
    """

    workspace: str
    row_limit: NonNegativeInt | None = None
    when_full: Literal["refuse", "drop"] = "refuse"
    auto_run: bool = True
    credits_per_row: NonNegativeFloat = 0
    actions_per_row: NonNegativeFloat = 0
    auto_dedupe: AutoDedupeSpec | None = None
    columns: tuple[str, ...] | None = None


class SourceSpec(Spec):
    """A webhook source. `submissions` is how many it has accepted before the stand-in began."""

    table: str
    name: str | None = None
    token: Token | None = None
    lifetime_limit: PositiveInt = 50_000
    submissions: NonNegativeInt = 0
    deleted: bool = False


class StandinConfig(Spec):
    """The whole of a stand-in in one document."""

    workspaces: dict[str, WorkspaceSpec] = {}
    tables: dict[str, TableSpec] = {}
    sources: dict[SourceId, SourceSpec] = {}

    @model_validator(mode="after")
    def _references_hold(self) -> Self:
        for name, table in self.tables.items():
            if table.workspace not in self.workspaces:
                raise ValueError(f"table {name!r} names unknown workspace {table.workspace!r}")
        for source_id, source in self.sources.items():
            if source.table not in self.tables:
                raise ValueError(f"source {source_id!r} names unknown table {source.table!r}")
        return self


class RotationSpec(Spec):
    """A token rotation: the old token dies at once, the new one works after a while."""

    token: Token | None = None
    new_refused_for_s: NonNegativeFloat = 0.0
