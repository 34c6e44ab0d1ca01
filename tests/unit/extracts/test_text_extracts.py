from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from clayload.extracts.open import Extract

ROWS = [("ana@a.example", "Zoë"), ("b@b.example", "naïve")]
TEXT = "email;name\nana@a.example;Zoë\nb@b.example;naïve\n"


def read(extract: Extract) -> pl.DataFrame:
    return extract.scan().collect(engine="streaming")


@pytest.mark.parametrize(
    ("encoding", "seen"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("cp1252", "cp1252"),
    ],
)
def test_every_encoding_gives_the_same_text(
    open_bytes: Callable[..., Extract], encoding: str, seen: str
) -> None:
    extract = open_bytes(TEXT.encode(encoding))
    assert read(extract).select("email", "name").rows() == ROWS
    assert extract.files[0].encoding == seen


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_even_where_fields_hold_others(
    open_bytes: Callable[..., Extract], delimiter: str
) -> None:
    lines = [
        delimiter.join(["email", "company", "notes"]),
        delimiter.join(["a@a.example", '"Reed, Stone; Co"', "x"]),
    ]
    extract = open_bytes("\n".join(lines).encode())
    assert extract.files[0].delimiter == delimiter
    assert read(extract)["company"].to_list() == ["Reed, Stone; Co"]


def test_a_tsv_with_one_column_is_still_read(open_bytes: Callable[..., Extract]) -> None:
    assert read(open_bytes(b"email\na@a.example\n", "leads.tsv"))["email"].to_list() == [
        "a@a.example"
    ]


def test_excels_sep_line_is_no_header(open_bytes: Callable[..., Extract]) -> None:
    extract = open_bytes(b"sep=;\r\nemail;n\r\na,b;2\r\n")
    assert read(extract).select("email", "n").rows() == [("a,b", "2")]
    assert extract.files[0].first_line == 3


def test_lone_carriage_returns_end_lines(open_bytes: Callable[..., Extract]) -> None:
    assert read(open_bytes(b"email\ra@a.example\rb@b.example\r")).height == 2


def test_every_value_stays_the_text_it_was(open_bytes: Callable[..., Extract]) -> None:
    frame = read(open_bytes(b'email,zip,n,flag\n" a@A.example ",00123,1e5,true\n'))
    assert frame.row(0) == (1, 0, " a@A.example ", "00123", "1e5", "true")
    assert frame.schema["zip"] == pl.String


def test_row_numbers_run_over_all_files(open_paths: Callable[..., Extract], tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("email,city\na@a.example,Oslo\nb@b.example,Rom\n")
    (tmp_path / "b.csv").write_text("Work Email,Country\nc@c.example,FR\n")
    extract = open_paths("a.csv", "b.csv")
    assert read(extract).select("row_number", "file_index", "email", "Work Email").rows() == [
        (1, 0, "a@a.example", None),
        (2, 0, "b@b.example", None),
        (3, 1, None, "c@c.example"),
    ]
    assert extract.columns_of["email"] == ("email", "Work Email")
    assert extract.merged == {}
    assert extract.n_rows == 3


def test_the_identity_is_the_content_not_the_name_or_order(
    open_paths: Callable[..., Extract], tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_text("email\na@a.example\n")
    (tmp_path / "b.csv").write_text("email\nb@b.example\n")
    (tmp_path / "c.csv").write_text("email\na@a.example\n")
    assert open_paths("a.csv").extract_id == open_paths("c.csv").extract_id
    assert open_paths("a.csv").extract_id != open_paths("b.csv").extract_id
    assert open_paths("a.csv", "b.csv").extract_id == open_paths("b.csv", "c.csv").extract_id


def test_a_pattern_names_its_files_in_order(
    open_paths: Callable[..., Extract], tmp_path: Path
) -> None:
    for name in ("2.csv", "1.csv", "notes.md"):
        (tmp_path / name).write_text("email\na@a.example\n")
    assert [file.name for file in open_paths("*.csv").files] == ["1.csv", "2.csv"]


def test_a_name_with_brackets_is_a_name(open_bytes: Callable[..., Extract]) -> None:
    assert open_bytes(b"email\na@a.example\n", "leads [1].csv").n_rows == 1


def test_newlines_inside_fields_are_known_of(open_bytes: Callable[..., Extract]) -> None:
    assert not open_bytes(b"email,notes\na@a.example,x\n").files[0].spans_lines
    assert open_bytes(b'email,notes\na@a.example,"x\ny"\nb@b.example,\n').files[0].spans_lines


def test_a_header_over_two_lines_moves_the_first_line(open_bytes: Callable[..., Extract]) -> None:
    extract = open_bytes(b'email,"my\nnotes"\na@a.example,x\n')
    assert extract.columns == ("email", "my\nnotes")
    assert extract.files[0].first_line == 3


def test_a_row_shorter_than_the_header_ends_in_nulls(open_bytes: Callable[..., Extract]) -> None:
    frame = read(open_bytes(b"email,a,b\nx@x.example\ny@y.example,1,2\n"))
    assert frame.row(0)[2:] == ("x@x.example", None, None)


def test_a_very_long_field_is_read_whole(open_bytes: Callable[..., Extract]) -> None:
    frame = read(open_bytes(b"email,notes\na@a.example," + b"x" * 200_000 + b"\n"))
    assert frame["notes"].str.len_bytes().item() == 200_000
