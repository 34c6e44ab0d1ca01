"""What must a person know of a run at a glance?

In:    a run report; how the run stands, if it was not closed.
Out:   a summary for one screen: the verdict, what needs a decision, where every row went.
Never: a lead; and never "run it again" while somebody works on the run.
"""

from __future__ import annotations

from collections.abc import Iterator

from clayload.account.deferral import describe_deferred, find_deferred
from clayload.account.run_report import RunReport
from clayload.account.standing import RunStanding
from clayload.errors import Code
from clayload.model import Outcome, RowEnd
from clayload.plural import count
from clayload.report.grids import Summary
from clayload.report.moments import describe_seconds
from clayload.report.run.progress import describe_progress, describe_stop
from clayload.report.run.run_grids import render_overview

_SHOWN_CHILDREN = 2


def render_run_summary(
    report: RunReport, standing: RunStanding | None = None, *notes: str
) -> Summary:
    """Give what a person should see first of a run; `notes` are of its surroundings."""
    return Summary(
        verdict=describe_run(report, standing),
        facts=(_describe_identity(report), report.extract.describe_rows()),
        decisions=tuple(list_decisions(report, standing)),
        grid=render_overview(report),
        notes=(*_describe_children(report), *notes),
        more=f"all of it: `clayload status {report.run_id} --details`",
    )


def _describe_children(report: RunReport) -> Iterator[str]:
    """Say what the first runs made of it that took up its leads, and how many more there are."""
    sentences = list(report.describe_children())
    yield from sentences[:_SHOWN_CHILDREN]
    if n_more := len(sentences[_SHOWN_CHILDREN:]):
        yield f"{n_more:,} more of these with `--details`"


def describe_run(report: RunReport, standing: RunStanding | None = None) -> str:
    """Say in a sentence what became of a run, or how far it is."""
    if standing is None:
        return f"{report.outcome}: {_describe_work(report)}"
    if standing.is_running:
        return f"running: {_describe_pace(report, standing)}"
    stop = describe_stop(standing.halted_by, standing.idle_s)
    return f"{stop}: {_describe_work(report)}"


def _describe_work(report: RunReport) -> str:
    """Say what was delivered, and how fast."""
    n, n_before = report.n_delivered, report.ends[RowEnd.ALREADY_DELIVERED]
    if not n:
        return f"no lead delivered{f'; {n_before:,} already delivered' if n_before else ''}"
    rate = f" ({n / report.duration_s:.1f}/s)" if report.duration_s else ""
    return f"{count(n, 'lead')} delivered in {describe_seconds(report.duration_s)}{rate}"


def _count_owed(report: RunReport) -> int:
    """Count the leads the run is to send still; those left out as asked are not among them."""
    return report.ends[RowEnd.PENDING] - report.extract.n_left_out


def _describe_pace(report: RunReport, standing: RunStanding) -> str:
    n_all = sum(
        n
        for of_table in report.tables.values()
        for end, n in of_table.items()
        if end is not RowEnd.ALREADY_DELIVERED
    )
    n_all += report.n_unwritten
    n_done = n_all - _count_owed(report)
    return describe_progress(n_done, n_all, standing.rate_per_s, standing.pause)


def _describe_identity(report: RunReport) -> str:
    parent = f" ({report.kind} of run {report.parent_run_id})" if report.parent_run_id else ""
    first, *others = report.extract.files or ("no file",)
    more = f" and {count(len(others), 'more file')}" if others else ""
    return f"run {report.run_id}{parent}, cycle {report.cycle}: {first}{more}"


def list_decisions(report: RunReport, standing: RunStanding | None = None) -> Iterator[str]:
    """List what waits for a person, a sentence with its next step each, the worst first."""
    if standing is None or not standing.is_running:
        yield from _list_stops(report)
        yield from _list_doubts(report)
    yield from _list_set_aside(report)
    yield from report.warnings


def _list_stops(report: RunReport) -> Iterator[str]:
    if report.outcome is Outcome.UNBALANCED:
        yield report.next_step
    deferred = find_deferred(report.problems)
    stops = [problem for problem in report.problems if problem.table not in deferred]
    yield from (f"{one.table}: {one.message}: {one.hint} ({one.code})" for one in stops)
    n = _count_owed(report)
    if n > 0 and not stops:
        yield f"{count(n, 'lead is', 'leads are')} still to be sent: run the same load again"
    yield from _list_deferred(report)


def _list_deferred(report: RunReport) -> Iterator[str]:
    """Say what waits for approval, with what its sample came to, and what for a budget."""
    waiting = [sample for sample in report.samples if sample.needs_approval]
    yield from (sample.describe() for sample in waiting)
    said = {(Code.SAMPLE_SENT, sample.table) for sample in waiting}
    others = [problem for problem in report.problems if (problem.code, problem.table) not in said]
    yield from describe_deferred(others, report.tables)


def _list_doubts(report: RunReport) -> Iterator[str]:
    if n := report.ends[RowEnd.IN_DOUBT]:
        are = count(n, "lead is", "leads are")
        look = f"`clayload replay {report.run_id} --in-doubt`"
        yield f"{are} in doubt: look for the keys in Clay; if they are not there, {look}"
    if n := report.ends[RowEnd.REFUSED]:
        were = count(n, "lead was", "leads were")
        yield f"{were} refused by Clay: fix them, then `clayload replay {report.run_id}`"


def _list_set_aside(report: RunReport) -> Iterator[str]:
    n_recovered = sum(child.n_recovered for child in report.children)
    if n_recovered >= report.extract.n_quarantined + report.extract.n_unrouted:
        return
    export = f"`clayload quarantine export {report.run_id}"
    if n := report.extract.n_quarantined:
        yield f"{count(n, 'row is', 'rows are')} quarantined: {export}`"
    if n := report.extract.n_unrouted:
        are = count(n, "row matches", "rows match")
        yield f"{are} no table's filter: {export} --unrouted`"


def describe_next_step(report: RunReport, standing: RunStanding | None) -> str:
    """Say what a person should do now; nothing, while somebody works on the run."""
    if standing is not None and standing.is_running:
        return "nothing: the run goes on by itself; `clayload doctor` says what holds it up"
    return report.next_step
