"""How do results look on a terminal?

In:    reports, plans, errors.
Out:   rich tables on standard output, errors and progress on standard error.
Never: a computation; what is shown is what the other rooms say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import JustifyMethod
from rich.table import Table
from rich.text import Text

from clayload.account.extract_summary import ExtractSummary
from clayload.account.run_report import RunReport
from clayload.cli.console import out
from clayload.ledger.books.pauses import Pause
from clayload.ledger.books.traffic import WorkspaceUse
from clayload.model import RowEnd
from clayload.report.grids import SAVINGS_TITLE, TABLE_ENDS, Grid, render_savings
from clayload.report.moments import describe_pause, describe_seconds

if TYPE_CHECKING:
    # Only a type here: what plans a load takes half a second to import.
    from clayload.capacity.load_plan import LoadPlan


_SHOWN_LEADS = 20
_SHOWN_CHARACTERS = 60


def print_grid(header: Sequence[str], rows: Iterable[Sequence[object]], title: str = "") -> None:
    """Print a table; figures to the right."""
    grid = _begin_grid(title)
    rows = [list(row) for row in rows]
    for index, name in enumerate(header):
        is_figure = all(isinstance(row[index], int) for row in rows)
        grid.add_column(name, justify="right" if is_figure else "left", overflow="fold")
    for row in rows:
        grid.add_row(*(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row))
    out.print(grid)


def print_figures(figures: Grid, title: str) -> None:
    """Print a table of a report, whose cells are text already; figures to the right."""
    grid = _begin_grid(title)
    for index, name in enumerate(figures.header):
        justify: JustifyMethod = "right" if figures.is_figure(index) else "left"
        grid.add_column(name, justify=justify, overflow="fold")
    for row in figures.rows:
        grid.add_row(*row)
    out.print(grid)


def print_points(sentences: Iterable[str]) -> None:
    """Print sentences as points, each with its later lines below its first."""
    points = Table.grid(padding=(0, 1))
    for sentence in sentences:
        points.add_row("-", sentence)
    if points.row_count:
        out.print(points)


def _begin_grid(title: str) -> Table:
    return Table(
        title=title or None,
        title_justify="left",
        title_style="bold",
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )


def print_report(report: RunReport) -> None:
    """Print a run report."""
    rate = report.n_delivered / report.duration_s if report.duration_s else 0.0
    parent = f" ({report.kind} of run {report.parent_run_id})" if report.parent_run_id else ""
    out.print(
        f"run {report.run_id}{parent}, cycle {report.cycle}: {report.n_delivered:,} delivered in "
        f"{describe_seconds(report.duration_s)} ({rate:.1f}/s)"
    )
    print_books(report)
    print_grid(
        ["table", *TABLE_ENDS],
        ([name, *(ends.get(end, 0) for end in TABLE_ENDS)] for name, ends in report.tables.items()),
    )
    print_slots(report)
    print_warnings(report.warnings)
    for sample in report.samples:
        out.print(Text("sample", style="bold"), sample.describe(), soft_wrap=True)
    print_children(report)
    print_extract(report.extract)
    if savings := report.extract.savings:
        print_figures(render_savings(savings), SAVINGS_TITLE)
    if report.extract.n_quarantined:
        out.print(f"to correct them: clayload quarantine export {report.run_id}", soft_wrap=True)
    _print_problems(report)
    _print_leads("in doubt", report, RowEnd.IN_DOUBT)
    _print_leads("refused by Clay", report, RowEnd.REFUSED)
    out.print(Text("outcome:", style="bold"), report.outcome)
    out.print(Text("next:", style="bold"), report.next_step)


def print_books(report: RunReport) -> None:
    """Print every row read under its end, and that the parts make the whole."""
    ends = report.ends
    print_grid(
        ["end", "rows"],
        [
            *([end, n] for end, n in ends.items()),
            ["sum of the parts", sum(ends.values())],
            ["rows read", report.extract.n_rows],
        ],
    )


def print_slots(report: RunReport) -> None:
    """Print the webhook slots, by name."""
    print_grid(
        ["table", "slot", "this run", "used", "safe limit", "% used", "state"],
        (
            [
                s.table,
                s.slot,
                s.used_by_run,
                s.used,
                s.safe_limit,
                f"{s.used / s.safe_limit:.1%}",
                f"{s.state} {s.reason}".strip(),
            ]
            for s in report.slots
        ),
    )


def print_children(report: RunReport) -> None:
    """Print which runs took up leads of this one, and what became of them."""
    for sentence in report.describe_children():
        out.print(sentence, soft_wrap=True)


def print_workspaces(workspaces: Sequence[WorkspaceUse]) -> None:
    """Print how fast each workspace may go and goes, and what last slowed it."""
    for use in workspaces:
        out.print(f"workspace {use.workspace}: {'; '.join(_describe_pace(use))}", soft_wrap=True)


def _describe_pace(use: WorkspaceUse) -> Iterator[str]:
    yield f"allowed now {use.allowed_per_s:.1f}/s of {use.rate_per_s:g}/s"
    yield f"sent in the last minute {use.achieved_per_s:.1f}/s, {use.n_rate_limited:,} answers 429"
    if use.slowed_at:
        ago = describe_seconds(max(use.now - use.slowed_at, 0.0))
        yield f"last slowed down {ago} ago, to {use.slowed_to:.0%} of the rate"
    if use.throttled_until > use.now:
        yield f"silent for another {describe_seconds(use.throttled_until - use.now)} after a 429"
    if use.paused_at is not None:
        yield describe_pause(Pause(use.workspace, use.paused_at, use.paused_because or ""))


def print_warnings(warnings: Iterable[str]) -> None:
    """Print what is near its end, and what to do."""
    for warning in warnings:
        out.print(Text("soon:", style="bold yellow"), warning, soft_wrap=True)


def print_extract(extract: ExtractSummary) -> None:
    """Print what the frames set aside, and why."""
    if extract.quarantine_reasons:
        reasons = sorted(extract.quarantine_reasons.items(), key=lambda item: -item[1])
        print_grid(["quarantined because", "leads"], reasons)
    for sentence in extract.describe_columns():
        out.print(sentence)


def print_plan(plan: LoadPlan) -> None:
    """Print a load plan."""
    # What says a plan takes half a second to import, too.
    from clayload.report.load_plan import describe_plan, describe_totals, describe_verdict  # noqa: PLC0415

    extract = plan.extract
    out.print(
        f"plan for cycle {plan.cycle}: {extract.describe_rows()}, {extract.n_left_out:,} left out\n"
    )
    for section in describe_plan(plan):
        print_figures(section.grid, section.title)
        print_points(section.sentences)
        out.print()
    print_extract(extract)
    out.print(f"{describe_totals(plan)}. {describe_verdict(plan)}.")
    print_points(plan.describe_lacks())


def _print_problems(report: RunReport) -> None:
    for problem in report.problems:
        out.print(Text(problem.code, style="bold red"), f"{problem.table}: {problem.message}")


def _clip(text: str) -> str:
    """Cut an answer of Clay's to what fits a table's cell; the report has the rest."""
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN_CHARACTERS else f"{line[:_SHOWN_CHARACTERS]}…"


def _print_leads(title: str, report: RunReport, end: RowEnd) -> None:
    leads, n = report.leads_of(end)[:_SHOWN_LEADS], report.ends[end]
    if not leads:
        return
    print_grid(
        ["row", "table", "lead_key", "slot", "status", "attempts", "reason", "answer"],
        (
            [
                ld.row_number,
                ld.table,
                ld.lead_key,
                ld.slot or "",
                f"{ld.status or ''}",
                ld.n_attempts,
                ld.reason or "",
                _clip(ld.body or ""),
            ]
            for ld in leads
        ),
        title=f"{n:,} {title}",
    )
    if n > len(leads):
        out.print(f"all {n:,}: clayload status {report.run_id} --json", soft_wrap=True)
