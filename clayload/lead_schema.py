"""Of which type is each field of a lead in a frame?

In:    the fields' names.
Out:   the lead contract: every field and its type.
Never: an import where only names are wanted: frames take long to import (benchmarks/start.py).
"""

from __future__ import annotations

import polars as pl

from clayload.model import LEAD_FIELDS

_NO_TEXTS: dict[str, pl.DataType] = {
    "employee_count": pl.Int64(),
    "created_at": pl.Datetime("us", "UTC"),
}

LEAD_SCHEMA: dict[str, pl.DataType] = {
    field: _NO_TEXTS.get(field, pl.String()) for field in LEAD_FIELDS
}
"""The lead contract: every field a filter, a key or an allow-list may name, and its type."""
