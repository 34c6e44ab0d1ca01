"""How is a figure drawn?

In:    a figure's marks, as a Vega-Lite specification without size, colours and type faces.
Out:   SVG text that takes its colours from the page, so that one drawing is light and dark.
Never: a script, an address, or a look at anything outside the specification.

vl-convert is imported where something is drawn: it starts a JavaScript engine of its own, which
takes half a second and 70 MB the first time, and a twentieth of a second for each figure after.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

_VEGA_LITE = "6.4"
_WIDTH_PX = 760
_ROW_PX, _MARGIN_PX = 24, 46
_LABEL_PX = 300
# On the left a browser's font may be wider than the one that the drawing was measured with.
_PADDING_PX = {"left": 24, "right": 5, "top": 5, "bottom": 5}
# Cut to a width by Vega itself, twenty names take a second; and names often differ at their end.
_CUT_IN_THE_MIDDLE = (
    "length(datum.value) > 36"
    " ? slice(datum.value, 0, 18) + '…' + slice(datum.value, -17) : datum.value"
)
ROOM_FOR_LABELS = 1.18
"""How much further than its greatest figure a scale goes, so that the label beside it fits."""
_OPENING_TAG = re.compile(r'<svg [^>]*viewBox="([^"]*)"[^>]*>')

Spec = dict[str, Any]
Row = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawing: `title` and `description` say in words what it shows, with the figures."""

    name: str
    title: str
    description: str
    svg: Markup


@dataclass(frozen=True, slots=True)
class Words:
    """What a figure is called (`name` within the page), and what it says to who cannot see it."""

    name: str
    title: str
    description: str


def draw(words: Words, rows: Sequence[Row], spec: Spec, height_px: int = 240) -> Figure:
    """Draw one figure of the page's width from rows of data.

    Raises:
        ValueError: the specification is not Vega-Lite.
    """
    import vl_convert  # noqa: PLC0415 - see above

    whole = {
        "data": {"values": list(rows)},
        "width": _WIDTH_PX,
        "height": height_px,
        "autosize": {"type": "fit", "contains": "padding"},
        "padding": _PADDING_PX,
        "background": "transparent",
        "config": _CONFIG,
        **spec,
    }
    svg = vl_convert.vegalite_to_svg(whole, vl_version=_VEGA_LITE)
    return Figure(words.name, words.title, words.description, _fit_into_page(svg, words))


def height_of_bars(n: int) -> int:
    """Tell how high a figure of `n` horizontal bars is, its axis included, in pixels."""
    return n * _ROW_PX + _MARGIN_PX


def label_bars(names: Sequence[str]) -> Spec:
    """Give the axis of horizontal bars: names in this order, cut where they are too long."""
    axis = {
        "labelExpr": _CUT_IN_THE_MIDDLE,
        "labelLimit": _LABEL_PX,
        "labelPadding": 6,
        "title": None,
        "ticks": False,
        "domain": False,
    }
    return {"field": "name", "type": "nominal", "sort": list(names), "axis": axis}


def _fit_into_page(svg: str, words: Words) -> Markup:
    """Give the drawing its words; namespaces have no meaning inside a page, and look like links."""
    found = _OPENING_TAG.match(svg)
    if found is None:
        message = "vl-convert gave no SVG"
        raise ValueError(message)
    about = f"{words.name}-description"
    opening = (
        f'<svg viewBox="{found[1]}" role="img" aria-label="{escape(words.title)}" '
        f'aria-describedby="{about}"><desc id="{about}">{escape(words.description)}</desc>'
    )
    return Markup(opening + svg[found.end() :])  # noqa: S704 - vl-convert and we have escaped it


# Colours are the page's CSS variables; Vega writes them into the SVG as they stand.
_CONFIG: Spec = {
    "aria": False,
    "font": "Arial, Liberation Sans, Helvetica, sans-serif",
    "view": {"stroke": None},
    "text": {"color": "var(--ink)", "fontSize": 12},
    "rule": {"color": "var(--ink)"},
    "axis": {
        "labelColor": "var(--ink)",
        "titleColor": "var(--ink)",
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "gridColor": "var(--line)",
        "domainColor": "var(--line)",
        "tickColor": "var(--line)",
    },
    "legend": {
        "labelColor": "var(--ink)",
        "labelFontSize": 12,
        "labelLimit": _LABEL_PX,
        "orient": "top",
        "title": None,
        "symbolType": "square",
    },
}
