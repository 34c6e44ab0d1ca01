"""What may differ from machine to machine?

In:    the environment's `CLAYLOAD_…` variables.
Out:   one frozen `Settings`.
Never: a secret; a password has no place in `CLAYLOAD_LEDGER_URL`.

The environment is an argument, so this is a plain pydantic model: a `BaseSettings` would read
`os.environ` behind its caller's back.
"""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import quote, urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from clayload.errors import Code, ConfigError
from clayload.objects import SCHEME, check_address, is_pattern, is_remote
from clayload.tables.problems import (
    FLAWS,
    Flaw,
    describe_value,
    find_nearest,
    merge_problems,
    refuse,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic_core import ErrorDetails

PREFIX = "CLAYLOAD_"

# Connection options, whatever the driver; a conninfo may hold all the others.
_MAY_BE_SECRET = re.compile("password|passwd|secret|conninfo", re.IGNORECASE)


def _check_no_password(url: str) -> str:
    # Imported here: few set the variable, and every command would pay for it.
    from sqlalchemy import make_url  # noqa: PLC0415
    from sqlalchemy.exc import ArgumentError  # noqa: PLC0415

    try:
        # As the ledger reads it: in a password `/`, `?` and `#` may stand as they are.
        parts = make_url(url)
    except (ArgumentError, ValueError):
        return url  # opening the ledger refuses it, and does not repeat it
    if parts.password is not None or any(map(_MAY_BE_SECRET.search, parts.query)):
        hint = "take it out; Postgres reads it from PGPASSWORD or the file PGPASSFILE names"
        code = Code.CONFIG_LITERAL_SECRET
        raise refuse(Flaw("holds a password (not shown)", hint, code=code))
    return url


def _check_page_address(url: str) -> str:
    parts = urlsplit(url)
    if parts.username is not None:
        # It stands in every artifact, for all who see the orchestrator.
        flaw = Flaw(
            "holds a user's name (not shown)", "take it out", code=Code.CONFIG_LITERAL_SECRET
        )
        raise refuse(flaw)
    is_plain = not (parts.query or parts.fragment or set(url) & set(" <>\t\n"))
    if parts.scheme not in ("http", "https") or not parts.netloc or not is_plain:
        raise refuse(Flaw("is no address", "write it as in https://reports.example.com/runs"))
    return url.rstrip("/")


def _check_storage_address(url: str) -> str:
    if not is_remote(url) or is_pattern(url) or not url.removeprefix(SCHEME).strip("/"):
        raise refuse(Flaw("is no address", f"write it as in {SCHEME}bucket/clayload/runs"))
    try:
        check_address(url)
    except ConfigError as error:
        flaw = Flaw("holds credentials (not shown)", error.hint, code=error.code)
        raise refuse(flaw) from None
    return url.rstrip("/")


def _check_scheduler_address(url: str) -> str:
    parts = urlsplit(url)
    if "@" in parts.netloc:
        flaw = Flaw(
            "holds credentials (not shown)", "take them out", code=Code.CONFIG_LITERAL_SECRET
        )
        raise refuse(flaw)
    if parts.scheme not in ("tcp", "tls") or not parts.netloc:
        raise refuse(Flaw("is no address", "write it as in tls://scheduler.example.com:8786"))
    return url


def _check_block(name: str) -> str:
    # As Prefect names them; the address of a webhook, which is a secret, is no such name.
    if not re.fullmatch(r"[a-z0-9-]+/[a-z0-9-]+", name):
        raise refuse(Flaw("names no block", "write it as in slack-webhook/alerts"))
    return name


def _ledger_in_home(settings: dict[str, Any]) -> str:
    if "home" not in settings:
        return ""
    # SQLAlchemy reads a URL's path as quoted.
    return f"sqlite:///{quote(str(settings['home'] / 'ledger.db'))}"


class Settings(BaseModel):
    """What may differ from machine to machine; each is the variable CLAYLOAD_ and its name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    config: Path = Field(
        default=Path("config/tables.yaml"),
        description="The file that says which tables there are; headers.yaml and clay.yaml lie "
        "beside it.",
    )
    home: Path = Field(
        default=Path(".clayload"), description="The folder of the run folders and the ledger."
    )
    ledger_url: Annotated[str, AfterValidator(_check_no_password)] = Field(
        default_factory=_ledger_in_home,
        min_length=1,
        description="The ledger's SQLAlchemy URL, without a password; ledger.db in home unless "
        "set.",
    )
    chunk_rows: int = Field(
        default=100, ge=1, le=100_000, description="Leads in a chunk; grown as max_chunks asks."
    )
    max_chunks: int = Field(
        default=300, ge=1, le=5_000, description="Chunks a load is cut into at most."
    )
    chunks_at_once: int = Field(
        default=4, ge=1, le=100, description="Chunks delivered at the same time."
    )
    task_runner: Literal["threads", "dask"] = Field(
        default="threads",
        description="What runs the chunks of a flow: threads of its own process, or the worker "
        "processes of a Dask cluster.",
    )
    dask_address: Annotated[str, AfterValidator(_check_scheduler_address)] | None = Field(
        default=None,
        description="The address of the Dask cluster's scheduler; a cluster on this machine for "
        "the time of the load unless set.",
    )
    request_timeout_s: float = Field(
        default=30.0,
        gt=0,
        le=600,
        allow_inf_nan=False,
        description="Seconds to wait for Clay's answer before a lead is in doubt.",
    )
    requests_per_chunk: int = Field(
        default=10,
        ge=1,
        le=10,
        description="Submissions under way at once in a chunk; more made the client slower.",
    )
    runs_url: Annotated[str, AfterValidator(_check_storage_address)] | None = Field(
        default=None,
        description="The address on object storage under which runs keep their files, for all "
        "machines; runs in home unless set.",
    )
    reports_url: Annotated[str, AfterValidator(_check_page_address)] | None = Field(
        default=None,
        description="The address under which the runs' folders are served, for links to reports.",
    )
    notify: Annotated[str, AfterValidator(_check_block)] | None = Field(
        default=None,
        description="Prefect's notification block that alerts go to, as BLOCK-TYPE/NAME; nobody is "
        "notified unless set.",
    )


def read_settings(environ: "Mapping[str, str]") -> Settings:
    """The settings of this environment; an empty variable counts as not set.

    Raises:
        ConfigError: CONFIG_UNKNOWN_KEY for a variable that is none of ours, CONFIG_BAD_VALUE,
            or CONFIG_LITERAL_SECRET for a password; `facts` holds key, nearest and `problems`.
    """
    given = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in environ.items()
        if name.startswith(PREFIX) and value
    }
    try:
        return Settings.model_validate(given)
    except ValidationError as exc:
        errors = exc.errors(include_url=False)
        raise merge_problems([problem for e in errors for problem in _problems_of(e)]) from None


def _problems_of(error: "ErrorDetails") -> "Iterator[ConfigError]":
    variable = f"{PREFIX}{error['loc'][0]}".upper()
    if error["type"] == FLAWS:
        for flaw in error["ctx"]["flaws"]:
            yield _problem(flaw.code, variable, flaw.what, flaw.hint)
    elif error["type"] == "extra_forbidden":
        yield _unknown(variable)
    else:
        should = error["msg"].replace("Input should", "should")
        what = f"{should}, not {describe_value(error['input'])}"
        yield _problem(Code.CONFIG_BAD_VALUE, variable, what, "see docs/reference/config.md")


def _unknown(variable: str) -> ConfigError:
    known = [f"{PREFIX}{name}".upper() for name in Settings.model_fields]
    nearest = find_nearest(variable, known)
    near = f"; nearest: '{nearest}'" if nearest else ""
    hint = f"unset it; the settings are {', '.join(known)}"
    return _problem(Code.CONFIG_UNKNOWN_KEY, variable, f"is not a setting{near}", hint, nearest)


def _problem(
    code: Code, variable: str, what: str, hint: str, nearest: str | None = None
) -> ConfigError:
    message = f"{variable} {what}"
    return ConfigError(code, message, hint=hint, key=variable, nearest=nearest)
