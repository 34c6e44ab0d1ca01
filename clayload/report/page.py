"""How does a run report look as a page of its own?

In:    a run report, and how fast the run went.
Out:   one HTML file with plots, light and dark, for the screen and for paper.
Never: a script, an address outside the file, or a text that is not escaped: names come from
       files, answers from Clay.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from clayload.account.run_report import RunReport
from clayload.ledger.books.run_traffic import RunTraffic
from clayload.plural import count
from clayload.report.extract_sections import REASONS_TITLE
from clayload.report.figures import draw_figures
from clayload.report.grids import Grid
from clayload.report.moments import describe_moment, describe_seconds
from clayload.report.plots import Figure
from clayload.report.rate import cut_stretches
from clayload.report.rate_figure import describe_allowed, explain_no_figure
from clayload.report.run.run_sections import BOOKS_TITLE, SLOTS_TITLE, TABLES_TITLE, render_run

_CODE = re.compile(r"`([^`]+)`")
_FIGURE_OF = {
    BOOKS_TITLE: "ends",
    TABLES_TITLE: "tables",
    SLOTS_TITLE: "slots",
    REASONS_TITLE: "reasons",
}


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page: sentences, a figure and its figures as a table, each if there is one."""

    title: str
    sentences: tuple[str, ...] = ()
    figure: Figure | None = None
    grid: Grid | None = None
    is_folded: bool = False


@dataclass(frozen=True, slots=True)
class _Sources:
    report: RunReport
    traffic: RunTraffic
    figures: Mapping[str, Figure]


def render_page(report: RunReport, traffic: RunTraffic, *, with_keys: bool) -> str:
    """Render the whole page.

    Args:
        report: the account of the run.
        traffic: how fast it went, and what was allowed then.
        with_keys: name leads by their keys and give Clay's answers, besides row numbers.
    """
    figures = draw_figures(report, traffic)
    sources = _Sources(report, traffic, figures)
    return _template().render(
        report=report,
        facts=list(_list_facts(report, traffic)),
        sections=list(_list_sections(sources, with_keys=with_keys)),
    )


@cache
def _template() -> Template:
    rooms = Environment(
        loader=PackageLoader("clayload.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    rooms.filters["with_code"] = _mark_code
    return rooms.get_template("page.html.j2")


def _mark_code(sentence: str) -> Markup:
    """Escape a sentence; what stands between backticks is a command."""
    escaped = str(escape(sentence))
    return Markup(_CODE.sub(r"<code>\1</code>", escaped))  # noqa: S704 - escaped just before


def _list_facts(report: RunReport, traffic: RunTraffic) -> Iterator[tuple[str, str]]:
    rate = report.n_delivered / report.duration_s if report.duration_s else 0.0
    of_parent = f", of run {report.parent_run_id}" if report.parent_run_id else ""
    yield "run", f"{report.run_id} ({report.kind}{of_parent})"
    yield "files", ", ".join(report.extract.files)
    yield "extract", report.extract_id
    yield "began", describe_moment(traffic.started_at)
    yield "took", describe_seconds(report.duration_s)
    delivered = count(report.n_delivered, "lead")
    yield "delivered", f"{delivered}, {rate:,.1f} a second over the whole run"


def _list_sections(of: _Sources, *, with_keys: bool) -> Iterator[Section]:
    """Give the report's sections with their figures; the rate follows the books."""
    for section in render_run(of.report, with_keys=with_keys):
        figure = of.figures.get(_FIGURE_OF.get(section.title, ""))
        grid = section.grid if section.grid.header else None
        yield Section(section.title, section.sentences, figure, grid)
        if section.title == BOOKS_TITLE:
            yield _make_rate_section(of)


def _make_rate_section(of: _Sources) -> Section:
    figure = of.figures.get("rate")
    if figure is None:
        return Section("Rate", (explain_no_figure(of.traffic),))
    rows = [(s.begin, f"{s.n:,}", f"{s.per_s:,.1f}") for s in cut_stretches(of.traffic)]
    grid = Grid(("from", "leads sent", "a second"), tuple(rows))
    return Section("Rate", tuple(_describe_rate(of)), figure, grid, is_folded=True)


def _describe_rate(of: _Sources) -> Iterator[str]:
    traffic = of.traffic
    allowed = describe_allowed(traffic)
    yield (
        f"{allowed[0].upper()}{allowed[1:]}. Each lead counts when it was sent, by its last "
        "sending. After a silence a burst may leave at once, so a bar may be above the line."
    )
    if traffic.workspace_per_s is not None:
        yield (
            f"All loads of the workspace together: {traffic.workspace_per_s:,.1f} a second "
            "meanwhile."
        )
    if traffic.n_rate_limited:
        yield f"Clay answered 429 to {traffic.n_rate_limited:,} leads of the workspace meanwhile."
