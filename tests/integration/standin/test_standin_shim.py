"""The stand-in's `clay` command prints what Clay's own prints, and ends badly where that would."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.servers.standin_process import StandIn, start_standin

CONFIG = {
    "workspaces": {"main": {"credits": 12.5, "actions": 40}},
    "tables": {"leads": {"workspace": "main", "credits_per_row": 2, "actions_per_row": 3}},
    "sources": {"s1-id": {"table": "leads", "name": "leads-1", "submissions": 7}},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shim") / "bin"


@pytest.fixture(scope="module")
def standin(folder: Path) -> Iterator[StandIn]:
    with start_standin(CONFIG, shim=folder) as standin:
        yield standin


def clay(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [folder / "clay", *words], capture_output=True, text=True, check=False, timeout=30
    )


def test_32_the_command_prints_balances_rows_and_records(standin: StandIn, folder: Path) -> None:
    standin.call("POST", "/v3/sources/webhook/s1-id", {"email": "a@b.example"})
    assert json.loads(clay(folder, "credits").stdout) == {
        "balance": 10.5,
        "actionExecutionBalance": 37,
    }
    assert json.loads(clay(folder, "tables", "get", "leads").stdout)["rowCount"] == 1
    columns = json.loads(clay(folder, "tables", "columns", "list", "leads").stdout)["data"]
    sources = [source for column in columns for source in column["sources"]]
    assert [(one["name"], one["numSourceRecords"]) for one in sources] == [("leads-1", 8)]


@pytest.mark.parametrize("words", [(), ("rows",), ("tables", "get"), ("tables", "get", "none")])
@pytest.mark.usefixtures("standin")
def test_32_what_it_does_not_know_ends_with_1(folder: Path, words: tuple[str, ...]) -> None:
    ended = clay(folder, *words)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "Traceback" not in ended.stderr


def test_a_shim_without_its_standin_ends_as_a_command_that_is_not_logged_in(tmp_path: Path) -> None:
    with start_standin(CONFIG, shim=tmp_path):
        assert clay(tmp_path, "credits").returncode == 0
    ended = clay(tmp_path, "credits")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("Error: ")
