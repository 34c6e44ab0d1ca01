"""How does the run report look to a person?

In:    a run report, or any section.
Out:   markdown, for the Prefect artifact and the file in the run folder.
Never: a lead's data beyond its key, and a slot by anything but its name.
"""

from __future__ import annotations

from clayload.account.run_report import RunReport
from clayload.report.grids import Grid, Section
from clayload.report.run.run_sections import render_run
from clayload.report.run.run_summary import describe_run


def render_report(report: RunReport, *, with_keys: bool, page: str | None = None) -> str:
    """Render the whole report; `page` says in markdown where its page with plots is.

    Without keys, leads are known by row number: so nothing personal goes to the orchestrator.
    """
    files = ", ".join(f"`{name}`" for name in report.extract.files)
    of_files = f"Run `{report.run_id}` of {files} (extract `{report.extract_id}`)"
    parts = [
        f"# Load {report.cycle}: {report.outcome}",
        f"**Next:** {report.next_step}.",
        *([f"**With plots:** {page}"] if page else []),
        f"{of_files}: {describe_run(report)}.",
        *map(render_section, render_run(report, with_keys=with_keys)),
    ]
    return "\n\n".join(parts) + "\n"


def render_section(section: Section) -> str:
    """Render a section: its heading, its grid, and its sentences as a list."""
    sentences = "\n".join(f"- {escape(sentence)}" for sentence in section.sentences)
    parts = [f"## {section.title}", render_grid(section.grid), sentences]
    return "\n\n".join(part for part in parts if part)


def render_grid(grid: Grid) -> str:
    """Render a markdown table; cells are escaped."""
    if not grid.header:
        return ""
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
