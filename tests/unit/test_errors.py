"""Every error says what happened and what to do, and survives a process border whole."""

from __future__ import annotations

import pickle
import re
from collections.abc import Iterator

import pytest

from clayload import errors
from clayload.errors import ClayloadError, Code, ExitCode

EXIT_CODE_OF = {
    errors.ClayloadError: ExitCode.UNEXPECTED,
    errors.StopRunError: ExitCode.UNEXPECTED,
    errors.ConfigError: ExitCode.CONFIG,
    errors.PlanError: ExitCode.CONFIG,
    errors.LedgerError: ExitCode.LEDGER,
    errors.LedgerLostError: ExitCode.LEDGER,
    errors.LedgerConflictError: ExitCode.LEDGER,
    errors.RunError: ExitCode.UNBALANCED,
    errors.AnnounceError: ExitCode.UNREACHABLE,
    errors.StopExtractError: ExitCode.EXTRACT,
    errors.UnreadableExtractError: ExitCode.EXTRACT,
    errors.ContractError: ExitCode.EXTRACT,
    errors.StopTableError: ExitCode.PENDING,
    errors.CapacityExhaustedError: ExitCode.PENDING,
    errors.BudgetExhaustedError: ExitCode.DEFERRED,
    errors.ApprovalRequiredError: ExitCode.DEFERRED,
    errors.SlotRejectedError: ExitCode.PENDING,
    errors.RetryChunkError: ExitCode.PENDING,
    errors.DestinationDownError: ExitCode.UNREACHABLE,
}
REACHES = (
    errors.StopRunError,
    errors.StopExtractError,
    errors.StopTableError,
    errors.RetryChunkError,
)


def kinds_of(kind: type[ClayloadError]) -> Iterator[type[ClayloadError]]:
    yield kind
    for narrower in kind.__subclasses__():
        yield from kinds_of(narrower)


# The package's own: a test elsewhere may define an error of its own.
KINDS = [kind for kind in kinds_of(ClayloadError) if kind.__module__ == errors.__name__]


def make(kind: type[ClayloadError]) -> ClayloadError:
    return kind(
        Code.TABLE_FULL,
        "the Clay table is full",
        hint="split the table",
        table="outbound-leads-tech",
        n_left=0,
        nearest=None,
        problems=("first", "second"),
    )


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_survives_pickling_whole(kind: type[ClayloadError]) -> None:
    error = make(kind)
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert type(copy) is kind
    assert copy.code is Code.TABLE_FULL
    assert (copy.message, copy.hint) == (error.message, error.hint)
    assert copy.facts == error.facts
    assert copy.facts["problems"] == ("first", "second")
    assert (str(copy), copy.args, copy.exit_code) == (str(error), error.args, error.exit_code)


def test_every_class_has_the_exit_code_of_its_reach() -> None:
    assert {kind: kind.exit_code for kind in KINDS} == EXIT_CODE_OF


@pytest.mark.parametrize("kind", KINDS)
def test_the_text_is_one_line_with_code_message_and_next_step(kind: type[ClayloadError]) -> None:
    assert str(make(kind)) == "CLY-CAP-02 the Clay table is full. Next: split the table"


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind is not ClayloadError])
def test_every_class_says_how_far_its_stop_reaches(kind: type[ClayloadError]) -> None:
    assert sum(issubclass(kind, reach) for reach in REACHES) == 1


@pytest.mark.parametrize("code", Code)
def test_a_code_has_the_form_of_a_runbook_heading(code: Code) -> None:
    assert re.fullmatch(r"CLY-[A-Z]{3}-\d\d", code)


def test_exit_codes_leave_the_shells_own_alone() -> None:
    # 126 to 128 mean that the shell could not run the command, 128 + n that signal n ended it.
    taken = {code.value for code in ExitCode} & set(range(126, 256))
    assert taken == {ExitCode.INTERRUPTED, ExitCode.TERMINATED} == {128 + 2, 128 + 15}
