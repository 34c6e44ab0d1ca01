from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from clayload.errors import Code, UnreadableExtractError
from clayload.extracts.open import Extract


def read(extract: Extract) -> pl.DataFrame:
    frame = extract.scan().collect(engine="streaming")
    assert set(frame.drop("row_number", "file_index").dtypes) <= {pl.String}
    return frame


def test_parquet_values_become_the_text_a_person_would_write(
    open_paths: Callable[..., Extract], tmp_path: Path
) -> None:
    frame = pl.DataFrame(
        {
            "email": ["a@a.example"],
            "whole": [1200.0],
            "part": [1.5],
            "n": [7],
            "day": [dt.date(2026, 11, 3)],
            "at": [dt.datetime(2026, 11, 3, 10, 30)],  # noqa: DTZ001 -- a column without a zone
            "zoned": pl.Series([dt.datetime(2026, 11, 3, 9, tzinfo=dt.UTC)]).dt.convert_time_zone(
                "Europe/Berlin"
            ),
            "flag": [True],
            "tags": [["x", "y"]],
            "big": [2.0**60],
        }
    )
    frame.write_parquet(tmp_path / "leads.parquet")
    row = read(open_paths("leads.parquet")).row(0, named=True)
    assert row["whole"] == "1200"
    assert row["part"] == "1.5"
    assert row["n"] == "7"
    assert row["day"] == "2026-11-03"
    assert row["at"].startswith("2026-11-03T10:30:00")
    assert row["zoned"].startswith("2026-11-03T09:00:00")
    assert row["zoned"].endswith("Z")
    assert row["flag"] == "true"
    assert row["tags"] == '["x","y"]'
    assert float(row["big"]) == 2.0**60


def test_ndjson_keys_may_differ_from_line_to_line(open_bytes: Callable[..., Extract]) -> None:
    lines = [{"email": "a@a.example", "n": 1200}, {"email": "b@b.example", "n": "51-200", "x": [1]}]
    content = "\n".join(json.dumps(line) for line in lines).encode()
    frame = read(open_bytes(content, "leads.ndjson"))
    assert frame["n"].to_list() == ["1200", "51-200"]
    assert frame["x"].to_list() == [None, "[1]"]


def test_a_workbooks_numbers_dates_and_rows_are_kept(
    open_paths: Callable[..., Extract], tmp_path: Path
) -> None:
    with xlsxwriter.Workbook(
        tmp_path / "leads.xlsx", {"default_date_format": "yyyy-mm-dd"}
    ) as book:
        sheet = book.add_worksheet("Leads")
        sheet.write_row(0, 0, ["Email", "# Employees", "Created", "Email"])
        sheet.write_row(1, 0, ["a@a.example", 1200.0, None, "b@b.example"])
        sheet.write_datetime(1, 2, dt.datetime(2026, 11, 3))  # noqa: DTZ001 -- a cell has no zone
        sheet.write_row(3, 0, ["c@c.example", "51-200"])
        book.add_worksheet("Notes").write(0, 0, "x")
    extract = open_paths("leads.xlsx")
    frame = read(extract)
    assert frame["# Employees"].to_list() == ["1200", None, "51-200"]
    assert frame["Created"][0].startswith("2026-11-03")
    assert frame["Email (2)"][0] == "b@b.example"
    assert extract.files[0].first_line == 2
    assert extract.unread == ("leads.xlsx: sheet 'Notes'",)


def test_the_sample_workbook_reads(open_paths: Callable[..., Extract], tmp_path: Path) -> None:
    sample = Path(__file__).parents[3] / "samples" / "leads-quirks.xlsx"
    (tmp_path / "quirks.xlsx").write_bytes(sample.read_bytes())
    assert read(open_paths("quirks.xlsx"))["# Employees"].to_list()[:3] == ["1200", "51-200", "350"]


@pytest.mark.parametrize("name", ["x.parquet", "x.xlsx", "x.ndjson"])
def test_text_under_a_typed_name_is_refused(open_bytes: Callable[..., Extract], name: str) -> None:
    with pytest.raises(UnreadableExtractError) as caught:
        open_bytes(b"email,n\na@a.example,1\n", name)
    assert caught.value.code is Code.EXTRACT_UNREADABLE
    assert name in caught.value.message


@pytest.mark.parametrize("name", ["x.parquet", "x.xlsx"])
def test_a_typed_file_without_rows_is_empty(
    open_paths: Callable[..., Extract], tmp_path: Path, name: str
) -> None:
    if name.endswith("parquet"):
        pl.DataFrame({"email": []}, schema={"email": pl.String}).write_parquet(tmp_path / name)
    else:
        with xlsxwriter.Workbook(tmp_path / name) as book:
            book.add_worksheet().write(0, 0, "Email")
    with pytest.raises(UnreadableExtractError) as caught:
        open_paths(name)
    assert caught.value.code is Code.EXTRACT_EMPTY
