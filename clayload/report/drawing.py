"""How do figures look as a drawing of their own?

In:    figures, as they are drawn for a page.
Out:   one SVG document, figure below figure, each under its title; light or dark as its reader is.
Never: a script, or an address outside the document.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files

from markupsafe import Markup, escape

from clayload.report.plots import Figure

_VIEW_BOX = re.compile(r'^<svg viewBox="0 0 (\d+(?:\.\d+)?) (\d+(?:\.\d+)?)"')
_LONG_FIGURE = re.compile(r"\d+\.\d{2,}")
_TITLE_PX, _EDGE_PX = 34, 12
_STYLE = '.title { font: 15px Arial, "Liberation Sans", Helvetica, sans-serif; fill: var(--ink); }'


def join_figures(title: str, figures: Sequence[Figure]) -> Markup:
    """Join figures into one document.

    Raises:
        ValueError: a figure is none of ours.
    """
    sizes = [_read_size(figure) for figure in figures]
    width = max((wide for wide, _ in sizes), default=0.0) + 2 * _EDGE_PX
    height = sum(high + _TITLE_PX for _, high in sizes) + _EDGE_PX
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}" role="img"><title>{escape(title)}</title>'
        f"<style>{_read_colours()}{_STYLE}</style>"
        '<rect width="100%" height="100%" fill="var(--paper)"/>'
    )
    # Titles are escaped here, and the figures by who drew them.
    return Markup(head + "".join(_place(figures, sizes)) + "</svg>\n")  # noqa: S704


def _place(figures: Sequence[Figure], sizes: Sequence[tuple[float, float]]) -> Iterator[str]:
    top = 0.0
    for figure, (width, height) in zip(figures, sizes, strict=True):
        middle = top + _TITLE_PX * 0.7
        yield f'<text class="title" x="{_EDGE_PX}" y="{middle:g}">{escape(figure.title)}</text>'
        place = f'x="{_EDGE_PX}" y="{top + _TITLE_PX:g}" width="{width:g}" height="{height:g}" '
        yield _round(str(figure.svg)).replace("<svg ", f"<svg {place}", 1)
        top += _TITLE_PX + height


def _round(svg: str) -> str:
    """Round to a tenth of a pixel: nobody sees more, and the file is a third as long."""
    return _LONG_FIGURE.sub(lambda found: f"{float(found[0]):.1f}", svg)


def _read_size(figure: Figure) -> tuple[float, float]:
    found = _VIEW_BOX.match(figure.svg)
    if found is None:
        message = f"the figure {figure.name} has no size"
        raise ValueError(message)
    return float(found[1]), float(found[2])


@cache
def _read_colours() -> str:
    return files("clayload.report").joinpath("colours.css").read_text("utf-8")
