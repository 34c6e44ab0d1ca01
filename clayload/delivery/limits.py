"""Which error says that a limit has stopped a table?

In:    the ledger's answer that nothing more is granted, with its figures.
Out:   the error that stops the table, and what to do next.
Never: an error for one lead.
"""

from __future__ import annotations

from clayload.delivery.budget import OverBudget
from clayload.delivery.grant import Exhausted, Limit, Stopped
from clayload.delivery.sample import ApprovalRequired, Decision, Sample
from clayload.errors import (
    ApprovalRequiredError,
    BudgetExhaustedError,
    CapacityExhaustedError,
    Code,
    SlotRejectedError,
    StopTableError,
)
from clayload.plural import count

_AGAIN = "`clayload resume-deferred` or the same load again: it sends what may follow"


def stop_of(answer: Stopped) -> StopTableError:
    """Give the error for a limit of the table, its slots, its sample or a budget."""
    match answer:
        case OverBudget():
            return _stop_spending(answer)
        case ApprovalRequired(sample):
            return _stop_sample(sample)
        case Exhausted():
            return _stop_table(answer)


def _stop_sample(sample: Sample) -> ApprovalRequiredError:
    approve = f"`clayload approve {sample.run_id}`"
    if sample.decision is Decision.STOP:
        what = (
            f"a person has stopped the table after {count(sample.n_sent, 'lead')} of this extract"
        )
        hint = f"to send the rest after all: {approve}, and {_AGAIN}"
    else:
        sent = count(sample.n_sent, "lead of this extract is", "leads of this extract are")
        what = (
            f"{sent} sent, and only {sample.n_allowed:,} may be before a person has looked at them"
        )
        hint = f"look at the rows in Clay, then {approve}, and {_AGAIN}"
    return ApprovalRequiredError(Code.SAMPLE_SENT, what, hint=hint, run_id=sample.run_id)


def _stop_spending(over: OverBudget) -> BudgetExhaustedError:
    key = over.line.key
    raise_it = f"raise {key} in tables.yaml"
    again = "run the same load again: it sends the rest"
    return BudgetExhaustedError(
        Code.BUDGET_EXHAUSTED,
        f"the budget {key} is used up ({over.detail})"
        + (f"; it renews on {over.until.ends_on}" if over.until else ""),
        hint=f"wait for {over.until.ends_on}, or {raise_it}, and {again}"
        if over.until
        else f"no renewal helps: {raise_it}, and {again}",
        key=key,
        until=over.until.ends_at if over.until else None,
    )


def _stop_table(exhausted: Exhausted) -> StopTableError:
    match exhausted.limit:
        case Limit.SLOTS_USED_UP:
            return CapacityExhaustedError(
                Code.SLOTS_USED_UP,
                f"all webhook slots are used up ({exhausted.detail})",
                hint="add a slot for the table to tables.yaml and run the same load again",
            )
        case Limit.SLOTS_RETIRED:
            return CapacityExhaustedError(
                Code.SLOTS_USED_UP,
                f"no webhook slot is left in use ({exhausted.detail})",
                hint="add a slot for the table to tables.yaml, or take a retired one back "
                "(`clayload slots retire SLOT --undo`), and run the same load again",
            )
        case Limit.TABLE_FULL:
            return CapacityExhaustedError(
                Code.TABLE_FULL,
                f"the Clay table is full ({exhausted.detail})",
                hint="add a second Clay table with its own filter to tables.yaml, then load again",
            )
        case Limit.SLOTS_SUSPENDED:
            return SlotRejectedError(
                Code.SLOTS_SUSPENDED,
                f"Clay refuses the table's webhook slots ({exhausted.detail})",
                hint="check the slot's URL and token in Clay, fix the secret, then load again",
            )
