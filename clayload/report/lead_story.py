"""How is the story of a lead told: what happened, how it stands, what can be done?

In:    what the ledger and the run folders hold of it.
Out:   sentences, each with its moment and run.
Never: a guess: what is not known is not told.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from pydantic import BaseModel, ConfigDict

from clayload.account.deferral import find_deferred
from clayload.account.extract_summary import ExtractSummary
from clayload.account.problem import Problem, read_problems
from clayload.frames.find_set_aside import SetAside
from clayload.ledger.books.runs import RunRow
from clayload.ledger.books.story import Past, Story, SubmissionRow
from clayload.ledger.rules.states import MAX_ATTEMPTS, REPLAYABLE, SubmissionState
from clayload.model import RowEnd, RunKind
from clayload.report.moments import describe_moment


class StoryPart(BaseModel):
    """A part of a lead's story, in JSON as it is here."""

    model_config = ConfigDict(frozen=True)


class LeadEvent(StoryPart):
    """Something that happened to the lead; `at` is epoch seconds, UTC."""

    at: float
    run_id: str
    what: str


class SubmissionStatus(StoryPart):
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


def describe_set_aside(one: SetAside) -> str:
    """Say where a row stood that was set aside, and why it was."""
    not_sent = "" if one.end is RowEnd.DUPLICATE else ", not sent"
    return f"line {one.line} of {one.file}: {one.end}{not_sent}: {one.why}"


def list_events(story: Story) -> Iterator[LeadEvent]:
    """Tell what the ledger knows; what happened at one moment in the order of the walk."""
    submissions = {one.submission_id: one for one in story.submissions}
    for one in story.registered:
        run = story.runs[one.run_id]
        what = _describe_read(run, one.row_number, submissions[one.submission_id])
        yield LeadEvent(at=run.started_at, run_id=run.run_id, what=what)
    for past in story.past:
        what = f"{submissions[past.submission_id].table}: {_describe_answer(past.what, past)}"
        yield LeadEvent(at=past.at, run_id=past.run_id or "", what=what)
    for now in story.submissions:
        if now.state != SubmissionState.PENDING:
            what = f"{now.table}: {_describe_answer(now.state, now)}"
            yield LeadEvent(at=now.updated_at, run_id=now.run_id or "", what=what)


def _describe_read(run: RunRow, row_number: int, submission: SubmissionRow) -> str:
    files = " + ".join(ExtractSummary.model_validate_json(run.extract_summary).files)
    of_parent = f" of run {run.parent_run_id}" if run.parent_run_id else ""
    kind = "read" if run.kind is RunKind.LOAD else f"{run.kind}{of_parent}"
    at = f"row {row_number} of {files}"
    return f"{kind}: {at}, for table {submission.table}, cycle {submission.cycle}"


_GAVE_WAY = "nothing: a newer content of the lead takes its place"
_WORDS = {
    SubmissionState.SENDING: "granted; the answer is awaited",
    SubmissionState.IN_DOUBT: "in doubt",
    "retry": "not taken, still owed",
}


def _describe_answer(what: str, answer: Past | SubmissionRow) -> str:
    """Say an answer in words: what it meant, through which slot, what Clay said."""
    if what == "replayed":
        return answer.reason or what
    through = f" through {answer.slot}" if answer.slot else ""
    status = f" ({answer.status})" if answer.status else ""
    if what == SubmissionState.SENDING:
        return _WORDS[SubmissionState.SENDING] + through
    said = [text for text in (answer.reason, answer.body) if text]
    return f"{_WORDS.get(what, what)}{through}{status}" + (f": {'; '.join(said)}" if said else "")


def describe_status(now: SubmissionRow) -> SubmissionStatus:
    """Tell how a submission stands, for people and machines."""
    return SubmissionStatus(
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


def list_next_steps(
    story: Story, set_aside: Sequence[tuple[RunRow, SetAside]], resending: Collection[str] = ()
) -> Iterator[str]:
    """Say what can be done: for each submission, or, if nothing was ever owed, for the last row.

    `resending` are the tables that send leads in doubt again by themselves.
    """
    last_run_of = {one.submission_id: one.run_id for one in story.registered}
    for now in story.submissions:
        run = story.runs.get(last_run_of.get(now.submission_id, ""))
        # One that gave way to a newer content is in no run's books any more.
        step = _GAVE_WAY if run is None or _has_given_way(now) else _next_step(now, run, resending)
        yield f"{now.table}, cycle {now.cycle}: {step}"
    if not story.submissions:
        run, last = set_aside[-1]
        yield _next_step_set_aside(last.end, run.run_id)


def _has_given_way(now: SubmissionRow) -> bool:
    """Whether a load or a replay would have it sent, were it not for a newer content."""
    return not now.is_newest and now.state in (SubmissionState.PENDING, *REPLAYABLE)


def _next_step(now: SubmissionRow, run: RunRow, resending: Collection[str]) -> str:
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
            return f"fix what Clay refused, then `clayload replay {run.run_id} --refused`"
        case SubmissionState.IN_DOUBT:
            # As `ledger.owing.is_owed` has it.
            is_resent = now.table in resending and now.n_attempts < MAX_ATTEMPTS
            by_load = "the same load, run again, sends it again (`on_in_doubt: resend`); else "
            return (
                f"{by_load if is_resent else ''}look for its lead_key in the Clay table; only if "
                f"it is not there: `clayload replay {run.run_id} --in-doubt`"
            )


def _find_deferral(now: SubmissionRow, run: RunRow) -> Problem | None:
    """Find the budget that stopped the lead's table in the last run that had it, if one did."""
    problems = read_problems(run)
    if now.table not in find_deferred(problems):
        return None
    return next(problem for problem in problems if problem.table == now.table)


def _next_step_set_aside(end: RowEnd, run_id: str) -> str:
    if end is RowEnd.QUARANTINED:
        return f"correct it: `clayload quarantine export {run_id}`, then `clayload resubmit`"
    if end is RowEnd.UNROUTED:
        return "give it a table whose filter takes it, then run the same load again"
    if end is RowEnd.SUPPRESSED:
        return (
            "nothing, if that is meant; else take it off the list, or fix the table's suppress in "
            "tables.yaml, and run the same load again"
        )
    return "nothing: the row it repeats is sent in its place"
