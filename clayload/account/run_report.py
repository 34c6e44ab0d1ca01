"""Do the books balance, and what must be done next?

In:    what the frames counted, what the ledger holds, what stopped.
Out:   the run report: every row read, under exactly one end.
Never: a sum that is made to fit; rows that nobody can place make the run fail.
"""

import json
from collections.abc import Iterator, Mapping

from pydantic import BaseModel, ConfigDict

from clayload.account.deferral import describe_deferred, find_deferred
from clayload.account.extract_summary import ExtractSummary
from clayload.account.problem import Problem
from clayload.account.sample_account import SampleAccount
from clayload.errors import ExitCode
from clayload.ledger.books.run_books import LeadRow
from clayload.model import Outcome, RowEnd, RunKind
from clayload.plural import count

EXIT_CODE_OF = {
    Outcome.UNBALANCED: ExitCode.UNBALANCED,
    Outcome.PENDING: ExitCode.PENDING,
    Outcome.DEFERRED: ExitCode.DEFERRED,
    Outcome.ATTENTION: ExitCode.ATTENTION,
    Outcome.COMPLETE: ExitCode.OK,
}


class SlotAccount(BaseModel):
    """A webhook slot after the run: `used` of `safe_limit`, `used_by_run` of it in this run."""

    model_config = ConfigDict(frozen=True)

    table: str
    slot: str
    used: int
    safe_limit: int
    used_by_run: int
    state: str
    reason: str


class ChildRun(BaseModel):
    """A run that took up leads of this one: a replay or a resubmit.

    `n_rows` it read, `ends` what became of them now, `n_recovered` of this run's leads it
    delivered; a resubmit may also have delivered leads that were added by hand.
    """

    model_config = ConfigDict(frozen=True)

    run_id: str
    kind: RunKind
    n_rows: int
    ends: dict[RowEnd, int]
    n_recovered: int


