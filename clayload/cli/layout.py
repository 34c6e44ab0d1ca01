"""How do grids, sections and sentences stand on a terminal?

In:    what report/ renders.
Out:   lines that fit the terminal's width; where there is none, each row and sentence on one line.
Never: a word cut or broken: a row that does not fit in columns is written as a sentence, so that
       ids, e-mail addresses and commands can be copied.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from textwrap import wrap

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import JustifyMethod
from rich.table import Table
from rich.text import Text

from clayload.cli.console import out
from clayload.report.grids import Grid, Section, Summary

_MOST_DECISIONS = 3
_GAPS = (2, 1)
"""Spaces between two columns: as there is room."""
_UNBROKEN = re.compile(r"`[^`]*`")
_GLUE = "\ue000"
"""Stands for a space that no line may end at; of Unicode's private use, so in no text."""


def print_summary(summary: Summary, *, details: bool = False) -> None:
    """Print what a person should see first: on one screen, or with all that needs a decision."""
    print_sentence(summary.verdict, style="bold")
    for fact in summary.facts:
        print_sentence(fact)
    n_shown = len(summary.decisions) if details else _MOST_DECISIONS
    if summary.decisions:
        out.print()
        print_sentence(_describe_decisions(summary, n_shown), style="bold yellow")
        print_points(summary.decisions[:n_shown])
    out.print()
    print_grid(summary.grid)
    out.print()
    for note in (*summary.notes, summary.more):
        print_sentence(note)


def _describe_decisions(summary: Summary, n_shown: int) -> str:
    n = len(summary.decisions)
    return f"needs a decision (the first {n_shown} of {n:,})" if n > n_shown else "needs a decision"


def print_sections(sections: Iterable[Section]) -> None:
    """Print sections, each after an empty line."""
    for section in sections:
        out.print()
        print_grid(section.grid, section.title)
        print_points(section.sentences)


def print_points(sentences: Iterable[str]) -> None:
    """Print sentences as points."""
    for sentence in sentences:
        print_sentence(f"- {sentence}", indent="  ")


def print_sentence(sentence: str, indent: str = "", style: str = "") -> None:
    """Print a sentence; further lines are indented, and no command in it is broken."""
    glued = _UNBROKEN.sub(lambda found: _glue(found[0]), sentence)
    lines = wrap(
        glued,
        out.width,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    for line in lines:
        out.print(Text(line.replace(_GLUE, " "), style=style), soft_wrap=True)


def _glue(text: str) -> str:
    return text.replace(" ", _GLUE)


def print_grid(grid: Grid, title: str = "") -> None:
    """Print a grid in columns, figures to the right; row by row where it is too wide for that."""
    if title:
        print_sentence(title, style="bold")
    if not grid.header:
        return
    for gap in _GAPS:
        widths = _fit(grid, out.width - gap * (len(grid.header) - 1))
        if widths is not None:
            out.print(_draw(grid, widths, gap))
            return
    print_points(_describe_row(grid.header, row) for row in grid.rows)


def _fit(grid: Grid, room: int) -> list[int] | None:
    """Find a width for each column, the widest made narrower, if no word needs to be broken."""
    columns = list(zip(grid.header, *grid.rows, strict=True))
    widths = [max(cell_len(line) for cell in one for line in _split(cell)) for one in columns]
    least = [max(cell_len(word) for cell in one for word in _split(cell, None)) for one in columns]
    if sum(least) > room:
        return None
    while sum(widths) > room:
        slack = [(size, index) for index, size in enumerate(widths) if size > least[index]]
        widths[max(slack)[1]] -= 1
    return widths


def _split(cell: str, at: str | None = "\n") -> list[str]:
    """Split a cell into lines, or into words; an empty one has one of them."""
    return cell.split(at) or [""]


def _draw(grid: Grid, widths: Sequence[int], gap: int) -> Table:
    # The box has a space of its own between two columns.
    padding = (0, gap - 1, 0, 0)
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=padding)
    for index, (name, width) in enumerate(zip(grid.header, widths, strict=True)):
        justify: JustifyMethod = "right" if grid.is_figure(index) else "left"
        table.add_column(Text(name), width=width, justify=justify)
    for row in grid.rows:
        table.add_row(*(Text(cell) for cell in row))
    return table


def _describe_row(header: Sequence[str], row: Sequence[str]) -> str:
    """Write a row as a sentence: `row: 71; table: tech; slot: tech-1`; empty cells are left out."""
    cells = [
        f"{name}: {cell}" if name else cell for name, cell in zip(header, row, strict=True) if cell
    ]
    # A short cell stays with its name.
    return "; ".join(_glue(cell) if len(cell) < out.width // 2 else cell for cell in cells)
