"""How does the table of the chaos run look?

In:    one row for each scenario and ledger.
Out:   a table for people, in Markdown, and its place in docs/promises.md.
Never: a figure that no scenario measured.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

BEGIN, END = "<!-- chaos:begin -->", "<!-- chaos:end -->"
_HEADER = (
    "what happens",
    "ledger",
    "how often",
    "lost",
    "doubled",
    "in doubt (at most)",
    "each listed",
    "measured",
    "what the user sees",
    "laws",
)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; `broken` names the laws that did not hold."""

    what: str
    ledger: str
    how_often: str
    n_lost: int
    n_doubled: int
    in_doubt: str
    is_listed: bool
    measured: str
    seen: str
    broken: tuple[str, ...] = ()

    @property
    def cells(self) -> tuple[str, ...]:
        """The line's cells, in the order of the header."""
        return (
            self.what,
            self.ledger,
            self.how_often,
            str(self.n_lost),
            str(self.n_doubled),
            self.in_doubt,
            "yes" if self.is_listed else "NO",
            self.measured,
            self.seen,
            "BROKEN: " + "; ".join(self.broken) if self.broken else "kept",
        )


def render_table(rows: Iterable[Row]) -> str:
    """Give the table in Markdown."""
    lines = [_HEADER, ["---"] * len(_HEADER), *(row.cells for row in rows)]
    return "\n".join(_render_line(line) for line in lines)


def _render_line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"


def write_between_markers(page: Path, text: str) -> None:
    """Put the text between the two markers of a page, instead of what stood there.

    Raises:
        ValueError: the page has no such place.
    """
    before = page.read_text("utf-8")
    place = re.compile(f"{re.escape(BEGIN)}.*{re.escape(END)}", re.DOTALL)
    if len(place.findall(before)) != 1:
        message = f"{page} has no place for the table, between {BEGIN} and {END}"
        raise ValueError(message)
    page.write_text(place.sub(lambda _: f"{BEGIN}\n\n{text}\n\n{END}", before), "utf-8")