class RunReport(BaseModel):
    """The account of one run; `ends` has every row read under exactly one end.

    `in_doubt`, `refused` and `deferred` may list the first leads only: how many there are, `ends`
    says.
    `warnings` say which slots and tables are near their end; they do not change the outcome.
    `samples` are those of tables with `sample_first`. `n_unwritten` accepted leads are not in the
    ledger: the run is still writing down what is owed, or ended there.
    """

    # It is put together from parts by name: a part that there is no place for is a mistake.
    model_config = ConfigDict(frozen=True, extra="forbid")

    run_id: str
    extract_id: str
    cycle: str
    extract: ExtractSummary
    tables: dict[str, dict[RowEnd, int]]
    problems: tuple[Problem, ...]
    slots: tuple[SlotAccount, ...] = ()
    in_doubt: tuple[LeadRow, ...] = ()
    refused: tuple[LeadRow, ...] = ()
    duration_s: float = 0.0
    kind: RunKind = RunKind.LOAD
    parent_run_id: str | None = None
    children: tuple[ChildRun, ...] = ()
    warnings: tuple[str, ...] = ()
    deferred: tuple[LeadRow, ...] = ()
    samples: tuple[SampleAccount, ...] = ()
    n_unwritten: int = 0

    @property
    def ends(self) -> dict[RowEnd, int]:
        """Count every row by its end, in the order of `RowEnd`."""
        return count_ends(self.extract, self.tables, self.n_unwritten)

    def leads_of(self, end: RowEnd) -> tuple[LeadRow, ...]:
        """Give the listed leads that were refused, are in doubt, or are deferred."""
        listed = {RowEnd.REFUSED: self.refused, RowEnd.IN_DOUBT: self.in_doubt}
        return listed.get(end, self.deferred)

    def describe_children(self) -> Iterator[str]:
        """Say, a sentence each, which runs took up leads of this one and what came of it."""
        for child in self.children:
            yield (
                f"Run {child.run_id} ({child.kind}) took up {count(child.n_rows, 'row')}: "
                f"{describe_ends(child.ends)}."
            )
        resubmits = [child for child in self.children if child.kind is RunKind.RESUBMIT]
        if resubmits:
            n_recovered = sum(child.n_recovered for child in resubmits)
            n_aside = self.extract.n_quarantined + self.extract.n_unrouted
            were = count(n_recovered, "was", "were")
            yield f"Of {count(n_aside, 'lead')} set aside here, {were} delivered since."

    @property
    def n_delivered(self) -> int:
        """Leads this run delivered."""
        return self.ends[RowEnd.DELIVERED]

    @property
    def n_unaccounted(self) -> int:
        """Rows read that stand under no end (or, negative, under two)."""
        return self.extract.n_rows - sum(self.ends.values())

    @property
    def outcome(self) -> Outcome:
        """The worst thing that can be said of the run."""
        ends = self.ends
        if self.n_unaccounted:
            return Outcome.UNBALANCED
        if ends[RowEnd.PENDING] > self.extract.n_left_out:
            return Outcome.PENDING
        if ends[RowEnd.DEFERRED]:
            return Outcome.DEFERRED
        if ends[RowEnd.IN_DOUBT] or ends[RowEnd.REFUSED]:
            return Outcome.ATTENTION
        return Outcome.COMPLETE

    @property
    def exit_code(self) -> ExitCode:
        """What the shell is told."""
        return EXIT_CODE_OF[self.outcome]

    @property
    def next_step(self) -> str:
        """What a person should do now, in one sentence."""
        ends = self.ends
        match self.outcome:
            case Outcome.UNBALANCED:
                unplaced = count(self.n_unaccounted, "row")
                return f"keep the run folder and report this: {unplaced} unplaced"
            case Outcome.PENDING:
                n_pending = ends[RowEnd.PENDING] - self.extract.n_left_out
                return f"{count(n_pending, 'lead is', 'leads are')} still owed: {self._hint()}"
            case Outcome.DEFERRED:
                return "; ".join(describe_deferred(self.problems, self.tables))
            case Outcome.ATTENTION:
                option = "" if ends[RowEnd.REFUSED] else " --in-doubt"
                return (
                    f"look at the {self._count_undecided()} in the report; `clayload replay "
                    f"{self.run_id}{option} --dry-run` says which of them it would send again"
                )
            case Outcome.COMPLETE:
                n_left_out = self.extract.n_left_out
                were = count(n_left_out, "was", "were")
                as_asked = f"; {were} left out, as asked" if n_left_out else ""
                return f"nothing: every lead that could be sent was sent{as_asked}"

    def _hint(self) -> str:
        """Give the next step of the first problem whose leads cannot wait."""
        deferred = find_deferred(self.problems)
        hints = [p.hint for p in self.problems if p.table not in deferred]
        return hints[0] if hints else "run the same load again"

    def _count_undecided(self) -> str:
        ends = (RowEnd.REFUSED, RowEnd.IN_DOUBT)
        counts = ((end, self.ends[end]) for end in ends)
        return " and ".join(f"{count(n, 'lead')} {end}" for end, n in counts if n)

    def to_json(self, **more: object) -> str:
        """Give the account for machines, with the figures and words a person is shown, and more."""
        said = {
            "outcome": self.outcome,
            "exit_code": self.exit_code,
            "next_step": self.next_step,
            "ends": self.ends,
            "n_unaccounted": self.n_unaccounted,
        }
        return json.dumps(self.model_dump(mode="json") | said | more, indent=2)


def count_ends(
    extract: ExtractSummary, tables: Mapping[str, Mapping[RowEnd, int]], n_unwritten: int = 0
) -> dict[RowEnd, int]:
    """Count every row read by its end, in the order of `RowEnd`."""
    ends = dict.fromkeys(RowEnd, 0)
    ends[RowEnd.QUARANTINED] = extract.n_quarantined
    ends[RowEnd.SUPPRESSED] = extract.n_suppressed
    ends[RowEnd.DUPLICATE] = extract.n_duplicates
    ends[RowEnd.UNROUTED] = extract.n_unrouted
    ends[RowEnd.PENDING] = extract.n_left_out + n_unwritten
    for of_table in tables.values():
        for end, n in of_table.items():
            ends[end] += n
    return ends


def describe_ends(ends: Mapping[RowEnd, int]) -> str:
    """Say how leads ended, what was delivered first: `50 delivered, 3 unrouted`."""
    delivered_first = sorted(ends.items(), key=lambda item: item[0] != RowEnd.DELIVERED)
    return ", ".join(f"{n:,} {end}" for end, n in delivered_first if n)
