"""Which lead set aside does a row that comes back stand for, and which run does it name?"""

from __future__ import annotations

from pathlib import Path

import pytest

from clayload.extracts.open import open_extract
from clayload.frames.returned import Returned, find_added, is_export, read_runs
from clayload.tables.headers import HeaderAliases

HEADER = "email,clayload_run,clayload_line,clayload_file\n"


def come_back(folder: Path, text: str) -> Returned:
    path = folder / "fixed.csv"
    path.write_text(text, newline="")
    return Returned(open_extract([path], HeaderAliases({"email": "email"}), folder / "run"))


def test_a_row_stands_for_the_first_naming_of_its_line_and_the_others_were_added(
    tmp_path: Path,
) -> None:
    text = HEADER + "a,r,2,x.csv\nb,r,3,x.csv\ncopy,r,2,x.csv\nhand,,,\nc,r,2,y.csv\nd,r,4,\n"
    assert find_added(come_back(tmp_path, text), tmp_path / "gone") == ((3, 4), (6, 6))


def test_a_line_that_the_run_did_not_set_aside_was_added(tmp_path: Path) -> None:
    (tmp_path / "quarantine.csv").write_text("clayload_line,clayload_file\n2,x.csv\n")
    (tmp_path / "unrouted.csv").write_text("clayload_line,clayload_file\n7,x.csv\n")
    text = HEADER + "a,r,2,x.csv\nb,r,5,x.csv\nc,r,7,x.csv\n"
    assert find_added(come_back(tmp_path, text), tmp_path) == ((2, 2),)


def test_without_our_columns_every_row_was_added(tmp_path: Path) -> None:
    returned = come_back(tmp_path, "email\na\nb\nc\n")
    assert not is_export(returned)
    assert find_added(returned, tmp_path) == ((1, 3),)
    assert read_runs(returned) == ()


def test_the_runs_named_are_read_in_order_and_rows_by_hand_name_none(tmp_path: Path) -> None:
    text = HEADER + "a,run-2,2,x.csv\nb,,,\nc, run-1 ,3,x.csv\nd,run-2,4,x.csv\n"
    assert read_runs(come_back(tmp_path, text)) == ("run-2", "run-1")


def test_a_file_that_a_spreadsheet_left_ragged_is_mended_first(tmp_path: Path) -> None:
    text = HEADER + 'a,r,2,x.csv,,\n5" pipe,r,3,x.csv\n'
    returned = come_back(tmp_path, text)
    assert read_runs(returned) == ("r",)
    assert find_added(returned, tmp_path / "gone") == ()


def test_our_columns_are_not_among_the_unmapped_and_names_lose_their_apostrophe(
    tmp_path: Path,
) -> None:
    text = "'=Sum,email,clayload_run,clayload_hint,clayload_id\n'+1,a,r,x,7\n"
    returned = come_back(tmp_path, text)
    assert returned.unmapped == ("=Sum", "clayload_id")
    assert returned.scan().collect().row(0, named=True)["=Sum"] == "+1"


@pytest.mark.parametrize("header", ["=a,'=a", "'=a,=a"])
def test_two_names_that_would_become_one_are_kept(tmp_path: Path, header: str) -> None:
    returned = come_back(tmp_path, f"{header},clayload_run\n1,2,r\n")
    assert ",".join(returned.columns[:2]) == header
