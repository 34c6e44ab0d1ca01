"""Which headers mean which field, and what a wrong `headers.yaml` is told."""

from __future__ import annotations

import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clayload.errors import Code, ConfigError
from clayload.model import LEAD_FIELDS
from clayload.tables.headers import fold_header, read_headers

COMMITTED = Path(__file__).parents[3] / "config" / "headers.yaml"
ALIASES = read_headers(COMMITTED)


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("Email 1", "email"),
        ("Work Email", "email"),
        ("E-mail Address", "email"),
        ("Company Name for Emails", "company"),
        ("# Employees", "employee_count"),
        ("Person Linkedin Url", "linkedin_url"),
        ("Job Title", "title"),
        ("Account Name", "company"),
        ("Lead Source", "source"),
        ("State/Region", "state"),
        ("Company Domain Name", "domain"),
        ("  FIRST\tname ", "first_name"),
        ("\ufeffEmail", "email"),
        ("Ｅｍａｉｌ", "email"),  # noqa: RUF001  full-width letters are what is tested
    ],
)
def test_the_committed_file_knows_what_common_tools_export(header: str, field: str) -> None:
    assert ALIASES.field_for(header) == field


@pytest.mark.parametrize(
    "header",
    ["", "###", "Company Linkedin Url", "Company City", "Company Phone", "Email Status", "emial"],
)
def test_a_header_is_never_guessed(header: str) -> None:
    assert ALIASES.field_for(header) is None


def test_every_field_has_synonyms_in_the_committed_file() -> None:
    assert set(ALIASES.field_of.values()) == set(LEAD_FIELDS)
    lines = COMMITTED.read_text("utf-8").splitlines()
    assert {line.rstrip(":") for line in lines if line[:1].isalpha()} == set(LEAD_FIELDS)


@given(
    st.sampled_from(sorted(ALIASES.field_of)),
    st.lists(st.sampled_from(" _-./#'\"()\t:" + string.punctuation), min_size=30, max_size=30),
    st.data(),
)
def test_case_spaces_and_punctuation_make_no_difference(
    known: str, fillers: list[str], data: st.DataObject
) -> None:
    written = "".join(
        filler + (letter.upper() if data.draw(st.booleans()) else letter)
        for letter, filler in zip(known, fillers * 3, strict=False)
    )
    assert ALIASES.field_for(written) == ALIASES.field_of[known]


@given(st.text())
def test_folding_twice_is_folding_once(header: str) -> None:
    assert fold_header(fold_header(header)) == fold_header(header)


def test_without_a_file_only_the_fields_own_names_are_known(tmp_path: Path) -> None:
    aliases = read_headers(tmp_path / "headers.yaml")
    assert aliases.field_for("Employee Count") == "employee_count"
    assert aliases.field_for("# Employees") is None


@pytest.mark.parametrize(
    ("text", "line", "key", "words"),
    [
        ("email: [Mail]\nphone: [Tel, MAIL]\n", 2, "phone[1]", "'MAIL' means email already"),
        ("email:\n  - Title\n", 2, "email[0]", "'Title' means title already"),
        ("email:\n  - Mail\nemial:\n  - x\n", 3, "emial", "unknown lead field 'emial'"),
        ("email: Mail\n", 1, "email", "must be a list, not 'Mail'"),
        ("email: [Mail]\nemail: [x]\n", 2, "email", "stands here already on line 1"),
        ("email: ['###']\n", 1, "email[0]", "has no letter or digit"),
        ("email:\n  # Employees\n  - 5\n", 3, "email[0]", "must be text, not 5"),
    ],
)
def test_a_mistake_is_told_by_file_line_and_key(
    tmp_path: Path, text: str, line: int, key: str, words: str
) -> None:
    path = tmp_path / "headers.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as caught:
        read_headers(path)
    assert caught.value.code == Code.CONFIG_BAD_VALUE
    assert caught.value.message.startswith(f"{path}:{line} {key}: ")
    assert words in caught.value.message


def test_an_empty_file_is_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "headers.yaml"
    path.touch()
    with pytest.raises(ConfigError, match="is empty"):
        read_headers(path)
