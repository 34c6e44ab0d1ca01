"""What happened to one lead, over all runs, from the file it came in to Clay's last answer?

In:    an e-mail address or a lead_key; the ledger, and the run folders it knows of.
Out:   the lead's story in time order, how it stands, and what can be done next.
Never: a write; and no "unknown" without saying where was looked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

import polars as pl
from pydantic import BaseModel, ConfigDict

from clayload.errors import Code, RunError
from clayload.frames.aside import ASIDE_FILES
from clayload.ledger.left import find_left
from clayload.ledger.runs import RunRow, list_all
from clayload.ledger.states import SubmissionState
from clayload.ledger.story import Past, Standing, Story, count_submissions, read_story
from clayload.loading.run_folder import find_run_folder
from clayload.loading.set_aside import KeyReader, SetAside, find_set_aside
from clayload.loading.settle import read_problems
from clayload.loading.setup import Setup
from clayload.model import RowEnd
from clayload.report.account import Problem, Reading
from clayload.report.deferral import find_deferred
from clayload.report.moments import describe_moment

_MAIL = ("email",)


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True)


class Happening(_Told):
    """Something that happened to the lead; `at` is epoch seconds, UTC."""

    at: float
    run_id: str
    what: str


class Stand(_Told):
    """How the lead stands in one table and cycle."""

    table: str
    cycle: str
    lead_key: str
    state: str
    slot: str
    status: int | None
    reason: str
    body: str
    n_attempts: int
    updated_at: float


class LeadStory(_Told):
    """All that is known of a lead; `not_searched` says where nobody could look."""

    lead: str
    happenings: tuple[Happening, ...]
    stands: tuple[Stand, ...]
    next_steps: tuple[str, ...]
    not_searched: tuple[str, ...]


def trace_lead(lead: str, setup: Setup) -> LeadStory:
    """Tell the story of a lead; reads only.

    Raises:
        RunError: LEAD_UNKNOWN, with what was searched.
    """
    runs = {run.run_id: run for run in list_all(setup.ledger)}
    keys = KeyReader.of(setup.aliases, {table.key for table in setup.config.tables.values()})
    search = _Search(setup, keys, keys.read(lead))
    folders = {run.run_id: search.folder_of(run) for run in runs.values()}
    wanted = search.wanted | search.keys_by_mail(folders.values())
    left = find_left(setup.ledger, setup.departures_folder)
    found = read_story(setup.ledger, wanted, left)
    aside = [(run, one) for run in runs.values() for one in search.set_aside(folders[run.run_id])]
    told = [
        Happening(at=run.started_at, run_id=run.run_id, what=_describe_aside(one))
        for run, one in aside
    ]
    happenings = sorted([*told, *_tell_ledger(found, runs)], key=lambda one: one.at)
    if not happenings:
        raise _unknown(lead, setup, search, len(runs))
    return LeadStory(
        lead=lead,
        happenings=tuple(happenings),
        stands=tuple(_describe_stand(one) for one in found.standing),
        next_steps=tuple(_list_next_steps(found, aside, runs)),
        not_searched=tuple(search.not_searched),
    )


class _Search:
    """A search through run folders, some of which may be gone."""

    def __init__(self, setup: Setup, keys: KeyReader, wanted: frozenset[str]) -> None:
        self.wanted = wanted
        self.not_searched: list[str] = []
        self._setup = setup
        self._keys = keys

    def folder_of(self, run: RunRow) -> Path | None:
        """Find a run's folder; one that is gone is noted."""
        try:
            return find_run_folder(run, self._setup, *self._names())
        except RunError as error:
            self.not_searched.append(error.message)
            return None

    def set_aside(self, folder: Path | None) -> Sequence[SetAside]:
        """Look through what a run set aside; what cannot be read is noted."""
        if folder is None:
            return ()
        try:
            return find_set_aside(folder, self._keys, self.wanted)
        except (OSError, pl.exceptions.PolarsError) as error:
            self.not_searched.append(f"what lies in {folder}: {str(error).splitlines()[0]}")
            return ()

    def _names(self) -> list[str]:
        """Name the files that are looked through, for runs that keep them elsewhere."""
        tables = sorted(self._by_other_key())
        return [*ASIDE_FILES, *(f"{name}/*.parquet" for name in tables)]

    def _by_other_key(self) -> frozenset[str]:
        """Name the tables whose key is not the address, but which hold it."""
        tables = self._setup.config.tables.items()
        return frozenset(
            name for name, table in tables if table.key != _MAIL and "email" in table.send
        )

    def keys_by_mail(self, folders: Collection[Path | None]) -> frozenset[str]:
        """Find the lead_keys of an address in tables whose key is something else."""
        paths = [
            path
            for folder in folders
            if folder is not None
            for name in sorted(self._by_other_key())
            for path in sorted((folder / name).glob("*.parquet"))
        ]
        return frozenset(key for path in paths for key in self._keys_in(path))

    def _keys_in(self, path: Path) -> list[str]:
        rows = pl.scan_parquet(path)
        try:
            found = rows.filter(pl.col("email").is_in(sorted(self.wanted))).select("lead_key")
            return found.collect().to_series().to_list()
        except (OSError, pl.exceptions.PolarsError) as error:
            self.not_searched.append(f"{path}: {str(error).splitlines()[0]}")
            return []


def _describe_aside(one: SetAside) -> str:
    not_sent = "" if one.end is RowEnd.DUPLICATE else ", not sent"
    return f"line {one.line} of {one.file}: {one.end}{not_sent}: {one.why}"


