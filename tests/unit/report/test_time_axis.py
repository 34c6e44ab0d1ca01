"""The times below a figure are told apart and do not overlap, however short or long the run was."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.scenes.report_scene import BEGAN_AT, make_traffic

from clayload.report.rate_figure import draw_rate
from clayload.report.time_axis import make_time_axis

MINUTE_S, HOUR_S, DAY_S = 60, 3_600, 86_400
WIDEST_LETTER_PX = 8
"""A digit in the widest of the usual faces at the figure's 12 pixels; Arial's has 6.7."""


def times_below(span_s: float) -> list[tuple[float, str]]:
    """Where, in pixels from the left, the figure of a run of this length writes which times."""
    (figure,) = draw_rate(make_traffic(2_000, 2_000 / span_s))
    texts = ET.fromstring(str(figure.svg)).iter("text")  # noqa: S314 - our own figure
    written = [(one.attrib["transform"], "".join(one.itertext())) for one in texts]
    return [
        (float(place.removeprefix("translate(").partition(",")[0]), time)
        for place, time in written
        if re.match(r"\d\d[: ]", time)
    ]


@pytest.mark.parametrize(
    ("span_s", "first"),
    [
        (2, "02:26:40.0"),
        (20, "02:26:40"),
        (10 * MINUTE_S, "02:28"),
        (5 * HOUR_S, "03:00"),
        (30 * HOUR_S, "01 Nov 06:00"),
        (20 * DAY_S, "03 Nov"),
    ],
)
def test_times_are_told_apart_and_have_room(span_s: float, first: str) -> None:
    times = times_below(span_s)
    assert times[0][1] == first
    assert 3 <= len(times) == len({time for _, time in times})
    for (left, time), (right, other) in pairwise(times):
        assert right - left > WIDEST_LETTER_PX * (len(time) + len(other)) / 2


@given(span_s=st.floats(0.3, 400 * DAY_S), begin_s=st.floats(0, DAY_S))
def test_times_are_few_and_lie_within_the_figure(span_s: float, begin_s: float) -> None:
    begin_at = BEGAN_AT + begin_s
    axis = make_time_axis(begin_at, begin_at + span_s)
    values = json.loads(axis["values"]["expr"])
    assert 2 <= len(values) <= 7
    assert begin_at - 0.001 <= values[0] / 1000 <= values[-1] / 1000 <= begin_at + span_s + 0.001
