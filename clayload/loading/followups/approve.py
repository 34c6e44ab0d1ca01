"""What does a person say of a run's samples, and of which?

In:    a run, a table or all, and the decision: go on, so many more, or stop.
Out:   the samples as they stand, with Clay's own count of rows where it is known; the word, written
       for the next grant of any process.
Never: a word for a sample that nobody can have seen whole; but the word to stop is always taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from clayload.account.sample_account import SampleAccount
from clayload.clay.command import ClayCommand, LiveCounts, Unknown
from clayload.delivery.sample import Decision
from clayload.errors import Code, RunError
from clayload.ledger.granting.sampling import open_sample, record_decision
from clayload.monitoring.run_account import read_report
from clayload.plural import count
from clayload.setup import Setup
from clayload.tables.problems import check_name


@dataclass(frozen=True, slots=True)
class SampleDecision:
    """What a person decides; `n_more` leads with `NEXT`."""

    decision: Decision
    n_more: int = 0

    def __str__(self) -> str:
        match self.decision:
            case Decision.GO_ON:
                return "all that is owed may be sent"
            case Decision.NEXT:
                return f"{count(self.n_more, 'more lead')} may be sent, then you are asked again"
            case Decision.STOP:
                return "nothing more is sent"


@dataclass(frozen=True, slots=True)
class Approved:
    """Leads of these tables of a load may be sent now; `run_id` is a run that owes them."""

    run_id: str
    tables: tuple[str, ...]


def find_samples(run_id: str, table: str | None, setup: Setup) -> tuple[SampleAccount, ...]:
    """Find the samples of a run's load: of one table, or of all; reads only.

    Raises:
        RunError: there is no such run, or NO_APPROVAL_NEEDED: it has no such sample.
        ConfigError: an unknown table.
    """
    if table is not None:
        check_name(table, setup.config.tables)
    samples = read_report(run_id, setup, n_listed=1).samples
    found = tuple(one for one in samples if table in (None, one.table))
    if not found:
        of = "" if table is None else f" of {table}"
        why = "no table" if table is None else "it is no table"
        raise _refuse(
            f"run {run_id} has no sample{of}: {why} with a sample_first that the run has leads for",
            "set sample_first for the table in tables.yaml before a load",
            run_id,
        )
    return found


def choose_ready(samples: Sequence[SampleAccount], decision: Decision) -> tuple[SampleAccount, ...]:
    """Choose the samples that can be decided on.

    Raises:
        RunError: NO_APPROVAL_NEEDED: there is none.
    """
    ready = tuple(one for one in samples if decision is Decision.STOP or _is_ready(one))
    if not ready:
        said = "; ".join(one.describe() for one in samples)
        raise _refuse(
            f"no sample is sent whole, so nothing waits for approval: {said}",
            "while leads are owed, the same load again goes on with the sample; --stop is taken at "
            "any time",
            samples[0].run_id,
        )
    return ready


def _is_ready(sample: SampleAccount) -> bool:
    """Whether somebody may have seen it whole; who has spoken once may change their mind."""
    return sample.decision is not None or (sample.is_used_up and not sample.n_in_flight)


def decide(samples: Sequence[SampleAccount], decision: SampleDecision, setup: Setup) -> None:
    """Write the decision down; every process takes it up with its next grant.

    Raises:
        LedgerError: the ledger cannot be written.
    """
    for one in samples:
        sample_no = open_sample(setup.ledger, one.run_id, one.table)
        record_decision(setup.ledger, sample_no, decision.decision, decision.n_more)


def count_rows_in_clay(
    samples: Sequence[SampleAccount], setup: Setup
) -> dict[str, LiveCounts | Unknown]:
    """Ask Clay's own command for the rows of the samples' tables that have a `clay_table_id`."""
    command = ClayCommand(setup.environ_of_others)
    ids = {one.table: setup.config.tables[one.table].clay_table_id for one in samples}
    return {name: command.read_counts(of_clay) for name, of_clay in ids.items() if of_clay}


def _refuse(what: str, hint: str, run_id: str) -> RunError:
    return RunError(Code.NO_APPROVAL_NEEDED, what, hint=hint, run_id=run_id)
