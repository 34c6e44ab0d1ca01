"""How does the run report look to a person?

In:    a run report.
Out:   markdown, for the Prefect artifact and the file in the run folder.
Never: a lead's data beyond its key, and a slot by anything but its name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from clayload.ledger.books import LeadRow
from clayload.model import RowEnd
from clayload.report.account import RunReport

_LISTED_LEADS = 50


def render_report(report: RunReport, *, with_keys: bool) -> str:
    """Render the whole report.

    Without keys, leads are spoken of by row number: so nothing personal goes to the orchestrator.
    """
    sections = [
        f"# Load {report.cycle}: {report.outcome}",
        f"**Next:** {report.next_step}.",
        _render_facts(report),
        *_render_problems(report),
        *_render_warnings(report),
        "## The books",
        _render_books(report),
        "## Tables",
        render_tables(report),
        "## Webhook slots",
        _render_slots(report),
        *_render_reasons(report),
        *_render_leads("Refused by Clay", report.refused, with_keys=with_keys),
        *_render_leads("In doubt", report.in_doubt, with_keys=with_keys),
        *_render_columns(report),
    ]
    return "\n\n".join(sections) + "\n"


def _render_facts(report: RunReport) -> str:
    rate = report.n_delivered / report.duration_s if report.duration_s else 0.0
    return (
        f"Run `{report.run_id}` of {', '.join(f'`{name}`' for name in report.reading.files)} "
        f"(extract `{report.extract_id}`): {report.n_delivered:,} delivered in "
        f"{report.duration_s:,.1f} s ({rate:.1f}/s)."
    )


def _render_books(report: RunReport) -> str:
    rows = [[end.value, f"{n:,}"] for end, n in report.ends.items()]
    total = [["**sum of the parts**", f"**{sum(report.ends.values()):,}**"]]
    read = [["**rows read**", f"**{report.reading.n_rows:,}**"]]
    return render_table(["end", "rows"], [*rows, *total, *read])


def render_tables(report: RunReport) -> str:
    """Render the leads of each Clay table by end."""
    columns = [
        RowEnd.DELIVERED,
        RowEnd.ALREADY_DELIVERED,
        RowEnd.REFUSED,
        RowEnd.IN_DOUBT,
        RowEnd.PENDING,
    ]
    rows = [
        [name, *(f"{ends.get(end, 0):,}" for end in columns)]
        for name, ends in report.tables.items()
    ]
    return render_table(["table", *columns], rows)


def _render_slots(report: RunReport) -> str:
    rows = [
        [
            slot.table,
            slot.slot,
            f"{slot.used_by_run:,}",
            f"{slot.used:,} of {slot.safe_limit:,}",
            f"{slot.used / slot.safe_limit:.0%}",
            f"{slot.state} {slot.reason}".strip(),
        ]
        for slot in report.slots
    ]
    return render_table(["table", "slot", "this run", "used", "% used", "state"], rows)


def _render_problems(report: RunReport) -> Iterable[str]:
    if report.problems:
        yield "## What stopped"
        yield "\n".join(
            f"- `{p.code}` {_escape(p.table)}: {_escape(p.message)}. **Next:** {_escape(p.hint)}."
            for p in report.problems
        )


def _render_warnings(report: RunReport) -> Iterable[str]:
    if report.warnings:
        yield "## Running out soon"
        yield "\n".join(f"- {_escape(warning)}." for warning in report.warnings)


def _render_reasons(report: RunReport) -> Iterable[str]:
    reasons = report.reading.quarantine_reasons
    if reasons:
        yield "## Quarantine by reason"
        yield (
            "A lead can have several reasons. Get them into a spreadsheet with "
            f"`clayload quarantine export {report.run_id}`, and what is corrected there back with "
            "`clayload resubmit`."
        )
        ranked = sorted(reasons.items(), key=lambda item: -item[1])
        yield render_table(["reason", "leads"], [[name, f"{n:,}"] for name, n in ranked])


def _render_leads(title: str, leads: Sequence[LeadRow], *, with_keys: bool) -> Iterable[str]:
    if not leads:
        return
    yield f"## {title}"
    header = ["row", "table", "slot", "status", "attempts", "reason"]
    rows = [
        [
            f"{lead.row_number}",
            lead.table,
            lead.slot or "",
            f"{lead.status or ''}",
            f"{lead.n_attempts}",
            lead.reason or "",
        ]
        for lead in leads[:_LISTED_LEADS]
    ]
    if with_keys:
        header += ["lead_key", "answer"]
        rows = [
            [*row, lead.lead_key, lead.body or ""] for row, lead in zip(rows, leads, strict=False)
        ]
    yield render_table(header, rows)
    if len(leads) > _LISTED_LEADS:
        yield f"... and {len(leads) - _LISTED_LEADS:,} more: `clayload status --json`."


def _render_columns(report: RunReport) -> Iterable[str]:
    sentences = [_escape(sentence) for sentence in report.reading.describe_columns()]
    if sentences:
        yield "## About the extract"
        yield "\n".join(f"- {sentence}" for sentence in sentences)


def render_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Render a markdown table; cells are escaped."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(_escape(cell) for cell in line) + " |" for line in lines)


def _escape(cell: str) -> str:
    return cell.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")
