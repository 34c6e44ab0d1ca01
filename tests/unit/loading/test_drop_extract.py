"""A drop puts an extract in place once, whole, and says so to whoever loads it."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.scenes.failing_place import ALIASES, BAD, GOOD, Crash, FailingPlace

from clayload.errors import AnnounceError, UnreadableExtractError
from clayload.extracts.landing.ingest import DropFolder, Ingested


class Desk:
    """A person's folder with one file, and the shelf it is dropped on."""

    def __init__(self, folder: Path) -> None:
        self.landed = FailingPlace(folder / "landed")
        self.file = folder / "leads.csv"
        self.file.write_bytes(GOOD[0])

    def ingest(self, *, again: bool = False) -> Ingested:
        return DropFolder(self.landed.folder, ALIASES, self.landed).ingest(
            self.file, "expo", again=again
        )


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_dropped_extract_is_copied_and_announced_where_it_lies(desk: Desk) -> None:
    ingested = desk.ingest()
    assert (ingested.was_there, ingested.is_announced) == (False, True)
    assert desk.landed.tree() == {"expo/leads.csv": GOOD[0]}
    assert [(each.event_name, each.file) for each in desk.landed.heard] == [
        ("expo", desk.landed.folder / "expo" / "leads.csv")
    ]
    assert desk.file.read_bytes() == GOOD[0]


def test_the_same_content_again_is_announced_only_when_asked(desk: Desk) -> None:
    first = desk.ingest()
    assert desk.ingest() == Ingested(first.landed, was_there=True, is_announced=False)
    assert len(desk.landed.heard) == 1
    assert desk.ingest(again=True) == Ingested(first.landed, was_there=True, is_announced=True)
    assert desk.landed.heard == [first.landed] * 2


def test_other_content_of_the_same_name_lies_beside_the_first(desk: Desk) -> None:
    desk.ingest()
    desk.file.write_bytes(GOOD[1])
    second = desk.ingest().landed
    assert second.file.name == f"leads-{second.sha256[:8]}.csv"
    assert desk.landed.tree() == {
        "expo/leads.csv": GOOD[0],
        f"expo/{second.file.name}": GOOD[1],
    }


def test_an_extract_that_was_taken_away_is_put_in_place_again(desk: Desk) -> None:
    desk.ingest().landed.file.unlink()
    assert desk.ingest().was_there is False
    assert desk.landed.tree() == {"expo/leads.csv": GOOD[0]}


def test_a_file_that_took_the_name_of_one_taken_away_is_not_taken_for_it(desk: Desk) -> None:
    first = desk.ingest().landed
    first.file.unlink()
    desk.file.write_bytes(GOOD[1])
    assert desk.ingest().landed.file == first.file
    desk.file.write_bytes(GOOD[0])
    again = desk.ingest()
    assert (again.was_there, again.is_announced) == (False, True)
    assert desk.landed.tree() == {
        "expo/leads.csv": GOOD[1],
        f"expo/leads-{first.sha256[:8]}.csv": GOOD[0],
    }


@pytest.mark.parametrize("content", [b"", *BAD])
def test_what_is_no_extract_is_refused_and_nothing_is_put_in_place(
    desk: Desk, content: bytes
) -> None:
    desk.file.write_bytes(content)
    with pytest.raises(UnreadableExtractError, match=r"leads\.csv"):
        desk.ingest()
    assert (desk.landed.tree(), desk.landed.heard) == ({}, [])


def test_without_a_server_nothing_is_put_in_place(desk: Desk) -> None:
    desk.landed.fail_at = {1: "trouble"}
    with pytest.raises(AnnounceError):
        desk.ingest()
    assert not desk.landed.folder.exists()


@pytest.mark.parametrize("how", ["crash", "trouble"])
@pytest.mark.parametrize(("step", "n_heard"), [(2, 1), (3, 2)])
def test_what_lies_there_unannounced_is_announced_by_the_next_drop(
    desk: Desk, how: str, step: int, n_heard: int
) -> None:
    # Step 2 is before the server has heard of it, step 3 is after.
    desk.landed.fail_at = {step: how}
    with pytest.raises((AnnounceError, Crash)):
        desk.ingest()
    ingested = desk.ingest()
    assert (ingested.was_there, ingested.is_announced) == (True, True)
    assert desk.landed.heard == [ingested.landed] * n_heard
    assert desk.ingest().is_announced is False
