"""Does a file that is no extract stop the load with one line, and a bad row only that row?"""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from support.scenes.hard_places import bound_by_file_modes
from support.scenes.load_kit import Workbench, ends_of
from support.scenes.load_tables import make_leads

GOOD = make_leads("Software", 3)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.csv", b"", "CLY-EXT-03 empty.csv has no bytes"),
        ("header.csv", b"email,industry\n", "CLY-EXT-03 header.csv has a header and no rows"),
        ("binary.csv", bytes(range(256)) * 40, "CLY-EXT-02 binary.csv is a binary file, not text"),
        ("torn.xlsx", b"PK\x03\x04torn", "CLY-EXT-02 torn.xlsx is not a readable workbook"),
        ("keyless.csv", b"colour,size\nred,4\n", "CLY-EXT-04 no column is mapped to `email`"),
    ],
)
def test_a_file_that_is_no_extract_is_told_in_one_line_and_nothing_is_sent(
    bench: Workbench, name: str, content: bytes, message: str
) -> None:
    (bench.folder / name).write_bytes(content)
    ended = bench.load(name)
    assert (ended.exit_code, ended.is_told) == (11, True)
    what, next_step = ended.error_lines
    assert what.startswith(message)
    assert next_step.startswith("next: ")
    assert bench.n_posts() == 0
    assert bench.query("SELECT COUNT(*) FROM submissions") == [(0,)]


def test_a_directory_a_missing_file_and_one_we_may_not_read_are_told_as_such(
    bench: Workbench,
) -> None:
    locked = bench.write_csv(GOOD)
    locked.chmod(0)
    bench.launcher = bound_by_file_modes()
    messages = {
        bench.folder: "is a directory, not a file",
        Path("nowhere.csv"): "CLY-EXT-01 there is no file nowhere.csv",
        locked: "Permission denied",
    }
    for path, message in messages.items():
        ended = bench.load(path)
        assert (ended.exit_code, ended.is_told) == (11, True)
        what, next_step = ended.error_lines
        assert message in what
        assert next_step.startswith("next: ")


@pytest.mark.parametrize(
    ("notes", "rule"), [("x" * 200_000, "payload_too_large"), ("before\0after", "nul_byte")]
)
def test_a_lead_that_clay_could_not_take_is_quarantined_and_the_others_are_sent(
    bench: Workbench, notes: str, rule: str
) -> None:
    bad = {**make_leads("Software", 1, first=7)[0], "notes": notes}
    ended = bench.load(bench.write_csv([GOOD[0], bad, *GOOD[1:]]))
    assert ended.exit_code == 0
    assert ends_of(ended.json) == {"delivered": 3, "quarantined": 1}
    assert ended.json["extract"]["quarantine_reasons"] == {rule: 1}
    assert sorted(bench.delivered()["tech"]) == [lead["email"] for lead in GOOD]
    quarantine = pl.read_csv(Path(ended.json["extract"]["folder"]) / "quarantine.csv")
    assert quarantine.select("clayload_line", "email", "notes").rows() == [(3, bad["email"], notes)]
