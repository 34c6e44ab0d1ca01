"""Is a drawing of several figures one whole SVG, safe, light and dark?"""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from markupsafe import Markup

from clayload.report.drawing import join_figures
from clayload.report.plots import Figure, Words, draw

SVG = "{http://www.w3.org/2000/svg}"


def drawn(title: str) -> Figure:
    encoding = {"x": {"field": "x", "type": "quantitative"}}
    return draw(
        Words("one", title, "Two points."),
        [{"x": 1.23456}],
        {"mark": "point", "encoding": encoding},
    )


def test_figures_stand_below_each_other_and_fill_the_drawing() -> None:
    root = ET.fromstring(join_figures("two", [drawn("first"), drawn("second")]))  # noqa: S314 - ours
    figures = root.findall(f"{SVG}svg")
    tops = [float(figure.attrib["y"]) for figure in figures]
    heights = [float(figure.attrib["height"]) for figure in figures]
    assert len(figures) == 2
    assert tops[0] + heights[0] < tops[1]
    assert tops[1] + heights[1] < float(root.attrib["height"])


def test_titles_are_escaped() -> None:
    drawing = join_figures("<b> & co", [drawn("a < b")])
    root = ET.fromstring(drawing)  # noqa: S314 - ours
    assert root.findtext(f"{SVG}title") == "<b> & co"
    assert root.findtext(f"{SVG}text") == "a < b"


def test_it_has_colours_for_light_and_dark_and_no_address_or_script() -> None:
    drawing = join_figures("one", [drawn("first")])
    assert "--paper: #ffffff" in drawing
    assert "prefers-color-scheme: dark" in drawing
    assert "<script" not in drawing
    assert "http" not in drawing.replace("http://www.w3.org/2000/svg", "")


def test_what_is_no_figure_of_ours_is_refused() -> None:
    with pytest.raises(ValueError, match="has no size"):
        join_figures("none", [Figure("strange", "a title", "words", Markup("<p>"))])
