"""Whom a suppression list names, in every form it is delivered in; and what it is refused for."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clayload.errors import Code, ConfigError
from clayload.frames.listed import Listed, read_list
from clayload.tables.headers import HeaderAliases


def read(folder: Path, aliases: HeaderAliases, content: str | bytes) -> Listed:
    path = folder / "list.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_list(path, aliases)


def both(listed: Listed) -> tuple[list[str], list[str]]:
    return sorted(listed.emails), sorted(listed.domains)


def refusal(folder: Path, aliases: HeaderAliases, content: str | bytes) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        read(folder, aliases, content)
    assert caught.value.code is Code.SUPPRESSION_UNUSABLE
    return caught.value


@pytest.mark.parametrize(
    ("line", "email", "domain"),
    [
        ("ana@acme.example", "ana@acme.example", None),
        (" <Ana@ACME.example>; ", "ana@acme.example", None),
        ('"ana@acme.example",', "ana@acme.example", None),
        ("Ame\u0301lie@acme.example", "am\u00e9lie@acme.example", None),
        ("acme.example", None, "acme.example"),
        ("@Acme.example", None, "acme.example"),
        ("https://www.acme.example/about", None, "acme.example"),
        ("eu.acme.example.", None, "eu.acme.example"),
        ("domain.name", None, "domain.name"),
        ("m\u00fcller.example", None, "m\u00fcller.example"),
    ],
)
def test_an_entry_is_cleaned_as_a_lead_is(
    tmp_path: Path, aliases: HeaderAliases, line: str, email: str | None, domain: str | None
) -> None:
    expected = ([email] if email else [], [domain] if domain else [])
    assert both(read(tmp_path, aliases, line)) == expected


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_empty_lines_and_notes_mean_nobody_and_an_entry_counts_once(
    tmp_path: Path, aliases: HeaderAliases, newline: str
) -> None:
    lines = [
        "\ufeff# customers",
        "",
        "ana@acme.example",
        "  # more",
        "ANA@acme.example",
        "b.example",
    ]
    listed = read(tmp_path, aliases, newline.join(lines))
    assert both(listed) == (["ana@acme.example"], ["b.example"])
    assert both(read(tmp_path, aliases, "")) == ([], [])


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_csv_is_read_by_the_headers_that_mean_email_or_domain(
    tmp_path: Path, aliases: HeaderAliases, delimiter: str
) -> None:
    rows = [
        ["Why", "Work Email", "Company Domain"],
        ["left", "ana@acme.example", ""],
        ['"said ""no""\n\ntwice, in March"', "", "b.example"],
        ["", "", ""],
        ["x", "bo@c.example", "www.c.example"],
        ["short", "di@d.example"],
    ]
    text = "# as of 2 November\n" + "\n".join(delimiter.join(row) for row in rows)
    emails = ["ana@acme.example", "bo@c.example", "di@d.example"]
    assert both(read(tmp_path, aliases, text)) == (emails, ["b.example", "c.example"])


@pytest.mark.parametrize(
    ("text", "line", "value"),
    [
        ("ana@acme.example\n\n# note\nAna Smith\n", 4, "'Ana Smith'"),
        ("ana..b@acme.example", 1, "'ana..b@acme.example'"),
        ("ana@bo@acme.example", 1, "'ana@bo@acme.example'"),
        ("a.example,b.example", 1, "'a.example,b.example'"),
        ("acme", 1, "'acme'"),
        ("*.acme.example", 1, "'*.acme.example'"),
        ("Name,Reason\n", 1, "'Name,Reason'"),
        ("Email,Why\nana@acme.example,x\nn/a,y\n", 3, "'n/a'"),
        ("Email,Why\nana@acme.example,x\n,y\n", 3, "''"),
        ('Email,Why\na@a.example,"two\nlines"\nnobody,y\n', 4, "'nobody'"),
    ],
)
def test_what_is_neither_is_refused_with_file_line_and_value(
    tmp_path: Path, aliases: HeaderAliases, text: str, line: int, value: str
) -> None:
    error = refusal(tmp_path, aliases, text)
    where = f"{tmp_path}/list.csv:{line} is neither an e-mail nor a domain: {value}"
    assert error.message == where
    assert "@acme.example" in error.hint


def test_a_webhooks_address_is_not_repeated_and_all_bad_lines_are_counted(
    tmp_path: Path, aliases: HeaderAliases
) -> None:
    error = refusal(tmp_path, aliases, "x ://hooks/secret\nnobody\nacme.example\nnone\n")
    assert "secret" not in str(error)
    assert error.message.endswith("a URL (not shown), and 2 more like it")


def test_a_file_that_is_missing_or_no_text_is_refused(
    tmp_path: Path, aliases: HeaderAliases
) -> None:
    with pytest.raises(ConfigError, match=r"no\.txt cannot be read: No such file") as caught:
        read_list(tmp_path / "no.txt", aliases)
    assert caught.value.code is Code.SUPPRESSION_UNUSABLE
    assert "UTF-8" in refusal(tmp_path, aliases, "ana\u00e9@acme.example".encode("latin-1")).message
    assert (
        "quote" in refusal(tmp_path, aliases, 'Email,Why\na@a.example,"x\nb@b.example,y\n').message
    )


@given(st.lists(st.text(max_size=12), max_size=8))
def test_whatever_a_line_holds_it_is_on_the_list_a_note_empty_or_refused(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str]
) -> None:
    path = tmp_path_factory.getbasetemp() / "any-list.txt"
    path.write_text("\n".join(["first.example", *lines]), "utf-8")
    kept = [one for one in path.read_text("utf-8").split("\n") if one.strip()]
    try:
        listed = read_list(path, HeaderAliases({}))
    except ConfigError:
        return
    entries = {one for one in kept if not one.strip().startswith("#")}
    assert bool(entries) == bool(listed.emails.len() + listed.domains.len())
    assert listed.emails.len() + listed.domains.len() <= len(entries)
