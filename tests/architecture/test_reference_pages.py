"""What can be looked up is complete: codes, commands, exit codes, the ledger."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import sqlalchemy
from support.benches.cli_commands import COMMANDS, IMPORTED
from support.benches.cli_commands import ROOT as CLAYLOAD

from clayload.errors import Code, ExitCode
from clayload.ledger.database import schema
from clayload.ledger.rules.states import TRANSITIONS, SubmissionState

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
RUNBOOK = (ROOT / "deployments" / "runbook.md").read_text("utf-8")
CLI = (REFERENCE / "cli.md").read_text("utf-8")
README = (ROOT / "README.md").read_text("utf-8")
LEDGER = (REFERENCE / "ledger.md").read_text("utf-8")
SECTION_PARTS = ("**What happened.**", "**What was sent.**", "**See it.**", "**Next.**")


def sections(page: str, level: str = "##") -> dict[str, str]:
    """The text under each heading of this level, by heading."""
    parts = re.split(rf"^{level} (.+)$", page, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def rows_of(text: str) -> list[list[str]]:
    """The cells of the first table in a text, without its header."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    rules = [i for i, row in enumerate(cells) if set("".join(row)) == {"-"}]
    end = rules[1] - 1 if len(rules) > 1 else len(cells)
    return cells[rules[0] + 1 : end]


def runbook_codes() -> dict[str, str]:
    return {
        heading.split()[0]: text
        for heading, text in sections(RUNBOOK).items()
        if heading.startswith("CLY-")
    }


def test_every_code_has_its_heading_in_the_runbook_and_every_heading_is_a_code() -> None:
    headings = [line for line in RUNBOOK.splitlines() if line.startswith("## CLY-")]
    assert [heading.split()[1] for heading in headings] == [code.value for code in Code]


@pytest.mark.parametrize("code", Code)
def test_the_runbook_says_what_was_sent_and_what_to_do(code: Code) -> None:
    positions = [runbook_codes()[code].find(part) for part in SECTION_PARTS]
    assert positions == sorted(positions)
    assert positions[0] >= 0
    assert "\n```sh\n" in runbook_codes()[code], "the next step needs its command"


def test_every_command_has_its_heading_in_the_reference() -> None:
    headings = [each for each in sections(CLI) if each.startswith("clayload ")]
    assert headings == [f"clayload {name}" for name in COMMANDS]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_a_command_is_in_the_reference_with_its_help(name: str) -> None:
    documented = {row[0].strip("`"): row[1] for row in rows_of(sections(CLI)[f"clayload {name}"])}
    command = COMMANDS[name]
    known = {
        param.opts[0] if param.param_type_name == "option" else param.name: param.help
        for param in command.params
        if param.name != "help"
    }
    assert documented == known


@pytest.mark.parametrize("name", COMMANDS)
def test_the_reference_says_what_a_command_says_of_itself(name: str) -> None:
    said = " ".join(sections(CLI)[f"clayload {name}"].split())
    assert said.startswith(COMMANDS[name].help)


def test_every_option_before_the_command_is_in_the_reference_with_its_help() -> None:
    documented = {row[0].strip("`"): row[1] for row in rows_of(CLI.split("\n## ")[0])}
    assert documented == {
        param.opts[0]: param.help for param in CLAYLOAD.params if param.name != "help"
    }


@pytest.mark.parametrize("name", IMPORTED)
def test_the_help_line_of_a_command_is_the_first_paragraph_of_its_help(name: str) -> None:
    first = IMPORTED[name].help.split("\n\n")[0]
    assert CLAYLOAD.get_command(None, name).help == " ".join(first.split())


def test_every_exit_code_is_in_the_reference() -> None:
    rows = rows_of(sections(CLI)["Exit codes"])
    assert [int(row[0]) for row in rows] == [code.value for code in ExitCode]


def test_every_exit_code_is_in_the_readme() -> None:
    rows = rows_of(sections(README)["Exit codes"])
    listed = [int(code) for row in rows for code in row[0].split(",")]
    assert listed == [code.value for code in ExitCode]


def test_every_ledger_table_and_column_is_in_the_reference() -> None:
    pages = sections(sections(LEDGER)["Tables"], "###")
    documented = {
        name: [row[0].strip("`") for row in rows_of(text)] for name, text in pages.items()
    }
    known = {name: list(table.columns.keys()) for name, table in schema.metadata.tables.items()}
    assert documented == known


@pytest.mark.parametrize("table", schema.metadata.tables.values(), ids=lambda table: table.name)
def test_the_reference_gives_each_column_its_type(table: sqlalchemy.Table) -> None:
    pages = sections(sections(LEDGER)["Tables"], "###")
    documented = [row[1] for row in rows_of(pages[table.name])]
    known = [
        f"{column.type}".lower() + (", may be empty" if column.nullable else "")
        for column in table.columns
    ]
    assert documented == known


def test_the_reference_has_the_legal_transitions_and_no_others() -> None:
    documented = {
        row[0].strip("`"): set(re.findall(r"`(\w+)`", row[1]))
        for row in rows_of(sections(LEDGER)["Transitions"])
    }
    assert documented == {before.value: set(after) for before, after in TRANSITIONS.items()}


def test_every_state_is_explained() -> None:
    explained = [row[0].strip("`") for row in rows_of(sections(LEDGER)["States"])]
    assert explained == [state.value for state in SubmissionState]
