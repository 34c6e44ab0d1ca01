"""Is a lead deferred only where a budget, and nothing else, kept it back?"""

from __future__ import annotations

import pytest
from support.scenes.report_scene import make_report

from clayload.account.deferral import describe_deferred, find_deferred
from clayload.account.problem import Problem
from clayload.errors import Code, ExitCode
from clayload.model import Outcome, RowEnd

BUDGET = Problem(code=Code.BUDGET_EXHAUSTED, table="tech", message="b", hint="raise the budget")
SLOTS = Problem(code=Code.SLOTS_USED_UP, table="finance", message="s", hint="add a slot")


def test_a_table_that_something_else_stopped_too_is_not_deferred() -> None:
    slots_too = SLOTS.model_copy(update={"table": "tech"})
    assert find_deferred([]) == frozenset()
    assert find_deferred([BUDGET, SLOTS]) == {"tech"}
    assert find_deferred([BUDGET, slots_too]) == frozenset()


@pytest.mark.parametrize(
    ("tech", "finance", "outcome", "exit_code", "step"),
    [
        (
            {RowEnd.DELIVERED: 80, RowEnd.DEFERRED: 8},
            {},
            Outcome.DEFERRED,
            ExitCode.DEFERRED,
            "8 leads are deferred by a budget: raise the budget",
        ),
        (
            {RowEnd.DELIVERED: 79, RowEnd.DEFERRED: 8, RowEnd.IN_DOUBT: 1},
            {},
            Outcome.DEFERRED,
            ExitCode.DEFERRED,
            "8 leads are deferred by a budget: raise the budget",
        ),
        (
            {RowEnd.DELIVERED: 76, RowEnd.DEFERRED: 8},
            {RowEnd.PENDING: 4},
            Outcome.PENDING,
            ExitCode.PENDING,
            "4 leads are still owed: add a slot",
        ),
    ],
)
def test_the_worst_decides_and_its_own_problem_says_what_is_next(
    tech: dict[RowEnd, int],
    finance: dict[RowEnd, int],
    outcome: Outcome,
    exit_code: ExitCode,
    step: str,
) -> None:
    report = make_report(tables={"tech": tech, "finance": finance}, problems=(BUDGET, SLOTS))
    assert (report.outcome, report.exit_code, report.next_step) == (outcome, exit_code, step)


def test_leads_that_wait_for_a_budget_and_for_a_word_are_told_apart() -> None:
    sample = Problem(code=Code.SAMPLE_SENT, table="finance", message="s", hint="look, then approve")
    both = sample.model_copy(update={"table": "tech"})
    tables = {"tech": {RowEnd.DEFERRED: 8}, "finance": {RowEnd.DEFERRED: 3}}
    assert find_deferred([BUDGET, sample, both]) == {"tech", "finance"}
    assert list(describe_deferred([BUDGET, sample], tables)) == [
        "8 leads are deferred by a budget: raise the budget",
        "3 leads are deferred until a person has looked at their sample: look, then approve",
    ]
    # Whoever waits for both needs the person first.
    (said,) = describe_deferred([BUDGET, sample, both], tables)
    assert said.startswith("11 leads are deferred until a person has looked")
