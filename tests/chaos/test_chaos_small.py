"""Do the laws of the chaos run hold in its small version? The same scenarios, a few of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from chaos.fault_list import FAULTS
from chaos.faults import run_fault
from chaos.kills import run_kills
from chaos.paces import run_alone
from chaos.place import POSTGRES, SQLITE, Place, open_place
from chaos.row import BEGIN, END, Row, render_table, write_between_markers
from chaos.slots import run_slots
from chaos.stops import run_stops
from chaos.truth import Truth


@pytest.fixture
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    # Not pytest's own folder: the user that Postgres runs as may not enter root's.
    with TemporaryDirectory(prefix="chaos-") as folder:
        Path(folder).chmod(0o755)
        with open_place(request.param, Path(folder)) as place:
            place.is_small = True
            yield place


on_both = pytest.mark.parametrize("place", [SQLITE, POSTGRES], indirect=True)
on_sqlite = pytest.mark.parametrize("place", [SQLITE], indirect=True)


@on_both
def test_a_load_killed_at_random_moments_loses_nothing_and_lists_its_doubts(place: Place) -> None:
    assert run_kills(place, n_kills=3, seed=11).broken == ()


@on_sqlite
def test_a_load_stopped_at_random_moments_ends_soon_and_leaves_no_doubt(place: Place) -> None:
    assert run_stops(place, n_stops=4, seed=11).broken == ()


@on_sqlite
@pytest.mark.parametrize("name", ["server-errors", "disk-full"])
def test_a_fault_while_a_load_sends_costs_no_more_than_it_must(place: Place, name: str) -> None:
    assert run_fault(place, FAULTS[name]).broken == ()


@on_sqlite
@pytest.mark.parametrize("run", [run_alone, run_slots])
def test_loads_side_by_side_or_killed_keep_their_limits(
    place: Place, run: Callable[[Place], Row]
) -> None:
    assert run(place).broken == ()


def test_every_law_can_be_broken() -> None:
    kept = Truth(9, frozenset(), 0, frozenset(), frozenset({"a", "b"}), 1, 0, 0, 0)
    assert list(kept.broken_laws(in_doubt_at_most=2)) == []
    assert list(kept.broken_laws(in_doubt_at_most=1)) == ["2 leads in doubt, 1 at most may be"]
    bad = Truth(9, frozenset("a"), 2, frozenset("b"), frozenset(), 0, 3, 4, 5)
    assert len(list(bad.broken_laws(in_doubt_at_most=0))) == 6
    assert len(list(bad.broken_laws(in_doubt_at_most=0, may_owe=True))) == 5


def test_the_table_goes_between_its_markers_and_nowhere_else(tmp_path: Path) -> None:
    row = Row("a | b", SQLITE, "1", 0, 0, "0 (0)", True, "-", "exit 0")  # noqa: FBT003 - one line of the table
    page = tmp_path / "promises.md"
    page.write_text(f"before {BEGIN} old {END} after")
    write_between_markers(page, render_table([row]))
    text = page.read_text()
    assert text.startswith("before ")
    assert text.endswith(" after")
    assert "| a / b | SQLite | 1 | 0 | 0 | 0 (0) | yes | - | exit 0 | kept |" in text
    assert "old" not in text
    page.write_text("no place")
    with pytest.raises(ValueError, match="no place"):
        write_between_markers(page, "table")
