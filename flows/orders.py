"""What may a person, a schedule or an event ask of a flow that loads an extract?

In:    the values of a form in the Prefect UI, of a deployment, or of an event.
Out:   frozen models, whose JSON Schema Prefect checks before a run is created; each becomes a
       request of the core.
Never: a secret, or anything personal: Prefect keeps parameters.

A rule about several fields is written twice, in the schema and in a validator, since Prefect checks
only the first and Python only the second; a test holds the two against each other.
"""

from pathlib import Path
from typing import Annotated, Self

from pydantic import ConfigDict, Field, model_validator

from clayload.loading.intake.request import LoadRequest
from clayload.model import LEAD_FIELDS, Priority
from clayload.tables.hints import Hints
from flows.forms import (
    FILTERS_DECIDE,
    NO_SECRET,
    WORKERS,
    File,
    Line,
    Month,
    Order,
    PlanId,
    TableName,
    Workers,
    leave_empty,
    offer_priorities,
    offer_tables_or_filters,
)


class ManualLoad(Order):
    """Load an extract now; the same extract again sends only what is still owed."""

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"properties": {"dry_run": {"const": True}}, "required": ["dry_run"]},
            "then": {"properties": {"workers": {"maximum": 1}}},
        }
    )

    files: list[File] = Field(
        title="Files",
        min_length=1,
        description="Paths where the worker runs, addresses such as `s3://bucket/leads.csv`, or "
        "patterns such as `extracts/2026-11/*.csv`; read as one extract.",
    )
    cycle: Line | None = Field(
        default=None,
        json_schema_extra=leave_empty,
        title="Cycle",
        description="What the extract is for: a month such as 2026-11, or an event's name. Without "
        "it, the cycle it was loaded for before, or the current month.",
    )
    table: TableName = Field(default=None, description="Load only the leads of this table.")
    limit: Annotated[int, Field(ge=1)] | None = Field(
        default=None,
        json_schema_extra=leave_empty,
        title="At most",
        description="Send at most this many leads: a sample.",
    )
    priority: Priority | None = Field(
        default=None,
        json_schema_extra=offer_priorities,
        title="Priority",
        description="Who goes first at the shared rate, in place of the tables' own.",
    )
    dry_run: bool = Field(
        default=False, title="Only plan", description="Show what the load would take; send nothing."
    )
    plan: PlanId | None = Field(
        default=None,
        json_schema_extra=leave_empty,
        title="Plan",
        description="Keep to this plan, made by `clayload plan --save` where the worker runs, or "
        "refuse before anything is sent.",
    )
    workers: Workers = Field(default=1, description=WORKERS)

    @model_validator(mode="after")
    def _is_planned_by_one(self) -> Self:
        if self.dry_run and self.workers > 1:
            what = "a plan needs no `workers`: it sends nothing"
            raise ValueError(what)
        return self

    def request(self) -> LoadRequest:
        """Ask the core for it."""
        return LoadRequest(
            tuple(self.files),
            self.cycle,
            self.table,
            self.limit,
            self.priority,
            plan_id=self.plan,
        )

    @property
    def label(self) -> str:
        """Name the run: `plan 2026-11 · leads.csv and 2 more · outbound-leads-tech only`."""
        first, *others = (Path(file).name for file in self.files)
        files = f"{first} and {len(others)} more" if others else first
        step = "plan" if self.dry_run else "load"
        only = [f"{self.table} only"] if self.table else []
        return " · ".join([f"{step} {self.cycle}" if self.cycle else step, files, *only])


class MonthlyLoad(Order):
    """Load a month's extracts, once."""

    cycle: Month | None = Field(
        default=None,
        json_schema_extra=leave_empty,
        title="Month",
        description="The month, such as 2026-11; without it, the month in which the run was due, "
        "in the workspace's time zone.",
    )
    files: Annotated[str, Field(pattern=r"\{cycle\}", json_schema_extra={**NO_SECRET})] = Field(
        default="extracts/{cycle}/*.{csv,parquet,xlsx,ndjson}",
        title="Files",
        description="Where a month's extracts lie, here or on S3; {cycle} is the month.",
    )
    workers: Workers = Field(default=1, description=WORKERS)


class EventBackfill(Order):
    """Load the list of people who came to an event, when others need not wait for it."""

    event: Line = Field(title="Event", description="The event's name: the cycle of its leads.")
    file: File = Field(title="File", description="The list, where the worker runs.")
    table: Line = Field(
        default="event-attendees",
        json_schema_extra=offer_tables_or_filters,
        title="Table",
        description="The table that takes every lead of the list, whatever the filters say; or "
        "the filters decide.",
    )
    headers: dict[Line, Annotated[str, Field(json_schema_extra={"enum": list(LEAD_FIELDS)})]] = (
        Field(
            default={},
            title="Mapping hints",
            description="Which lead field an unusual column header means: "
            '{"Badge name": "full_name"}.',
        )
    )
    industry: Line | None = Field(
        default=None,
        json_schema_extra=leave_empty,
        title="Default industry",
        description="Used where the list has none.",
    )
    source: Line = Field(
        default="event", title="Default source", description="Used where the list has none."
    )
    priority: Priority = Field(
        default=Priority.LOW, title="Priority", description="Who goes first at the shared rate."
    )

    def request(self) -> LoadRequest:
        """Ask the core for it."""
        defaults = {"event_name": self.event, "source": self.source}
        if self.industry is not None:
            defaults["industry"] = self.industry
        only_table = None if self.table == FILTERS_DECIDE else self.table
        hints = Hints(headers=self.headers, defaults=defaults, only_table=only_table)
        return LoadRequest((self.file,), self.event, priority=self.priority, hints=hints)

    @property
    def label(self) -> str:
        """Name the run: `backfill saas-summit · attendees.csv`."""
        return f"backfill {self.event} · {Path(self.file).name}"
