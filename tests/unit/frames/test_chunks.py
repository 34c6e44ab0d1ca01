from __future__ import annotations

import itertools
from collections.abc import Sequence
from math import ceil
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clayload.errors import RunError
from clayload.frames.chunk import Staged, choose_chunk_size, plan_chunks, write_chunks
from clayload.frames.route import Route

ROUTES = [Route("a", "x", ("email",), ("email",)), Route("b", "y", ("email",), ("email",))]

routes_of_rows = st.lists(st.integers(0, 1), max_size=60)


def accept(routes: list[int]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "row_number": pl.int_range(1, len(routes) + 1, dtype=pl.UInt32, eager=True),
            "route": pl.Series(routes, dtype=pl.Int16),
            "lead_key": [f"lead{n}@a.example" for n in range(len(routes))],
        }
    )


@given(st.lists(st.integers(0, 100_000), max_size=6), st.integers(1, 500), st.integers(1, 300))
def test_a_load_never_has_too_many_chunks_nor_smaller_ones_than_it_must(
    n_leads: list[int], rows: int, most: int
) -> None:
    size = choose_chunk_size(n_leads, rows, most)
    n_tables = sum(n > 0 for n in n_leads)

    def count(size: int) -> int:
        return sum(ceil(n / size) for n in n_leads)

    assert count(size) <= max(most, n_tables)
    assert size == rows or (size > rows and count(size - 1) > max(most, n_tables))


@given(routes_of_rows, st.integers(1, 20))
def test_chunks_partition_the_accepted_leads(routes: list[int], size: int) -> None:
    plans = plan_chunks(accept(routes), ROUTES, size, "extract")
    assert sum(plan.n_leads for plan in plans) == len(routes)
    assert len({plan.chunk_id for plan in plans}) == len(plans)
    for position in (0, 1):
        mine = [plan for plan in plans if plan.route == position]
        assert sum(plan.n_leads for plan in mine) == routes.count(position)
        assert all(plan.n_leads == size for plan in mine[:-1])
        assert all(a.last_row < b.first_row for a, b in itertools.pairwise(mine))


@given(routes_of_rows.filter(bool), st.integers(1, 20))
def test_chunk_ids_depend_on_content_only(routes: list[int], size: int) -> None:
    ids = [plan.chunk_id for plan in plan_chunks(accept(routes), ROUTES, size, "extract")]
    assert ids == [plan.chunk_id for plan in plan_chunks(accept(routes), ROUTES, size, "extract")]
    others = plan_chunks(accept(routes), ROUTES, size, "another")
    assert not set(ids) & {plan.chunk_id for plan in others}


def test_a_chunk_id_tells_table_and_position() -> None:
    plans = plan_chunks(accept([0, 0, 0, 1]), ROUTES, 2, "extract")
    assert [plan.chunk_id.rsplit("-", 1)[0] for plan in plans] == ["a-0001", "a-0002", "b-0001"]


def stage(leads: pl.DataFrame, path: Path, skip: Sequence[int] = ()) -> Staged:
    leads.with_columns(email="lead_key").write_parquet(path)
    return Staged(path, pl.Series(skip, dtype=pl.UInt32))


def test_written_chunks_hold_the_leads_in_order(tmp_path: Path) -> None:
    leads = accept([0, 1, 0, 0, 1, 0])
    plans = plan_chunks(leads.filter(pl.col("row_number") != 3), ROUTES, 2, "extract")
    paths = write_chunks(stage(leads, tmp_path / "s.parquet", [3]), plans, ROUTES, tmp_path / "run")
    frames = [pl.read_parquet(path) for path in paths]
    assert [frame["row_number"].to_list() for frame in frames] == [[1, 4], [6], [2, 5]]
    assert frames[0].columns == ["row_number", "lead_key", "email"]
    assert [path.parent.name for path in paths] == ["a", "a", "b"]


@pytest.mark.parametrize("skip", [[], [1], [6]])
def test_leads_other_than_the_planned_ones_stop_the_load(
    tmp_path: Path, skip: Sequence[int]
) -> None:
    leads = accept([0, 1, 0, 0, 1, 0])
    plans = plan_chunks(leads.filter(pl.col("row_number") != 3), ROUTES, 2, "extract")
    staged = stage(leads, tmp_path / "s.parquet", skip)
    with pytest.raises(RunError):
        write_chunks(staged, plans, ROUTES, tmp_path / "run")
