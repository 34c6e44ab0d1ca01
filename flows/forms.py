"""What does a field of a form look like, in the Prefect UI and to those who check it?

In:    the JSON Schema that pydantic makes of a field; the configured tables.
Out:   the base of all orders, and types for their fields, each a plain field in the form.
Never: a choice of types where one will do: Prefect's form would ask a person which of them.
"""

import os
from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from clayload.errors import ConfigError
from clayload.loading.planning.saved_plan import PLAN_ID
from clayload.model import Priority
from clayload.setup import read_setup

_NO_LINE_BREAK = r"^[^\r\n]+$"


class Order(BaseModel):
    """What one form asks for; it refuses fields that the form does not have."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def leave_empty(schema: dict[str, Any]) -> None:
    """Let a form show a plain field, which may be left empty, in place of a choice of types."""
    schema.pop("default", None)
    (given,) = (choice for choice in schema.pop("anyOf") if choice.get("type") != "null")
    schema |= given


def _offer(schema: dict[str, Any], choices: Iterable[str]) -> None:
    """Let a form show choices; none need be taken."""
    leave_empty(schema)
    schema.pop("$ref", None)
    # The form leaves out what is no text; a caller may send what is the model's own default.
    schema |= {"type": "string", "enum": [*choices, None]}


def offer_priorities(schema: dict[str, Any]) -> None:
    """Offer the priorities; none need be taken."""
    _offer(schema, Priority)


def _offer_tables(schema: dict[str, Any]) -> None:
    """Offer the configured tables; without a readable configuration any name may be typed."""
    try:
        _offer(schema, read_setup(os.environ).config.tables)
    except ConfigError:
        leave_empty(schema)


def offer_tables_or_filters(schema: dict[str, Any]) -> None:
    """Offer the configured tables, and that the filters decide."""
    default = schema.pop("default")
    try:
        schema["enum"] = [*read_setup(os.environ).config.tables, FILTERS_DECIDE]
    except ConfigError:
        return
    if default in schema["enum"]:
        schema["default"] = default


def describe_volumes(schema: dict[str, Any]) -> None:
    """Let a form show how many leads a month are configured, where there is a configuration."""
    leave_empty(schema)
    try:
        tables = read_setup(os.environ).config.tables.values()
    except ConfigError:
        return
    n_leads = sum(table.volume_per_month for table in tables)
    schema["description"] += f" They are {n_leads:,} now."


FILTERS_DECIDE = "the filters decide"
"""What is chosen in place of a table; no table can have this name."""

Line = Annotated[str, Field(min_length=1, pattern=_NO_LINE_BREAK)]
# An address with credentials would be kept with the run; the core refuses it, too, but only then.
NO_SECRET = {"not": {"pattern": "^s3://([^/]*@|(?!arn:)[^/]*:)"}}
File = Annotated[str, Field(min_length=1, pattern=_NO_LINE_BREAK, json_schema_extra={**NO_SECRET})]
Month = Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]
RunId = Annotated[str, Field(pattern=r"^\d{8}T\d{6}Z-[0-9a-f]{6}$")]
PlanId = Annotated[str, Field(pattern=PLAN_ID)]
TableName = Annotated[str | None, Field(title="Table", json_schema_extra=_offer_tables)]
Workers = Annotated[int, Field(title="Workers", ge=1, le=20)]
WORKERS = (
    "Above 1, this many more flow runs share the load, each on a worker with room for it; together "
    "they keep to the one rate."
)
