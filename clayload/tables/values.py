"""What may one value of a configuration be?

In:    a plain value read from YAML.
Out:   types that pydantic checks: names, counts, lead fields, references to secrets; and the base
       of the models they stand in.
Never: the value of a reference in a message; it may be a secret somebody wrote there.
"""

from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    WithJsonSchema,
)

from clayload.errors import Code, ConfigError
from clayload.model import LEAD_FIELDS
from clayload.tables.problems import Flaw, find_nearest, refuse
from clayload.tables.references import REFERENCE_PATTERN, secret_schemes, split_reference

SENDS_NOTHING = "sends nothing"
"""The context in which filters are taken as they are: nothing is chosen by them."""


class ConfigModel(BaseModel):
    """A part of a configuration file: it refuses unknown keys, and stays as it was read."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _check_reference(value: object) -> object:
    if isinstance(value, str) and split_reference(value) is None:
        scheme = value.partition(":")[0]
        hint = f"write env:NAME; known schemes: {', '.join(secret_schemes())}"
        what = "not a reference to a secret (the value is not shown here)"
        nearest = find_nearest(scheme, secret_schemes())
        raise refuse(Flaw(what, hint, nearest=nearest, code=Code.CONFIG_LITERAL_SECRET))
    return value


def _check_field(name: str) -> str:
    if name not in LEAD_FIELDS:
        hint = f"the fields of a lead: {', '.join(LEAD_FIELDS)}"
        nearest = find_nearest(name, LEAD_FIELDS)
        raise refuse(Flaw(f"unknown lead field '{name}'", hint, nearest=nearest))
    return name


def _check_filter(sql: str, info: ValidationInfo) -> str:
    if info.context == SENDS_NOTHING:
        return sql
    # Imported here: polars, which reads a filter, takes a third of a short command's time.
    from clayload.tables.filters import parse_filter  # noqa: PLC0415

    try:
        parse_filter(sql)
    except ConfigError as exc:
        # Pydantic collects only its own errors, and all mistakes are to be told at once.
        near = exc.facts["nearest"]
        raise refuse(Flaw(exc.message, exc.hint, nearest=near, code=exc.code)) from None
    return sql


def _check_time_zone(name: str) -> str:
    if not _is_time_zone(name):
        known = available_timezones()
        nearest = find_nearest(name, known)
        hint = "name it as in Europe/Berlin; `timedatectl list-timezones` has all"
        raise refuse(Flaw(f"unknown time zone '{name}'", hint, nearest=nearest))
    return name


def _is_time_zone(name: str) -> bool:
    try:
        # To list them all would be to look into six hundred files.
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _check_no_doubles(names: tuple[str, ...]) -> tuple[str, ...]:
    for i, name in enumerate(names):
        if name in names[:i]:
            what = f"'{name}' stands here twice"
            raise refuse(Flaw(what, "keep one of the two", at=(i,)))
    return names


# A reference is checked before its type, so that no message of pydantic's repeats the value.
SecretRef = Annotated[
    str,
    BeforeValidator(_check_reference),
    WithJsonSchema({"type": "string", "pattern": REFERENCE_PATTERN}),
]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=60)]
LeadField = Annotated[
    str,
    AfterValidator(_check_field),
    WithJsonSchema({"type": "string", "enum": list(LEAD_FIELDS)}),
]
# It is handed to Clay's command: never an option of it.
ClayId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", max_length=100)]
Step = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=60)]
# Strict: YAML's `yes` is not 1, and "20" is not 20.
Count = Annotated[int, Field(strict=True, gt=0)]
# At most far above any Clay plan, and in thousandths still a whole number for any database.
Amount = Annotated[float, Field(strict=True, ge=0, le=1_000_000_000, allow_inf_nan=False)]
Filter = Annotated[str, AfterValidator(_check_filter)]
TimeZone = Annotated[str, AfterValidator(_check_time_zone)]
Steps = Annotated[tuple[Step, ...], AfterValidator(_check_no_doubles)]
Names = Annotated[tuple[Name, ...], AfterValidator(_check_no_doubles)]
LeadFields = Annotated[tuple[LeadField, ...], AfterValidator(_check_no_doubles)]
