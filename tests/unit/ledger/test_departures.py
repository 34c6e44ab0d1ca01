"""Does a process's file of notes live exactly as long as the process, on every system?"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import pytest

from clayload.ledger.rules.boot_session import read_boot_id
from clayload.ledger.rules.departures import (
    NO_DEPARTURES,
    ended_senders,
    look_for_ended,
    open_departures,
)

ON_MACOS = "0D1F8E6C-2E53-4F0B-9E5B-6C2A41C5D7F1"
# Notes 1; its child notes 2; then both wait, the child for a line, its parent for the end.
NOTES_AND_FORKS = """
import os, sys
from pathlib import Path
from clayload.ledger.rules.departures import open_departures
departures = open_departures(Path(sys.argv[1]))
departures.note(1)
if not (child := os.fork()):
    departures.note(2)
    print("noted", flush=True)
    sys.stdin.readline()
    os._exit(0)
os.waitpid(child, 0)
print("its child has ended", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def forked(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process and its child, both of which have noted a departure; kill() is for the parent."""
    command = [sys.executable, "-c", NOTES_AND_FORKS, str(tmp_path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert read_line(process) == "noted"
        yield process
        process.kill()


def read_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def let_child_end(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def departed(folder: Path) -> list[set[int]]:
    return [set(ended.departed) for ended in look_for_ended(folder)]


def test_a_child_that_ends_does_not_end_the_process_that_forked_it(
    tmp_path: Path, forked: subprocess.Popen[str]
) -> None:
    let_child_end(forked)
    assert read_line(forked) == "its child has ended"
    assert departed(tmp_path) == []
    forked.kill()
    forked.wait()
    assert departed(tmp_path) == [{1, 2}]


def test_a_killed_process_has_not_ended_while_a_child_may_still_send(
    tmp_path: Path, forked: subprocess.Popen[str]
) -> None:
    forked.kill()
    forked.wait()
    assert departed(tmp_path) == []
    let_child_end(forked)
    # Both held this open: it ends once both have.
    assert forked.stdout is not None
    assert forked.stdout.read() == ""
    assert departed(tmp_path) == [{1, 2}]


def test_a_start_of_macos_has_the_name_of_its_boot_session() -> None:
    asked: list[str] = []

    def read_sysctl(name: str) -> str:
        asked.append(name)
        return f"{ON_MACOS}\n"

    assert read_boot_id("darwin", read_sysctl) == ON_MACOS.lower()
    assert asked == ["kern.bootsessionuuid"]


def fail_to_start(_name: str) -> str:
    raise FileNotFoundError


def fail(name: str) -> str:
    raise subprocess.CalledProcessError(1, name)


def hang(name: str) -> str:
    raise subprocess.TimeoutExpired(name, 1)


@pytest.mark.parametrize(
    "read_sysctl", [fail_to_start, fail, hang, lambda _: "", lambda _: "1795978968"]
)
def test_a_start_without_a_name_of_its_own_has_none(read_sysctl: Callable[[str], str]) -> None:
    assert read_boot_id("darwin", read_sysctl) == ""


def test_this_start_has_a_name_and_keeps_it() -> None:
    other = "from clayload.ledger.rules.boot_session import read_boot_id as r; print(r())"
    asked = subprocess.run(
        [sys.executable, "-c", other], capture_output=True, text=True, check=True
    )
    assert asked.stdout.strip() == read_boot_id() == str(UUID(read_boot_id()))


def test_notes_of_this_start_count_and_those_of_another_go(tmp_path: Path) -> None:
    (tmp_path / f"{ON_MACOS.lower()}.1.departures").write_bytes(bytes([7, *[0] * 7]))
    (tmp_path / "another.2.departures").write_bytes(bytes([8, *[0] * 7]))
    with ended_senders(tmp_path, ON_MACOS.lower) as ended:
        assert [(each.sender, set(each.departed)) for each in ended] == [
            (f"{ON_MACOS.lower()}.1", {7})
        ]
    assert list(tmp_path.iterdir()) == []


def test_where_a_start_has_no_name_nobody_notes_and_no_file_is_judged(tmp_path: Path) -> None:
    (tmp_path / "another.2.departures").touch()
    assert open_departures(tmp_path, str) is NO_DEPARTURES
    with ended_senders(tmp_path, str) as ended:
        assert ended == []
    assert [path.name for path in tmp_path.iterdir()] == ["another.2.departures"]
