from __future__ import annotations

import gzip
import random
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from clayload.errors import Code, ExitCode, RunError, UnreadableExtractError
from clayload.extracts.open import Extract


def refuse(open_it: Callable[..., object], *args: object) -> UnreadableExtractError:
    with pytest.raises(UnreadableExtractError) as caught:
        open_it(*args)
    assert caught.value.exit_code is ExitCode.EXTRACT
    assert caught.value.hint
    assert "\n" not in str(caught.value)
    return caught.value


def read_after_mending(extract: Extract) -> tuple[Extract, pl.DataFrame]:
    """Read as the frames do: when polars refuses, have the extract fixed and read again."""
    with pytest.raises(pl.exceptions.PolarsError) as caught:
        extract.scan().collect(engine="streaming")
    fixed = extract.fixed(caught.value)
    return fixed, fixed.scan().collect(engine="streaming")


def test_a_missing_file_is_not_found(open_paths: Callable[..., Extract]) -> None:
    assert refuse(open_paths, "nothing.csv").code is Code.EXTRACT_NOT_FOUND


def test_a_pattern_without_files_is_not_found(open_paths: Callable[..., Extract]) -> None:
    assert refuse(open_paths, "*.csv").code is Code.EXTRACT_NOT_FOUND


def test_a_directory_is_not_an_extract(open_paths: Callable[..., Extract], tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    error = refuse(open_paths, "folder.csv")
    assert error.code is Code.EXTRACT_UNREADABLE
    assert "directory" in error.message


@pytest.mark.parametrize("content", [b"", b"email,n\n", b"email,n", b"\n\n\n"])
def test_no_bytes_or_no_rows_is_empty(open_bytes: Callable[..., Extract], content: bytes) -> None:
    assert refuse(open_bytes, content).code is Code.EXTRACT_EMPTY


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (gzip.compress(b"email\na@a.example\n"), "gzip"),
        (b"PK\x03\x04" + b"\0" * 40, "zip"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "PNG"),
        (random.Random(3).randbytes(5_000), "binary"),  # noqa: S311 -- noise, not a secret
    ],
    ids=["gzip", "zip", "PNG", "binary"],
)
def test_a_binary_file_named_csv_is_recognised(
    open_bytes: Callable[..., Extract], content: bytes, kind: str
) -> None:
    error = refuse(open_bytes, content)
    assert error.code is Code.EXTRACT_UNREADABLE
    assert kind in error.message


def test_an_unknown_suffix_names_the_known_ones(open_bytes: Callable[..., Extract]) -> None:
    assert ".parquet" in refuse(open_bytes, b"x", "leads.docx").hint


def test_a_nul_byte_alone_makes_no_binary_file(open_bytes: Callable[..., Extract]) -> None:
    assert open_bytes(b"email,n\na@a.example,x\0y\n").files[0].may_hold_nul


def test_a_row_with_too_many_fields_is_named_with_line_and_value(
    open_bytes: Callable[..., Extract],
) -> None:
    content = b'email,notes\na@a.example,"x\ny"\nb@b.example,2,surplus\n'
    error = refuse(read_after_mending, open_bytes(content))
    assert error.facts["line"] == 4
    assert error.facts["value"] == "surplus"
    assert error.facts["file"] == "leads.csv"


def test_an_unclosed_quote_is_named_by_the_line_that_opens_it(
    open_bytes: Callable[..., Extract],
) -> None:
    error = refuse(read_after_mending, open_bytes(b'email,n\na@a.example,1\nb@b.example,"2\nc,3\n'))
    assert error.facts["line"] == 3


def test_empty_cells_too_many_do_no_harm(open_bytes: Callable[..., Extract]) -> None:
    _, frame = read_after_mending(open_bytes(b"email,n\na@a.example,1,,\nb@b.example,2\n"))
    assert frame["n"].to_list() == ["1", "2"]


def test_a_stray_quote_is_text(open_bytes: Callable[..., Extract]) -> None:
    content = b'email,n\na@a.example,5" pipe\nb@b.example,"two\nlines"\nc@c.example,3\n'
    fixed, frame = read_after_mending(open_bytes(content))
    assert frame["n"].to_list() == ['5" pipe', "two\nlines", "3"]
    assert fixed.n_rows == 3
    assert fixed.files[0].spans_lines


def test_an_encoding_that_shows_late_is_found(open_bytes: Callable[..., Extract]) -> None:
    content = b"email,n\n" + b"a@a.example,1\n" * 90_000 + "z@z.example,é\n".encode("cp1252")
    fixed, frame = read_after_mending(open_bytes(content))
    assert fixed.files[0].encoding == "cp1252"
    assert frame["n"][-1] == "é"


def test_mixed_encodings_are_refused_with_the_line(open_bytes: Callable[..., Extract]) -> None:
    content = "email,n\na@a.example,é\n".encode() + "b@b.example,é\n".encode("cp1252")
    assert refuse(open_bytes, content).facts["line"] == 3


def test_what_cannot_be_mended_is_refused_with_the_reason(
    open_bytes: Callable[..., Extract],
) -> None:
    extract = open_bytes(b"email,n\na@a.example,1\n")
    extract.files[0].path.unlink()
    assert "gone" in refuse(extract.fixed, FileNotFoundError("gone")).message


def test_a_work_folder_that_is_a_file_is_a_run_error(
    open_bytes: Callable[..., Extract], tmp_path: Path
) -> None:
    (tmp_path / "work").write_text("in the way")
    with pytest.raises(RunError) as caught:
        open_bytes("email\nzoë@a.example\n".encode("utf-16"))
    assert caught.value.code is Code.RUN_FOLDER_UNUSABLE
