"""Is a row that was set aside found by its key, and by nothing else it holds?"""

from __future__ import annotations

from pathlib import Path

from clayload.frames.find_set_aside import KeyReader, SetAside, find_set_aside
from clayload.model import RowEnd
from clayload.tables.headers import HeaderAliases

KEYS = KeyReader.of(
    HeaderAliases({"mail": "email", "firm": "company", "id": "lead_id", "clayloadmail": "email"}),
    [("email",), ("company", "lead_id")],
)
OUR_PREFIX = "clayload_line,clayload_file,clayload_reasons,clayload_hint"
ROWS = f"""\ufeffMail,Mail (2),Firm,Id,Referred by,{OUR_PREFIX}
,ANA@example.com ,Firm,7,,2,a.csv,email_shape,Fix it
bo@example.com,,"Firm, Ltd",8,ana@example.com,3,a.csv,email_shape,Fix it
"""


def _find(folder: Path, lead: str) -> list[str]:
    (folder / "quarantine.csv").write_text(ROWS, "utf-8")
    return [one.line for one in find_set_aside(folder, KEYS, KEYS.read(lead))]


def test_an_address_is_found_in_any_of_its_columns_but_not_where_it_means_another(
    tmp_path: Path,
) -> None:
    assert _find(tmp_path, "<Ana@Example.com>") == ["2"]
    assert _find(tmp_path, "bo@example.com") == ["3"]


def test_an_address_is_found_in_a_column_of_theirs_that_begins_as_ours_do(tmp_path: Path) -> None:
    text = f"clayload_mail,{OUR_PREFIX}\nana@example.com,2,a.csv,email_shape,Fix it\n"
    (tmp_path / "quarantine.csv").write_text(text, "utf-8")
    assert len(find_set_aside(tmp_path, KEYS, KEYS.read("ana@example.com"))) == 1


def test_a_key_of_several_fields_is_found_whole(tmp_path: Path) -> None:
    assert _find(tmp_path, "firm, ltd|8") == ["3"]
    assert _find(tmp_path, "8") == []


def test_a_duplicate_is_found_even_if_its_key_looks_like_a_formula(tmp_path: Path) -> None:
    text = "file,line,row_number,lead_key,repeats_row_number\na.csv,9,8,'=x@example.com,3\n"
    (tmp_path / "duplicates.csv").write_text(text, "utf-8")
    assert find_set_aside(tmp_path, KEYS, KEYS.read("=x@example.com")) == [
        SetAside(RowEnd.DUPLICATE, "a.csv", "9", "it repeats row 3")
    ]


def test_a_suppressed_row_is_found_by_key_and_by_address(tmp_path: Path) -> None:
    text = (
        "file,line,row_number,table,lead_key,email,domain,suppressed_by\n"
        "a.csv,9,8,tech,firm|7,ana@example.com,example.com,opt-outs\n"
    )
    (tmp_path / "suppressed.csv").write_text(text, "utf-8")
    found = SetAside(RowEnd.SUPPRESSED, "a.csv", "9", "by opt-outs, of table tech")
    for lead in ("ANA@example.com", "firm|7"):
        assert find_set_aside(tmp_path, KEYS, KEYS.read(lead)) == [found]
    assert find_set_aside(tmp_path, KEYS, KEYS.read("example.com")) == []
