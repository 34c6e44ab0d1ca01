"""What was made of an extract before anything was sent?

In:    what the frames counted.
Out:   the counts, as the ledger keeps them with the run, and sentences about them.
Never: what became of the leads afterwards.
"""

from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict

from clayload.account.savings import Saving
from clayload.plural import count
from clayload.tables.hints import Hints


class ExtractSummary(BaseModel):
    """What the frames made of the extract; kept in the ledger with the run.

    `n_left_out` leads were accepted, and left for later by `--limit`, `--table` or `--plan`.
    `merged` has the columns of each field that has several, `conflicts` the rows in which those
    differ, and `unread` what of the files was left aside, such as further sheets. `added` are the
    rows of a resubmit, as (first, last), that stand for no lead its parent run had set aside.
    `hints` are what a person said of the extract. `savings` say what the rules kept from Clay; runs
    of before they were counted have none.
    """

    model_config = ConfigDict(frozen=True)

    files: tuple[str, ...]
    folder: str
    n_rows: int
    n_quarantined: int
    quarantine_reasons: dict[str, int]
    n_duplicates: int
    n_unrouted: int
    n_multi_match: int
    n_left_out: int
    unmapped: tuple[str, ...]
    merged: dict[str, tuple[str, ...]]
    conflicts: dict[str, int]
    unread: tuple[str, ...]
    added: tuple[tuple[int, int], ...] = ()
    hints: Hints = Hints()
    n_suppressed: int = 0
    savings: tuple[Saving, ...] = ()

    @property
    def n_accepted(self) -> int:
        """Leads that the ledger holds once they are written down."""
        n_aside = self.n_quarantined + self.n_suppressed + self.n_duplicates + self.n_unrouted
        return self.n_rows - n_aside - self.n_left_out

    def describe_rows(self) -> str:
        """Say how many rows were read, and how many of them were set aside."""
        suppressed = f"{self.n_suppressed:,} suppressed, " if self.n_suppressed else ""
        return (
            f"{count(self.n_rows, 'row')} read, {self.n_quarantined:,} quarantined, {suppressed}"
            f"{count(self.n_duplicates, 'duplicate')}, {self.n_unrouted:,} unrouted"
        )

    def describe_columns(self) -> Iterator[str]:
        """Say, a sentence each, what a person should know of the extract's columns."""
        if self.unmapped:
            yield f"Columns that are not used: {', '.join(self.unmapped)}."
        for field, columns in self.merged.items():
            n = self.conflicts.get(field, 0)
            differ = f"; in {count(n, 'row')} they differ" if n else ""
            yield f"{field} is the first filled of {', '.join(columns)}{differ}."
        if self.unread:
            yield f"Left unread: {', '.join(self.unread)}."
        if self.n_multi_match:
            match = count(self.n_multi_match, "lead matches", "leads match")
            yield f"{match} several tables; the first in tables.yaml wins."
        if self.hints.only_table:
            yield f"Every lead goes to {self.hints.only_table}, as asked, whatever the filters say."
        for field, text in self.hints.defaults.items():
            yield f"Where {field} is empty, it is '{text}', as asked."
        if self.added:
            n = sum(last - first + 1 for first, last in self.added)
            were = count(n, "row was", "rows were")
            yield f"{were} added: the earlier run set no such lead aside."