def _tell_ledger(story: Story, runs: Mapping[str, RunRow]) -> Iterator[Happening]:
    """Tell what the ledger knows; what happened at one moment in the order of the walk."""
    standing = {one.submission_id: one for one in story.standing}
    for one in story.registered:
        run = runs[one.run_id]
        what = _describe_reading(run, one.row_number, standing[one.submission_id])
        yield Happening(at=run.started_at, run_id=run.run_id, what=what)
    for past in story.past:
        what = f"{standing[past.submission_id].table}: {_describe_answer(past.what, past)}"
        yield Happening(at=past.at, run_id=past.run_id or "", what=what)
    for now in story.standing:
        if now.state != SubmissionState.PENDING:
            what = f"{now.table}: {_describe_answer(now.state, now)}"
            yield Happening(at=now.updated_at, run_id=now.run_id or "", what=what)


def _describe_reading(run: RunRow, row_number: int, standing: Standing) -> str:
    files = " + ".join(Reading.model_validate_json(run.preparation).files)
    of_parent = f" of run {run.parent_run_id}" if run.parent_run_id else ""
    kind = "read" if run.kind == "load" else f"{run.kind}{of_parent}"
    return (
        f"{kind}: row {row_number} of {files}, for table {standing.table}, cycle {standing.cycle}"
    )


_WORDS = {
    SubmissionState.SENDING: "granted; the answer is awaited",
    SubmissionState.IN_DOUBT: "in doubt",
    "retry": "not taken, still owed",
}


def _describe_answer(what: str, answer: Past | Standing) -> str:
    """Say an answer in words: what it meant, through which slot, what Clay said."""
    if what == "replayed":
        return answer.reason or what
    through = f" through {answer.slot}" if answer.slot else ""
    status = f" ({answer.status})" if answer.status else ""
    if what == SubmissionState.SENDING:
        return _WORDS[SubmissionState.SENDING] + through
    said = [text for text in (answer.reason, answer.body) if text]
    return f"{_WORDS.get(what, what)}{through}{status}" + (f": {'; '.join(said)}" if said else "")


def _describe_stand(now: Standing) -> Stand:
    return Stand(
        table=now.table,
        cycle=now.cycle,
        lead_key=now.lead_key,
        state=now.state,
        slot=now.slot or "",
        status=now.status,
        reason=now.reason or "",
        body=now.body or "",
        n_attempts=now.n_attempts,
        updated_at=now.updated_at,
    )


def _list_next_steps(
    story: Story, aside: Sequence[tuple[RunRow, SetAside]], runs: Mapping[str, RunRow]
) -> Iterator[str]:
    """Say what can be done: for each submission, or, if nothing was ever owed, for the last row."""
    last_run_of = {one.submission_id: one.run_id for one in story.registered}
    for now in story.standing:
        step = _next_step(now, runs[last_run_of[now.submission_id]])
        yield f"{now.table}, cycle {now.cycle}: {step}"
    if not story.standing:
        run, last = aside[-1]
        yield _next_step_aside(last.end, run.run_id)


def _next_step(now: Standing, run: RunRow) -> str:
    match SubmissionState(now.state):
        case SubmissionState.PENDING:
            deferral = _find_deferral(now, run)
            if deferral is None:
                return "it is still owed: run the same load again"
            return f"deferred: {deferral.message}; {deferral.hint}"
        case SubmissionState.SENDING:
            deadline = describe_moment(now.give_up_at or now.updated_at)
            return f"wait for its answer; without one it is in doubt from {deadline} on"
        case SubmissionState.DELIVERED:
            return "nothing: Clay took it"
        case SubmissionState.REFUSED:
            return f"mend what Clay refused, then `clayload replay {run.run_id} --refused`"
        case SubmissionState.IN_DOUBT:
            return (
                "look for its lead_key in the Clay table; only if it is not there: "
                f"`clayload replay {run.run_id} --in-doubt`"
            )


def _find_deferral(now: Standing, run: RunRow) -> Problem | None:
    """Find the budget that stopped the lead's table in the last run that had it, if one did."""
    problems = read_problems(run)
    if now.table not in find_deferred(problems):
        return None
    return next(problem for problem in problems if problem.table == now.table)


def _next_step_aside(end: RowEnd, run_id: str) -> str:
    if end is RowEnd.QUARANTINED:
        return f"correct it: `clayload quarantine export {run_id}`, then `clayload resubmit`"
    if end is RowEnd.UNROUTED:
        return "give it a table whose filter takes it, then run the same load again"
    if end is RowEnd.SUPPRESSED:
        return (
            "nothing, if that is meant; else take it off the list, or mend the table's suppress in "
            "tables.yaml, and run the same load again"
        )
    return "nothing: the row it repeats stands for it"


def _unknown(lead: str, setup: Setup, search: _Search, n_runs: int) -> RunError:
    n = count_submissions(setup.ledger)
    keys = " and ".join(f"'{key}'" for key in sorted(search.wanted)) or "nothing"
    gone = f", but for {len(search.not_searched)} that are gone" if search.not_searched else ""
    return RunError(
        Code.LEAD_UNKNOWN,
        f"no run had the lead '{lead}': looked for {keys} among the keys of {n:,} submissions, and "
        f"in what {n_runs:,} runs set aside{gone}",
        hint="check its spelling; a table whose key is not the address knows it by its lead_key, "
        "and a row left out by --limit or --table leaves no trace",
        lead=lead,
    )
