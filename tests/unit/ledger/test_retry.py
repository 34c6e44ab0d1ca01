"""Work that failed for a moment is tried again, and other failures come out at once."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from clayload.errors import Code, LedgerConflictError
from clayload.ledger.database.retry import CONFLICT_ATTEMPTS, retry, retry_on_conflict


@dataclass(slots=True)
class Work:
    """Fails so often, then gives its number of attempts."""

    n_failures: int
    error: Exception
    n_attempts: int = 0

    def __call__(self) -> int:
        self.n_attempts += 1
        if self.n_attempts <= self.n_failures:
            raise self.error
        return self.n_attempts


def passes(error: Exception) -> bool:
    return isinstance(error, TimeoutError)


@pytest.mark.parametrize("n_failures", [0, 1, 4])
def test_work_that_fails_for_a_moment_is_done_in_the_end(n_failures: int) -> None:
    assert retry(Work(n_failures, TimeoutError()), on=passes) == n_failures + 1


def test_the_failure_of_the_last_attempt_comes_out() -> None:
    work = Work(9, TimeoutError())
    with pytest.raises(TimeoutError):
        retry(work, on=passes, attempts=3)
    assert work.n_attempts == 3


def test_after_its_time_no_other_attempt_begins() -> None:
    work = Work(9, TimeoutError())
    with pytest.raises(TimeoutError):
        retry(work, on=passes, timeout_s=-1.0)
    assert work.n_attempts == 1


def test_another_failure_comes_out_at_once() -> None:
    work = Work(9, PermissionError())
    with pytest.raises(PermissionError):
        retry(work, on=passes, attempts=3)
    assert work.n_attempts == 1


def test_a_conflict_is_tried_again_and_comes_out_of_the_last_attempt() -> None:
    work = Work(99, LedgerConflictError(Code.LEDGER_UNUSABLE, "others first", hint="wait"))
    with pytest.raises(LedgerConflictError):
        retry_on_conflict(work.__call__)()
    assert work.n_attempts == CONFLICT_ATTEMPTS
