from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import polars as pl
import pytest

from clayload.errors import ContractError
from clayload.frames.contract import LEAD_CONTRACT, check_leads
from clayload.lead_schema import LEAD_SCHEMA

SCHEMA = {"row_number": pl.UInt32(), "route": pl.Int16(), "lead_key": pl.String(), **LEAD_SCHEMA}
GOOD = {"row_number": 1, "route": 0, "lead_key": "a@a.example", "email": "a@a.example"}


def frame(**changes: object) -> pl.LazyFrame:
    return pl.LazyFrame([dict.fromkeys(SCHEMA) | GOOD | changes], schema=SCHEMA)


def test_the_contract_is_the_leads_fields() -> None:
    assert set(LEAD_CONTRACT.columns) == set(SCHEMA)


def test_a_good_lead_passes() -> None:
    check_leads(frame(employee_count=5, created_at=datetime(2026, 11, 3, tzinfo=UTC)))


@pytest.mark.parametrize(
    "broken",
    [
        {"email": "nobody"},
        {"domain": "https://a.example"},
        {"employee_count": -1},
        {"created_at": datetime(1970, 1, 1, tzinfo=UTC)},
        {"lead_key": "A@A.example"},
        {"lead_key": None},
        {"route": -1},
    ],
)
def test_a_lazy_frame_is_checked_by_its_data_not_only_its_schema(broken: dict[str, object]) -> None:
    with pytest.raises(ContractError) as caught:
        check_leads(frame(**broken))
    assert next(iter(broken)) in caught.value.message
    assert "a.example" not in str(caught.value).lower()


@pytest.mark.parametrize("change", [lambda f: f.drop("notes"), lambda f: f.with_columns(x=1)])
def test_a_missing_or_undeclared_column_breaks_the_contract(
    change: Callable[[pl.LazyFrame], pl.LazyFrame],
) -> None:
    with pytest.raises(ContractError):
        check_leads(change(frame()))
