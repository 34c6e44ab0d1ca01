"""What stopped a part of a run?

In:    an error, or what the ledger keeps of a run.
Out:   problems: code, table, sentence, next step; alike ones together.
Never: what an unforeseen error says, which may hold anything, even a secret.
"""

import logging
import traceback
from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict, TypeAdapter

from clayload.errors import ClayloadError, Code
from clayload.ledger.books.runs import RunRow

_log = logging.getLogger(__name__)


class Problem(BaseModel):
    """Something that stopped a table or a chunk: code, message, next step."""

    model_config = ConfigDict(frozen=True)

    code: str
    table: str
    message: str
    hint: str


def merge_problems(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """Keep one of each code and table: every chunk of a stopped table says the same."""
    first: Mapping[tuple[str, str], Problem] = {
        (problem.code, problem.table): problem for problem in reversed(problems)
    }
    return tuple(sorted(first.values(), key=lambda problem: (problem.table, problem.code)))


_PROBLEMS = TypeAdapter(tuple[Problem, ...])


def read_problems(run: RunRow) -> tuple[Problem, ...]:
    """Read what stopped a run on the way; nothing while it runs."""
    return _PROBLEMS.validate_json(run.problems or "[]")


def dump_problems(problems: Sequence[Problem]) -> str:
    """Give the JSON that the ledger keeps with a run, as `read_problems` reads it."""
    return _PROBLEMS.dump_json(tuple(problems)).decode()


def describe_problem(error: BaseException, table: str) -> Problem:
    """Put an error that stopped a chunk into the report's words."""
    if isinstance(error, ClayloadError):
        return Problem(code=error.code, table=table, message=error.message, hint=error.hint)
    # The type and the place only: what an unforeseen error says may hold anything, even a secret.
    place = "".join(traceback.format_tb(error.__traceback__))
    _log.error("unexpected %s in table %s, at\n%s", type(error).__name__, table, place)
    return Problem(
        code=Code.UNEXPECTED,
        table=table,
        message=f"unexpected {type(error).__name__}",
        hint="see the log, report it, and run the same load again: it resumes",
    )
