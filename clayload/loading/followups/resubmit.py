"""Which run do these corrected rows belong to?

In:    files that an export made and a person corrected, or a run that the person names.
Out:   a load request: for the run's own cycle, as its child.
Never: a guess between several runs: their cycles, and so what is owed, may differ.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from clayload.account.extract_summary import ExtractSummary
from clayload.errors import Code, StopExtractError
from clayload.extracts.open import open_extract
from clayload.folder import writing_to
from clayload.frames.returned import RUN_COLUMN, Returned, read_runs
from clayload.ledger.books.runs import find_run
from clayload.loading.intake.request import LoadRequest
from clayload.setup import Setup


def request_resubmit(files: Sequence[str], run_id: str | None, setup: Setup) -> LoadRequest:
    """Ask for a load of corrected rows, as a child of the run that had set them aside.

    Raises:
        StopExtractError: the files cannot be read, or do not say which run they belong to.
        RunError: the ledger knows no such run.
    """
    chosen = choose_run(_read_runs(files, setup), run_id)
    parent = find_run(setup.ledger, chosen)
    return LoadRequest(
        tuple(files),
        cycle=parent.cycle,
        priority=parent.own_priority,
        parent_run_id=parent.run_id,
        hints=ExtractSummary.model_validate_json(parent.extract_summary).hints,
    )


def _read_runs(files: Sequence[str], setup: Setup) -> tuple[str, ...]:
    with writing_to(Path(tempfile.gettempdir()), hint="free some space, or set TMPDIR"):
        folder = tempfile.TemporaryDirectory(prefix="clayload-resubmit-")
    with folder as path:
        return read_runs(Returned(open_extract(files, setup.aliases, Path(path))))


def choose_run(named: Sequence[str], asked: str | None) -> str:
    """Choose the run that rows belong to, by those they name and the one a person names.

    Raises:
        StopExtractError: RESUBMIT_UNCLEAR: none, several, or another than asked for.
    """
    if len(named) > 1:
        raise _refuse(
            f"the rows belong to {len(named)} runs: {', '.join(named)}",
            f"make a file for each value of {RUN_COLUMN}, and resubmit one after the other",
        )
    if asked is None and not named:
        raise _refuse(
            f"no row says in a column {RUN_COLUMN} which run it belongs to",
            "name it: `clayload resubmit FILE --run RUN` (`clayload status` shows the newest)",
        )
    if named and asked not in (None, named[0]):
        raise _refuse(
            f"the rows belong to run {named[0]}, not to {asked}",
            f"leave --run out, or empty the column {RUN_COLUMN} if you know better",
        )
    return asked or named[0]


def _refuse(what: str, hint: str) -> StopExtractError:
    return StopExtractError(Code.RESUBMIT_UNCLEAR, what, hint=hint)
