"""What is an accepted lead, whatever the code before it did?

In:    the staged leads: `row_number`, `route`, `lead_key` and every field of `LEAD_SCHEMA`.
Out:   the same frame, checked by pandera: its schema and its data, whole.
Never: a cast or a repair; a lead that breaks the contract here is a defect of ours, and stops the
       load before anything is sent.

pandera looks only at the schema of a LazyFrame unless told otherwise, so the depth is set here.
On a scanned Parquet file each check then reads the one column it needs: 1M leads cost a few tenths
of a second and no more memory than one column (measured.md, "Data path").
"""

from __future__ import annotations

from collections.abc import Callable

import pandera.polars as pa
import polars as pl
from pandera.api.polars.types import PolarsData
from pandera.config import ValidationDepth, config_context

from clayload.errors import Code, ContractError
from clayload.frames.mail import is_mail
from clayload.frames.route import ROUTE
from clayload.frames.text import EARLIEST, LATEST, MAX_EMPLOYEES
from clayload.lead_schema import LEAD_SCHEMA


def _check(name: str, holds: Callable[[pl.Expr], pl.Expr]) -> pa.Check:
    def check(data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(holds(pl.col(data.key)))

    return pa.Check(check, name=name)


_CHECKS = {
    "email": _check("well-formed", is_mail),
    "domain": _check("bare domain", lambda column: ~column.str.contains(r"[\s/@:A-Z]")),
    "employee_count": _check("0 to 10 million", lambda column: column.is_between(0, MAX_EMPLOYEES)),
    "created_at": _check("1990 to 2100", lambda column: column.is_between(EARLIEST, LATEST)),
}

LEAD_CONTRACT = pa.DataFrameSchema(
    {
        "row_number": pa.Column(pl.UInt32, nullable=False),
        "route": pa.Column(ROUTE, pa.Check.ge(0), nullable=False),
        "lead_key": pa.Column(
            pl.String,
            _check("lower-case", lambda key: (key == key.str.to_lowercase()) & (key != "")),
            nullable=False,
        ),
        **{
            field: pa.Column(dtype, _CHECKS.get(field), nullable=True)
            for field, dtype in LEAD_SCHEMA.items()
        },
    },
    strict=True,
    name="lead",
)
"""The lead contract; `strict`, so that nothing travels along that nobody declared."""


def check_leads(leads: pl.LazyFrame) -> None:
    """Check the whole frame, schema and data.

    Raises:
        ContractError: with the first broken check and value counts, never a lead's data.
    """
    try:
        with config_context(validation_depth=ValidationDepth.SCHEMA_AND_DATA):
            LEAD_CONTRACT.validate(leads, lazy=True)
    except pa.errors.SchemaErrors as exc:
        first = exc.schema_errors[0]
        column = getattr(first.schema, "name", None)
        raise ContractError(
            Code.EXTRACT_UNREADABLE,
            f"leads break the contract at '{column}' ({first.check})",
            hint="this is a defect of clayload, not of the extract: report it with the extract's "
            "header line",
            column=str(column),
        ) from None
