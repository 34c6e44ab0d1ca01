"""Each file in a watched folder ends in one place, and no crash loses one or keeps it silent."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.scenes.failing_place import BAD, GOOD, Crash, FailingPlace

from clayload.errors import RunError
from clayload.extracts.landing.inbox import find_candidates
from clayload.extracts.landing.stable_files import StableFiles

NAMES = ["a.csv", "b.csv", "a.csv.reason.txt"]
FILES = st.dictionaries(
    st.tuples(st.sampled_from(["", "expo/", "fair/"]), st.sampled_from(NAMES)).map("".join),
    st.sampled_from([*GOOD, *BAD]),
    max_size=6,
)
FAILURES = st.dictionaries(st.integers(1, 40), st.sampled_from(["crash", "trouble"]), max_size=4)

LANDS_ALONE = """
import sys
from pathlib import Path
from clayload.extracts.landing.place import LandingPlace
print("asks", flush=True)
with LandingPlace(Path(sys.argv[1]), announcer=None).alone(is_waiting=True):
    print("lands", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def place(tmp_path: Path) -> FailingPlace:
    return FailingPlace(tmp_path)


@given(FILES, FAILURES)
@example({"a.csv.reason.txt": BAD[1], "expo/a.csv": BAD[0]}, {})
@example({"a.csv": GOOD[0], "expo/a.csv": GOOD[1]}, {4: "trouble"})
def test_whatever_fails_each_file_ends_in_one_place_and_each_extract_is_announced(
    files: dict[str, bytes], failures: dict[int, str]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = FailingPlace(Path(folder), dict(failures))
        for name, content in files.items():
            place.put(name, content)
        look_until_done(place)
        left = {name: each for name, each in place.tree().items() if not each.startswith(b"CLY-")}
    assert Counter(left.values()) == Counter(files.values())
    processed = Counter(each for name, each in left.items() if name.startswith("processed/"))
    assert processed == Counter(set(files.values()) & set(GOOD))
    rejected = [each for name, each in left.items() if name.startswith("rejected/")]
    assert Counter(rejected) == Counter(each for each in files.values() if each in BAD)
    # Twice only where the process died, or the note failed, between the announcement and its note.
    heard = Counter(landed.sha256 for landed in place.heard)
    assert heard == Counter(map(sha256, processed)) + Counter(place.heard_in_vain)


def look_until_done(place: FailingPlace) -> None:
    """Look, and start anew after each crash, until nothing is left to do."""
    while True:
        inbox = place.inbox(event_name="expo")
        try:
            place.look(inbox)
        except Crash:
            continue
        if not inbox.troubles:
            return


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_the_event_is_the_folders_name_the_option_or_the_files_own_name(
    place: FailingPlace,
) -> None:
    place.put("fair/leads.csv", GOOD[0])
    place.put("expo 2026.csv", GOOD[1])
    place.look()
    place.put("more.csv", GOOD[2])
    place.look(place.inbox(event_name="summit"))
    assert [(each.event_name, each.file.relative_to(place.folder)) for each in place.heard] == [
        ("expo 2026", Path("processed/expo 2026/expo 2026.csv")),
        ("fair", Path("processed/fair/leads.csv")),
        ("summit", Path("processed/summit/more.csv")),
    ]


def test_content_that_came_before_goes_to_duplicates_and_the_line_says_where_it_came(
    place: FailingPlace,
) -> None:
    place.put("expo/leads.csv")
    place.look()
    place.put("expo/leads (1).csv")
    (line,) = place.look()
    twin = "processed/expo/leads.csv"
    assert line == (
        f"duplicate: expo/leads (1).csv holds what came as {twin}, for expo; "
        "now duplicates/leads (1).csv"
    )
    assert set(place.tree()) == {twin, "duplicates/leads (1).csv"}
    assert len(place.heard) == 1


def test_content_that_came_before_is_known_without_its_file_and_without_its_note(
    place: FailingPlace,
) -> None:
    place.put("expo/leads.csv")
    place.look()
    (place.folder / "processed/expo/leads.csv").rename(place.put("elsewhere.part"))
    place.put("expo/again.csv")
    place.look()
    shutil.rmtree(place.folder / ".clayload")
    (place.folder / "elsewhere.part").rename(place.folder / "processed/expo/kept.csv")
    place.put("expo/third.csv")
    place.look()
    names = {"processed/expo/kept.csv", "duplicates/again.csv", "duplicates/third.csv"}
    assert set(place.tree()) == names


def test_another_file_of_the_same_name_keeps_its_name_with_a_mark(place: FailingPlace) -> None:
    for content in GOOD[:2]:
        place.put("expo/leads.csv", content)
        place.look()
    marked = f"processed/expo/leads-{sha256(GOOD[1])[:8]}.csv"
    assert place.tree() == {"processed/expo/leads.csv": GOOD[0], marked: GOOD[1]}


def test_a_rejected_file_has_code_message_and_next_step_beside_it(place: FailingPlace) -> None:
    place.put("expo/leads.csv", b"email\n")
    place.look()
    reason = place.tree()["rejected/leads.csv.reason.txt"].decode()
    assert reason.startswith("CLY-EXT-03 leads.csv has")
    assert "\nnext: export it again" in reason
    assert place.heard == []


def test_while_nobody_would_hear_of_it_nothing_moves_and_one_line_says_so(
    place: FailingPlace,
) -> None:
    place.put("expo/leads.csv")
    place.fail_at = {1: "trouble", 2: "trouble"}
    inbox = place.inbox()
    (line,) = place.look(inbox)
    assert "CLY-LND-02 nobody answers. Next: start the server" in line
    assert place.look(inbox) == []
    assert set(place.tree()) == {"expo/leads.csv"}
    (line,) = place.look(inbox)
    assert line == "announced: expo/leads.csv for expo, now processed/expo/leads.csv"
    assert inbox.troubles == {}


def test_hidden_and_temporary_names_links_and_deeper_folders_are_left_alone(
    place: FailingPlace,
) -> None:
    ignored = [".leads.csv", "~$leads.xlsx", "leads.csv.part", "LEADS.TMP", "x.crdownload"]
    for name in [*ignored, "expo/deep/leads.csv", ".hidden/leads.csv", "processed/leads.csv"]:
        place.put(name)
    place.put("fair/leads.csv")
    (place.folder / "link.csv").symlink_to(place.folder / "fair/leads.csv")
    (place.folder / "linked").symlink_to(place.folder / "fair")
    assert list(find_candidates(place.folder)) == [place.folder / "fair/leads.csv"]


def test_an_empty_file_waits_until_it_has_bytes(place: FailingPlace) -> None:
    empty = place.put("expo/leads.csv", b"")
    inbox = place.inbox()
    (line,) = place.look(inbox)
    assert "CLY-EXT-03 leads.csv has no bytes" in line
    assert list(inbox.troubles) == [empty]
    empty.write_bytes(GOOD[0])
    place.look(inbox)
    assert set(place.tree()) == {"processed/expo/leads.csv"}


def test_a_file_is_complete_once_it_stood_still_for_long_enough(place: FailingPlace) -> None:
    file, now = place.put("leads.csv"), [0.0]
    stable_files = StableFiles(5, lambda: now[0])

    def is_complete_at(moment: float) -> bool:
        now[0] = moment
        complete, _ = stable_files.sift([file])
        assert stable_files.is_changing is not bool(complete)
        return bool(complete)

    assert [is_complete_at(moment) for moment in (0, 4.9)] == [False, False]
    file.write_bytes(GOOD[0] + GOOD[1])
    assert [is_complete_at(moment) for moment in (5, 9.9, 10)] == [False, False, True]
    file.unlink()
    assert stable_files.sift([file]) == ([], [])


def test_a_file_that_changes_while_it_is_looked_at_is_left_to_settle(place: FailingPlace) -> None:
    file = place.put("expo/leads.csv")
    place.on_check = lambda: file.write_bytes(GOOD[0] + GOOD[1])
    inbox = place.inbox()
    assert place.look(inbox) == []
    assert set(place.tree()) == {"expo/leads.csv"}
    assert inbox.stable_files.is_changing


def test_one_process_alone_lands_extracts_in_a_folder(place: FailingPlace) -> None:
    with place.place.alone(is_waiting=True), pytest.raises(RunError) as refused:
        place.look()
    assert str(refused.value).startswith("CLY-LND-01 another process lands extracts in")


@contextmanager
def another_process(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that lands extracts in the folder as soon as it is alone there."""
    command = [sys.executable, "-c", LANDS_ALONE, str(folder)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def read_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_a_process_that_was_killed_keeps_nobody_from_landing(place: FailingPlace) -> None:
    place.put("expo/leads.csv")
    with another_process(place.folder) as other:
        assert [read_line(other), read_line(other)] == ["asks", "lands"]
        with pytest.raises(RunError):
            place.look()
        other.kill()
        other.wait()
        assert len(place.look()) == 1


def test_who_waits_lands_once_the_other_is_done(place: FailingPlace) -> None:
    with another_process(place.folder) as other:
        assert read_line(other) == "asks"
        assert read_line(other) == "lands"
