"""Is nothing cut or broken on a terminal, and nothing at all where there is none?"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clayload.cli.console import out
from clayload.cli.layout import print_grid, print_points, print_sentence
from clayload.report.grids import Grid

WIDTH = 80
GRID = Grid(
    ("row", "table", "slot", "reason", "lead_key", "answer"),
    (
        ("71", "outbound-leads-finance", "finance-1", "refused with 400",
         "a.long.name@company20147.example", '{"error": "the field employee_count is no number"}'),
        ("9", "tech", "tech-1", "", "b@c.example", ""),
    ),
)  # fmt: skip
COMMAND = "`clayload quarantine export 20261126T090233Z-6549ea --unrouted`"
words = st.text("abcdefghijklmnopqrstuvwxyz@.-_", min_size=1, max_size=60)
cells = st.lists(words, max_size=4).map(" ".join)
grids = st.integers(1, 7).flatmap(
    lambda n: st.builds(
        Grid,
        st.tuples(*[words] * n),
        st.lists(st.tuples(*[cells] * n), min_size=1, max_size=4).map(tuple),
    )
)


@pytest.fixture
def terminal() -> Iterator[None]:
    width, out.width = out.width, WIDTH
    yield
    out.width = width


@pytest.fixture
def pipe() -> Iterator[None]:
    width, out.width = out.width, 100_000
    yield
    out.width = width


@pytest.mark.usefixtures("terminal")
def test_figures_stand_to_the_right_and_words_to_the_left(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_grid(Grid(("table", "leads"), (("tech", "727"), ("all", "1,624")), n_totals=1))
    header, _, *rows = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert [header, *rows] == ["table  leads", "tech     727", "all    1,624"]


@pytest.mark.usefixtures("terminal")
def test_a_row_that_does_not_fit_is_a_sentence_without_its_empty_cells(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_grid(GRID)
    said = capsys.readouterr().out
    assert "lead_key: a.long.name@company20147.example" in said
    assert said.splitlines()[-1] == ("- row: 9; table: tech; slot: tech-1; lead_key: b@c.example")
    assert max(map(len, said.splitlines())) <= WIDTH


@pytest.mark.usefixtures("terminal")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(grid=grids)
def test_on_a_terminal_no_word_of_a_grid_is_broken_and_no_line_is_too_long(
    grid: Grid, capsys: pytest.CaptureFixture[str]
) -> None:
    print_grid(grid)
    said = capsys.readouterr().out
    assert all(word in said for row in grid.rows for cell in row for word in cell.split())
    # Two words that belong together, a name and its cell, may be as long as that.
    assert max(map(len, said.splitlines()), default=0) <= 2 * 60 + 4


@pytest.mark.usefixtures("pipe")
def test_without_a_terminal_each_row_and_each_sentence_is_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_grid(GRID, "Refused by Clay")
    print_sentence("word " * 1_000)
    title, _, _, first, second, sentence = capsys.readouterr().out.splitlines()
    assert title == "Refused by Clay"
    assert first.split("  ")[0] == " 71"
    assert first.rstrip().endswith('the field employee_count is no number"}')
    assert second.rstrip().endswith("b@c.example")
    assert len(sentence.split()) == 1_000


@pytest.mark.usefixtures("terminal")
def test_a_command_is_not_broken_and_further_lines_of_a_point_are_indented(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_points([f"270 rows match no table's filter: {COMMAND}"])
    assert capsys.readouterr().out.splitlines() == [
        "- 270 rows match no table's filter:",
        f"  {COMMAND}",
    ]
