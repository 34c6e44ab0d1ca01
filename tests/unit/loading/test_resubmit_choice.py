"""Which run corrected rows belong to is read or said, never guessed."""

from __future__ import annotations

import pytest

from clayload.errors import Code, StopExtractError
from clayload.loading.followups.resubmit import choose_run


@pytest.mark.parametrize(
    ("named", "asked"), [(("run-1",), None), (("run-1",), "run-1"), ((), "run-1")]
)
def test_the_run_is_the_one_the_rows_or_the_person_name(
    named: tuple[str, ...], asked: str | None
) -> None:
    assert choose_run(named, asked) == "run-1"


@pytest.mark.parametrize(
    ("named", "asked", "next_step"),
    [
        ((), None, "--run RUN"),
        (("run-1", "run-2"), None, "one after the other"),
        (("run-1", "run-2"), "run-1", "one after the other"),
        (("run-1",), "run-2", "leave --run out"),
    ],
)
def test_rows_of_no_run_of_several_or_of_another_are_refused_with_what_to_do(
    named: tuple[str, ...], asked: str | None, next_step: str
) -> None:
    with pytest.raises(StopExtractError) as refused:
        choose_run(named, asked)
    assert refused.value.code is Code.RESUBMIT_UNCLEAR
    assert next_step in refused.value.hint
