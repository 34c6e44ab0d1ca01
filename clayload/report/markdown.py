"""How does the run report look to a person?

In:    a run report.
Out:   markdown, for the Prefect artifact and the file in the run folder.
Never: a lead's data beyond its key, and a slot by anything but its name.
"""

from __future__ import annotations

from collections.abc import Iterable

from clayload.account.deferral import describe_deferral
from clayload.account.run_report import RunReport
from clayload.model import RowEnd
from clayload.report.grids import (
    LISTED_LEADS,
    SAVINGS_TITLE,
    SAVINGS_WORDS,
    Grid,
    render_books,
    render_leads,
    render_reasons,
    render_savings,
    render_slots,
    render_tables,
)


def render_report(report: RunReport, *, with_keys: bool, page: str | None = None) -> str:
    """Render the whole report; `page` says in markdown where its page with plots is.

    Without keys, leads are spoken of by row number: so nothing personal goes to the orchestrator.
    """
    title = describe_deferral(report.problems, report.tables)
    sections = [
        f"# Load {report.cycle}: {report.outcome}",
        f"**Next:** {report.next_step}.",
        *([f"**With plots:** {page}"] if page else []),
        _render_facts(report),
        *_render_problems(report),
        *_render_warnings(report),
        *_render_samples(report),
        "## The books",
        render_grid(render_books(report)),
        "## Tables",
        render_grid(render_tables(report)),
        "## Webhook slots",
        render_grid(render_slots(report)),
        *_render_reasons(report),
        *_render_savings(report),
        *_render_leads("Refused by Clay", report, RowEnd.REFUSED, with_keys=with_keys),
        *_render_leads("In doubt", report, RowEnd.IN_DOUBT, with_keys=with_keys),
        *_render_leads(title, report, RowEnd.DEFERRED, with_keys=with_keys),
        *_render_columns(report),
    ]
    return "\n\n".join(sections) + "\n"


def _render_facts(report: RunReport) -> str:
    rate = report.n_delivered / report.duration_s if report.duration_s else 0.0
    return (
        f"Run `{report.run_id}` of {', '.join(f'`{name}`' for name in report.extract.files)} "
        f"(extract `{report.extract_id}`): {report.n_delivered:,} delivered in "
        f"{report.duration_s:,.1f} s ({rate:.1f}/s)."
    )


def _render_problems(report: RunReport) -> Iterable[str]:
    if report.problems:
        yield "## What stopped"
        yield "\n".join(
            f"- `{p.code}` {escape(p.table)}: {escape(p.message)}. **Next:** {escape(p.hint)}."
            for p in report.problems
        )


def _render_warnings(report: RunReport) -> Iterable[str]:
    if report.warnings:
        yield "## Running out soon"
        yield "\n".join(f"- {escape(warning)}." for warning in report.warnings)


def _render_samples(report: RunReport) -> Iterable[str]:
    if report.samples:
        yield "## Samples"
        yield "\n".join(f"- {escape(sample.describe())}." for sample in report.samples)


def _render_reasons(report: RunReport) -> Iterable[str]:
    reasons = report.extract.quarantine_reasons
    if reasons:
        yield "## Quarantine by reason"
        yield (
            "A lead can have several reasons. Get them into a spreadsheet with "
            f"`clayload quarantine export {report.run_id}`, and what is corrected there back with "
            "`clayload resubmit`."
        )
        yield render_grid(render_reasons(report))


def _render_savings(report: RunReport) -> Iterable[str]:
    if savings := report.extract.savings:
        yield f"## {SAVINGS_TITLE}"
        yield SAVINGS_WORDS
        yield render_grid(render_savings(savings))


def _render_leads(title: str, report: RunReport, end: RowEnd, *, with_keys: bool) -> Iterable[str]:
    leads, n = report.leads_of(end), report.ends[end]
    if not leads:
        return
    yield f"## {title}"
    yield render_grid(render_leads(leads, with_keys=with_keys))
    if n > LISTED_LEADS:
        yield f"... and {n - LISTED_LEADS:,} more: `clayload status {report.run_id} --json`."


def _render_columns(report: RunReport) -> Iterable[str]:
    sentences = [escape(sentence) for sentence in report.extract.describe_columns()]
    if sentences:
        yield "## About the extract"
        yield "\n".join(f"- {sentence}" for sentence in sentences)


def render_grid(grid: Grid) -> str:
    """Render a markdown table; cells are escaped."""
    n_plain = len(grid.rows) - grid.n_totals
    totals = [
        [f"**{escape(cell)}**" if cell else "" for cell in row] for row in grid.rows[n_plain:]
    ]
    rows = [[escape(cell) for cell in row] for row in grid.rows[:n_plain]]
    header = [escape(cell) for cell in grid.header]
    lines = [header, ["---"] * len(header), *rows, *totals]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def escape(cell: str) -> str:
    """Write text so that markdown takes none of it for markup of a table or of HTML."""
    return cell.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")
