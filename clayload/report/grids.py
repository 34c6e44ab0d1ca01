"""What is a report made of, whatever form it takes?

In:    nothing; these are values.
Out:   `Grid`, `Section` and `Summary`: headers, cells and sentences as text.
Never: markup, or a width; how a cell is written safely, and where a line ends, is the form's own
       question. And no import that takes long: every command prints grids.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_FIGURE = re.compile(r"-?[\d,.]+%?")


@dataclass(frozen=True, slots=True)
class Grid:
    """A table of figures; the last `n_totals` rows sum up the others."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    n_totals: int = 0

    def is_figure(self, column: int) -> bool:
        """Whether a column holds figures, and nothing else; some cells may be empty."""
        cells = [row[column] for row in self.rows if row[column]]
        return bool(cells) and all(_FIGURE.fullmatch(cell) for cell in cells)


NO_GRID = Grid((), ())


@dataclass(frozen=True, slots=True)
class Section:
    """A part of what is said: a heading, figures, and what they mean."""

    title: str
    grid: Grid = NO_GRID
    sentences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Summary:
    """What a person reads first, on one screen of a terminal: 24 lines of 80 columns.

    The verdict comes first, then what it is about, what needs a decision (of which a screen shows
    the first), one table, what else is worth knowing, and where the rest is.
    """

    verdict: str
    facts: tuple[str, ...]
    decisions: tuple[str, ...]
    grid: Grid
    notes: tuple[str, ...]
    more: str


def drop_empty(grid: Grid) -> Grid:
    """Leave out the columns that have no cell."""
    kept = [index for index in range(len(grid.header)) if any(row[index] for row in grid.rows)]
    header, *rows = (tuple(row[index] for index in kept) for row in (grid.header, *grid.rows))
    return Grid(header, tuple(rows), grid.n_totals)
